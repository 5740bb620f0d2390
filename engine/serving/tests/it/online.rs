//! Online updates from an event to an answer, through records alone.

use std::{collections::BTreeMap, sync::Arc};

use pancake_ml::evaluate;
use pancake_serving::{
    Answer, Change, Live, ModelName, OnlineUpdater, ParamRecord, Recommender, SourceEvent, Version,
};
use pancake_types::{Offset, PartitionId, SystemClock};

use crate::planted;

/// The params topic, the updater that writes it and the endpoint that reads it.
struct World {
    updater: OnlineUpdater,
    topic: Vec<(Vec<u8>, Vec<u8>)>,
    recommender: Recommender,
    next: u64,
}

impl World {
    fn new() -> Self {
        let model = planted::model(5, 42);
        let name = ModelName::new("likes").unwrap();
        let recommender = Recommender::new(name, Arc::new(SystemClock::new()));
        recommender.swap(Arc::new(Live::new(Version::FIRST, model.clone())));
        let updater = OnlineUpdater::new(Version::FIRST, model, BTreeMap::new());
        Self { updater, topic: Vec::new(), recommender, next: 0 }
    }

    fn rate(&mut self, user: &str, item: &str) {
        let (partition, offset) = (PartitionId::new(0), Offset::new(self.next));
        self.next += 1;
        for record in self.updater.fold(&SourceEvent { partition, offset, user, item }) {
            self.topic.push((record.key().into_bytes(), record.value()));
            let read = self.read(self.topic.len() - 1);
            self.recommender.apply(Offset::new(self.topic.len() as u64 - 1), &read);
        }
    }

    fn read(&self, offset: usize) -> ParamRecord {
        let (key, value) = &self.topic[offset];
        ParamRecord::decode(key, Some(value)).unwrap().unwrap()
    }

    fn top(&self, user: &str) -> Answer {
        self.recommender.recommend(user, 10).unwrap()
    }
}

fn share(answer: &Answer, cluster: u32) -> usize {
    let prefix = format!("{cluster}/");
    answer.items.iter().filter(|r| r.item.starts_with(&prefix)).count()
}

#[test]
fn three_ratings_of_a_cluster_turn_a_strangers_recommendations() {
    let mut world = World::new();
    let before = world.top("me");
    assert!(before.cold_start && share(&before, 3) <= 3, "{before:?}");
    assert_eq!(before.params_offset, Offset::ZERO);
    for item in ["3/1", "3/2", "3/4"] {
        world.rate("me", item);
    }
    let after = world.top("me");
    assert!(!after.cold_start && share(&after, 3) >= 6, "{after:?}");
    assert_eq!(after.params_offset, Offset::new(9));
    assert!(after.items.iter().all(|r| !["3/1", "3/2", "3/4"].contains(&r.item.as_ref())));
    assert_eq!(world.recommender.live().unwrap().events(), 3);
}

#[test]
fn served_scores_stay_the_updaters_scores() {
    let mut world = World::new();
    for event in 0..200_u32 {
        world.rate(&format!("u{}", event % 31), &format!("{}/{}", event % 5, event % 25));
    }
    for user in world.updater.model().users().iter() {
        for served in &world.top(user).items {
            let offline = world.updater.model().score(user, &served.item).unwrap();
            assert!((served.score - offline).abs() <= 1e-5, "{user} {served:?} {offline}");
        }
    }
    let held_out = planted::pairs(5);
    let served = world.recommender.evaluate(&held_out, 10).unwrap();
    assert_eq!(served.quality, evaluate(world.updater.model(), &held_out, 10));
}

#[test]
fn records_count_in_offset_order_and_only_once() {
    let world = World::new();
    let live = world.recommender.live().unwrap();
    let change = |value: f32| Change::User { id: "u1".to_owned(), vector: vec![value; 12] };
    let record = |version, value| ParamRecord { version, change: change(value) };
    live.apply(Offset::new(4), &record(Version::FIRST, 0.5));
    let expected = world.top("u1");
    live.apply(Offset::new(4), &record(Version::FIRST, 0.1));
    live.apply(Offset::new(2), &record(Version::FIRST, -0.9));
    assert_eq!(world.top("u1"), expected);
    live.apply(Offset::new(5), &record(Version::new(2), -0.9));
    assert_eq!(world.top("u1").items, expected.items);
    assert_eq!(live.params_offset(), Offset::new(6));
    live.apply(Offset::new(6), &record(Version::FIRST, -0.9));
    assert_ne!(world.top("u1").items, expected.items);
    assert_eq!(live.unusable(), 0);
}
