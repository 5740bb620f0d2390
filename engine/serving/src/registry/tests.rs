//! The registry is a fold over its topic: every record comes back, and a compacted topic gives the same state.

use super::*;

fn likes() -> ModelName {
    ModelName::new("likes").unwrap()
}

fn record() -> VersionRecord {
    VersionRecord {
        model: likes(),
        version: Version::default(),
        created_at: Timestamp::from_millis(1),
        algorithm: "als".to_owned(),
        sha256: "ab".to_owned(),
        params: BTreeMap::from([("factors".to_owned(), 64.into())]),
        metrics: BTreeMap::from([("ndcg_at_10".to_owned(), 0.4073)]),
        rows: 9,
        trained_to: BTreeMap::from([(
            "ratings".to_owned(),
            BTreeMap::from([(PartitionId::new(1), Offset::new(5))]),
        )]),
    }
}

/// Appends to a topic and applies, as the node does.
#[derive(Default)]
struct Topic {
    registry: Registry,
    records: Vec<(String, Option<Vec<u8>>)>,
}

impl Topic {
    fn append(&mut self, event: RegistryEvent) {
        self.records.push((event.key(), event.value()));
        self.registry.apply(event);
    }

    fn replayed(&self, compacted: bool) -> Registry {
        let mut registry = Registry::default();
        for (at, (key, value)) in self.records.iter().enumerate() {
            if !compacted || !self.records[at + 1..].iter().any(|(later, _)| later == key) {
                registry.apply(RegistryEvent::decode(key.as_bytes(), value.as_deref()).unwrap());
            }
        }
        registry
    }

    fn champion(&self) -> Option<u32> {
        let entry = self.registry.model(&likes()).ok()?;
        Some(entry.aliased(CHAMPION)?.version.get())
    }
}

fn with_versions(count: u32) -> Topic {
    let mut topic = Topic::default();
    for _ in 0..count {
        topic.append(topic.registry.register(record()));
    }
    topic
}

#[test]
fn versions_count_up_and_the_newest_is_deployed() {
    let mut topic = with_versions(3);
    assert_eq!(topic.records[2].0, "likes/3");
    assert_eq!(topic.champion(), None);
    topic.append(topic.registry.deploy(&likes(), None, Some("ratings".to_owned())).unwrap());
    assert_eq!(topic.champion(), Some(3));
    assert_eq!(topic.records[3].0, "likes@champion");
    let entry = topic.registry.model(&likes()).unwrap();
    assert_eq!(entry.aliases[CHAMPION].online.as_deref(), Some("ratings"));
}

#[test]
fn rollbacks_walk_back_and_end() {
    let mut topic = with_versions(3);
    for version in [1, 2, 2, 3] {
        let event = topic.registry.deploy(&likes(), Some(Version::new(version)), None).unwrap();
        topic.append(event);
    }
    for expected in [2, 1] {
        topic.append(topic.registry.rollback(&likes()).unwrap());
        assert_eq!(topic.champion(), Some(expected));
    }
    assert_eq!(
        topic.registry.rollback(&likes()).unwrap_err().to_string(),
        "model `likes` has served no other version before; there is nothing to roll back to"
    );
}

#[test]
fn a_rollback_passes_over_versions_that_are_gone() {
    let mut topic = with_versions(3);
    for version in 1..=3 {
        let event = topic.registry.deploy(&likes(), Some(Version::new(version)), None).unwrap();
        topic.append(event);
    }
    topic.append(RegistryEvent::VersionRemoved { model: likes(), version: Version::new(2) });
    topic.append(topic.registry.rollback(&likes()).unwrap());
    assert_eq!(topic.champion(), Some(1));
}

#[test]
fn history_is_bounded() {
    let mut topic = with_versions(40);
    for version in 1..=40 {
        let event = topic.registry.deploy(&likes(), Some(Version::new(version)), None).unwrap();
        topic.append(event);
    }
    let entry = topic.registry.model(&likes()).unwrap();
    assert_eq!(entry.aliases[CHAMPION].history.len(), HISTORY_MAX);
    assert_eq!(entry.aliases[CHAMPION].history.last(), Some(&Version::new(39)));
}

#[test]
fn the_topic_whole_or_compacted_gives_the_same_registry() {
    let mut topic = with_versions(2);
    topic.append(topic.registry.deploy(&likes(), None, None).unwrap());
    topic.append(RegistryEvent::VersionRemoved { model: likes(), version: Version::FIRST });
    topic.append(topic.registry.register(record()));
    topic.append(topic.registry.deploy(&likes(), None, None).unwrap());
    assert_eq!(topic.replayed(false), topic.registry);
    assert_eq!(topic.replayed(true), topic.registry);
    for event in topic.registry.remove(&likes()).unwrap() {
        topic.append(event);
    }
    assert_eq!(topic.replayed(true), Registry::default());
    assert_eq!(topic.registry, Registry::default());
}

#[test]
fn what_is_not_there_is_named() {
    let topic = with_versions(2);
    let deploy = |model: &str, version| {
        let model = ModelName::new(model).unwrap();
        topic.registry.deploy(&model, Some(Version::new(version)), None).unwrap_err().to_string()
    };
    assert_eq!(deploy("likes", 7), "model `likes` has no version 7; its newest is 2");
    assert_eq!(deploy("dislikes", 1), "there is no model `dislikes`");
    let decode = |key: &str, value: Option<&[u8]>| {
        RegistryEvent::decode(key.as_bytes(), value).unwrap_err().to_string()
    };
    assert_eq!(decode("likes", None), "`likes` is neither `name/version` nor `name@alias`");
    assert_eq!(decode("likes/x", None), "`likes/x` is neither `name/version` nor `name@alias`");
    assert_eq!(decode("likes/1", Some(b"{}")), "the value of `likes/1` cannot be read");
    let other = serde_json::to_vec(&record()).unwrap();
    assert_eq!(decode("likes/1", Some(&other)), "the value of `likes/1` is of another version");
}
