//! What is remembered of idempotent producers, so that a batch that comes again is not appended again.
//!
//! * Per producer: its epoch and its last five batches, which is as many as a client may have in flight.
//! * Sequence numbers of a producer have no gap; after `i32::MAX` comes zero.
//! * The table is bounded: the producers that were silent for longest are forgotten first.

use std::collections::{HashMap, VecDeque};

use pancake_types::{Offset, Timestamp};

use crate::{
    AppendError,
    batch::{BatchHeader, add_sequence},
};

/// As many batches as a Kafka client keeps in flight at most.
pub(crate) const BATCHES_KEPT: usize = 5;

/// One remembered batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeenBatch {
    pub(crate) first_sequence: i32,
    pub(crate) last_sequence: i32,
    pub(crate) base_offset: Offset,
    pub(crate) last_offset: Offset,
}

/// One producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProducerState {
    pub(crate) epoch: i16,
    /// The log's time of its last append, not the records' own; unknown after a recovery.
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) batches: VecDeque<SeenBatch>,
}

/// All producers of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Producers(HashMap<i64, ProducerState>);

impl Producers {
    /// Whether a batch comes next, or which earlier one it repeats.
    pub(crate) fn check(&self, header: &BatchHeader) -> Result<Option<SeenBatch>, AppendError> {
        let Some(producer_id) = header.producer_id else { return Ok(None) };
        // One that is not known (any more) may begin anywhere, as in Kafka since 2.5.
        let Some(state) = self.0.get(&producer_id) else { return Ok(None) };
        let found = header.base_sequence;
        if header.producer_epoch < state.epoch {
            return Err(AppendError::InvalidProducerEpoch {
                producer_id,
                current: state.epoch,
                found: header.producer_epoch,
            });
        }
        if header.producer_epoch > state.epoch {
            let expected = 0;
            return if found == expected {
                Ok(None)
            } else {
                Err(AppendError::OutOfOrderSequence { producer_id, expected, found })
            };
        }
        let same =
            |b: &&SeenBatch| b.first_sequence == found && b.last_sequence == header.last_sequence();
        if let Some(seen) = state.batches.iter().find(same) {
            return Ok(Some(*seen));
        }
        let Some(last) = state.batches.back() else { return Ok(None) };
        let expected = add_sequence(last.last_sequence, 1);
        if found == expected {
            return Ok(None);
        }
        Err(AppendError::OutOfOrderSequence { producer_id, expected, found })
    }

    /// Takes note of a batch that was appended, just now or at a time that is not known.
    pub(crate) fn note(
        &mut self,
        header: &BatchHeader,
        now: Option<Timestamp>,
        producers_max: usize,
    ) {
        let Some(id) = header.producer_id.filter(|_| !header.is_control()) else { return };
        if self.0.len() >= producers_max && !self.0.contains_key(&id) {
            self.forget_some();
        }
        let fresh = || ProducerState {
            epoch: header.producer_epoch,
            last_seen: now,
            batches: VecDeque::with_capacity(BATCHES_KEPT),
        };
        let state = self.0.entry(id).or_insert_with(fresh);
        if state.epoch != header.producer_epoch {
            state.epoch = header.producer_epoch;
            state.batches.clear();
        }
        if state.batches.len() == BATCHES_KEPT {
            state.batches.pop_front();
        }
        state.batches.push_back(SeenBatch {
            first_sequence: header.base_sequence,
            last_sequence: header.last_sequence(),
            base_offset: header.base_offset,
            last_offset: header.last_offset(),
        });
        state.last_seen = now;
    }

    /// Forgets the tenth of the producers whose last batch lies furthest back.
    fn forget_some(&mut self) {
        let last = |s: &ProducerState| s.batches.back().map(|b| b.last_offset);
        let mut ends: Vec<_> = self.0.values().map(last).collect();
        ends.sort_unstable();
        let Some(bound) = ends.get(ends.len() / 10).copied() else { return };
        self.0.retain(|_, s| last(s) > bound);
    }

    /// Forgets producers that were silent for so long. Of one that came out of a recovery the silence begins now.
    pub(crate) fn expire(&mut self, now: Timestamp, expiry_ms: u64) {
        let silent_since = now.millis().saturating_sub_unsigned(expiry_ms);
        self.0.retain(|_, s| s.last_seen.get_or_insert(now).millis() >= silent_since);
    }

    /// Last offsets of the producers' newest batches, which compaction leaves standing.
    pub(crate) fn newest_batches(&self) -> impl Iterator<Item = Offset> {
        self.0.values().filter_map(|s| s.batches.back().map(|b| b.last_offset))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &ProducerState)> {
        self.0.iter().map(|(id, state)| (*id, state))
    }

    pub(crate) fn insert(&mut self, id: i64, state: ProducerState) {
        self.0.insert(id, state);
    }
}
