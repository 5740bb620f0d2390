//! Folds a stream of ratings into a served version, exactly once through any crash.
//!
//! The source topic says what happened, the params topic says what became of it; there is no third place.
//!
//! * An event yields three records in this order: `seen` with the event's source position, the user's row, the item's row.
//!   They are appended to the params topic in order; an event counts once its last record, the item's row, is there.
//! * A restart starts from the artefact, replays the params topic, and goes on after the last event that counts. Nothing is
//!   lost: an event that does not count is read again. Nothing is doubled: a pair that counts yields nothing any more. And
//!   the rows come out the same: a user's row depends on the item rows, none of which an unfinished event has written.
//! * If an append fails, drop the updater and restore a new one: it has seen what the topic has not.

use std::collections::BTreeMap;

use pancake_ml::{FactorModel, FoldIn};
use pancake_types::{Offset, PartitionId};
use serde::Serialize;

use crate::{Change, ParamRecord, Version};

/// A pair from the source topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceEvent<'a> {
    /// Partition it was read from.
    pub partition: PartitionId,
    /// Its offset there.
    pub offset: Offset,
    /// Who.
    pub user: &'a str,
    /// What.
    pub item: &'a str,
}

/// Follows one source topic for one version.
#[derive(Debug)]
pub struct OnlineUpdater {
    version: Version,
    follower: FoldIn,
    next: BTreeMap<PartitionId, Offset>,
    /// While replaying: the last event, until it is known to count.
    open: Option<OpenEvent>,
    view: UpdaterView,
}

#[derive(Debug)]
struct OpenEvent {
    user: String,
    item: String,
    partition: PartitionId,
    offset: Offset,
}

/// What an updater has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UpdaterView {
    /// Events of earlier lives, from the params topic.
    pub restored: u64,
    /// Events folded in.
    pub folded: u64,
    /// Events whose pair was known; they change nothing.
    pub known: u64,
    /// Restored rows that do not fit the model; they change nothing.
    pub unusable: u64,
}

impl OnlineUpdater {
    /// Starts from a version's artefact. `start` says per partition where the stream begins for this version, from the
    /// earliest record where it names none; reading rows that the version was trained on again does no harm.
    pub fn new(version: Version, model: FactorModel, start: BTreeMap<PartitionId, Offset>) -> Self {
        let follower = FoldIn::new(model);
        Self { version, follower, next: start, open: None, view: UpdaterView::default() }
    }

    /// Starts from a version's artefact and the params topic: all its records, in offset order.
    pub fn restore<'a>(
        version: Version,
        model: FactorModel,
        start: BTreeMap<PartitionId, Offset>,
        records: impl IntoIterator<Item = &'a ParamRecord>,
    ) -> Self {
        let mut updater = Self::new(version, model, start);
        for record in records {
            updater.replay(record);
        }
        updater.replayed();
        updater
    }

    /// Takes in one record of the params topic, in offset order; call [`OnlineUpdater::replayed`] after the last.
    pub fn replay(&mut self, record: &ParamRecord) {
        if record.version != self.version {
            return;
        }
        let applied = match &record.change {
            Change::User { id, vector } => self.follower.restore_user(id, vector),
            Change::Item { id, vector } => {
                if self.open.as_ref().is_some_and(|open| open.item == *id) {
                    self.close_event();
                }
                self.follower.restore_item(id, vector)
            }
            Change::Seen { user, item, partition, offset } => {
                // An earlier event whose item row compaction took was finished, else it would come again here.
                if self.open.as_ref().is_some_and(|open| (&open.user, &open.item) != (user, item)) {
                    self.close_event();
                }
                let (user, item) = (user.clone(), item.clone());
                self.open = Some(OpenEvent { user, item, partition: *partition, offset: *offset });
                Ok(())
            }
        };
        self.view.unusable += u64::from(applied.is_err());
    }

    /// Lets the open event count.
    fn close_event(&mut self) {
        if let Some(OpenEvent { user, item, partition, offset }) = self.open.take() {
            self.follower.note(&user, &item);
            self.advance(partition, offset);
            self.view.restored += 1;
        }
    }

    /// Ends a replay: from here on [`OnlineUpdater::fold`] may be called. An event without its last record is forgotten.
    pub fn replayed(&mut self) {
        self.open = None;
        self.follower.sum_grams();
    }

    /// Where to read a partition of the source topic next; `None` means from its earliest record.
    pub fn position(&self, partition: PartitionId) -> Option<Offset> {
        self.next.get(&partition).copied()
    }

    /// Takes in an event and gives the records to append, in order; none if the event changes nothing.
    pub fn fold(&mut self, event: &SourceEvent<'_>) -> Vec<ParamRecord> {
        let SourceEvent { partition, offset, user, item } = *event;
        if self.position(partition).is_some_and(|next| offset < next) {
            return Vec::new();
        }
        self.advance(partition, offset);
        let Some(folded) = self.follower.fold(user, item) else {
            self.view.known += 1;
            return Vec::new();
        };
        self.view.folded += 1;
        let (user, item) = (user.to_owned(), item.to_owned());
        let changes = [
            Change::Seen { user: user.clone(), item: item.clone(), partition, offset },
            Change::User { id: user, vector: folded.user_vector },
            Change::Item { id: item, vector: folded.item_vector },
        ];
        changes.map(|change| ParamRecord { version: self.version, change }).into()
    }

    /// Passes over a source record that is no event, so that it is not read again in this life.
    pub fn skip(&mut self, partition: PartitionId, offset: Offset) {
        self.advance(partition, offset);
    }

    /// The version that is updated.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The model as it stands.
    pub fn model(&self) -> &FactorModel {
        self.follower.model()
    }

    /// What has been done so far.
    pub fn view(&self) -> UpdaterView {
        self.view
    }

    fn advance(&mut self, partition: PartitionId, offset: Offset) {
        let next = self.next.entry(partition).or_default();
        *next = offset.plus(1).max(*next);
    }
}

#[cfg(test)]
mod tests;
