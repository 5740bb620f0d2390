//! What must be the same: every file's bytes, every partition's ends, everything that exists, and where the streams stand.

use std::collections::BTreeMap;

use crate::{
    loader::Lab,
    world::{Desk, World, WorldResult},
};

/// The state of a desk and its world, as comparable parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fingerprint(BTreeMap<String, Vec<u8>>);

impl Fingerprint {
    /// The parts that are not the same in both.
    pub(super) fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = String> + 'a {
        let gone = other.0.keys().filter(|part| !self.0.contains_key(*part));
        let changed = self.0.iter().filter(|(part, now)| other.0.get(*part) != Some(*now));
        gone.chain(changed.map(|(part, _)| part)).cloned()
    }
}

pub(super) fn fingerprint(world: &dyn World, desk: &Desk, lab: &Lab) -> WorldResult<Fingerprint> {
    let mut parts = BTreeMap::new();
    for path in world.files(desk)? {
        let bytes = world.file(desk, &path)?.unwrap_or_default();
        parts.insert(format!("file {path}"), bytes);
    }
    let there = world.inventory()?;
    for topic in &there.topics {
        for partition in world.topic(topic)?.unwrap_or_default().partitions {
            let ends = format!("{}..{}", partition.start, partition.high_watermark);
            parts.insert(format!("topic {topic}, partition {}", partition.id), ends.into_bytes());
        }
    }
    let names = [("table", there.tables), ("job", there.jobs), ("model", there.models)];
    for (kind, names) in names {
        parts.extend(names.into_iter().map(|name| (format!("{kind} {name}"), Vec::new())));
    }
    for name in lab.file.data.keys() {
        if let Some(feed) = world.feed(desk, name)? {
            let stands = format!("{:?} at {} after {}", feed.state, feed.at, feed.sent);
            parts.insert(format!("stream {name}"), stands.into_bytes());
        }
    }
    Ok(Fingerprint(parts))
}
