//! One reader of the hub: which channels it follows and how far it has read each.

use std::{collections::BTreeMap, sync::Arc};

use super::hub::{Frame, Hub, Listening, Name};

#[derive(Debug)]
struct Place {
    seen: Option<u64>,
    _listening: Listening,
}

/// A reader of some channels.
#[derive(Debug)]
pub(super) struct Follower {
    hub: Arc<Hub>,
    places: BTreeMap<Name, Place>,
}

impl Follower {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, places: BTreeMap::new() }
    }

    /// Follows a channel after a number, or from its whole state.
    pub(super) fn follow(&mut self, name: Name, seen: Option<u64>) {
        let listening = self.hub.listen(name);
        self.places.insert(name, Place { seen, _listening: listening });
    }

    /// No longer follows a channel.
    pub(super) fn leave(&mut self, name: Name) {
        self.places.remove(&name);
    }

    /// Everything new; it counts as read.
    pub(super) fn read(&mut self) -> Vec<Frame> {
        let mut all = Vec::new();
        for (name, place) in &mut self.places {
            let frames = self.hub.after(*name, place.seen);
            if let Some(last) = frames.last() {
                place.seen = Some(last.seq);
            }
            all.extend(frames);
        }
        all
    }
}
