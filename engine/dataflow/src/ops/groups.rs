//! Groups with their aggregates: the state of one GROUP BY, or of one pane of a windowed one.

use arrow::{array::ArrayRef, datatypes::Schema};

use super::{
    AggregateCall,
    accumulator::{Accumulator, Selected},
    keys::{BatchKeys, KeyReader, KeyTable},
};
use crate::{
    ChangeBatch, OperatorError,
    codec::{Malformed, Reader, Writer},
    hash::{hash_rows, key_group},
};

/// How the state of a GROUP BY is made and read.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) keys: KeyReader,
    empty: Groups,
}

impl Layout {
    pub(super) fn new(
        input: &Schema,
        keys: &[usize],
        calls: &[AggregateCall],
        retracts: bool,
    ) -> Result<Self, OperatorError> {
        let keys = KeyReader::new(keys, super::window::key_fields(input, keys)?)?;
        let mut accumulators = Vec::with_capacity(calls.len());
        for call in calls {
            accumulators.push(Accumulator::new(call, input, retracts)?);
        }
        let empty = Groups { keys: keys.table(), accumulators };
        Ok(Self { keys, empty })
    }

    /// State without groups.
    pub(super) fn groups(&self) -> Groups {
        self.empty.clone()
    }

    /// The key columns and then the aggregates of some groups, in that order.
    pub(super) fn output(
        &self,
        groups: &Groups,
        order: &[u32],
    ) -> Result<Vec<ArrayRef>, OperatorError> {
        let mut columns = self.keys.columns(&groups.keys, order)?;
        for accumulator in &groups.accumulators {
            columns.push(accumulator.output(order)?);
        }
        Ok(columns)
    }

    /// The key group of each group.
    pub(super) fn key_groups(&self, groups: &Groups) -> Result<Vec<u16>, OperatorError> {
        let all: Vec<u32> = (0..groups.len() as u32).collect();
        let columns = self.keys.columns(&groups.keys, &all)?;
        let mut hashes = Vec::new();
        hash_rows(&columns.iter().collect::<Vec<_>>(), all.len(), &mut hashes)?;
        Ok(hashes.into_iter().map(key_group).collect())
    }
}

/// Groups and what was aggregated in each.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    pub(super) keys: KeyTable,
    accumulators: Vec<Accumulator>,
}

impl Groups {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Finds the groups of some rows, making room for new ones.
    pub(super) fn intern(&mut self, keys: &BatchKeys, rows: &[u32], groups: &mut Vec<u32>) {
        let before = self.len();
        self.keys.intern(keys, rows, groups);
        if self.len() > before {
            self.resize();
        }
    }

    fn resize(&mut self) {
        let groups = self.len();
        self.accumulators.iter_mut().for_each(|accumulator| accumulator.resize(groups));
    }

    /// Aggregates rows into their groups.
    pub(super) fn update(
        &mut self,
        batch: &ChangeBatch,
        selected: Selected<'_>,
    ) -> Result<(), OperatorError> {
        self.accumulators.iter_mut().try_for_each(|a| a.update(batch, selected))
    }

    /// Adds the groups of another state of the same layout.
    pub(super) fn merge(&mut self, other: &Self) {
        let map = self.keys.intern_table(&other.keys);
        self.resize();
        for (to, from) in self.accumulators.iter_mut().zip(&other.accumulators) {
            to.merge(from, &map);
        }
    }

    /// Writes a group with its key.
    pub(super) fn encode(&self, group: u32, to: &mut Writer) {
        to.blob(&self.keys.encoded(group));
        self.accumulators.iter().for_each(|accumulator| accumulator.encode(group, to));
    }

    /// Reads a group that was written; its number.
    pub(super) fn decode(&mut self, from: &mut Reader<'_>) -> Result<u32, Malformed> {
        let group = self.keys.intern_encoded(from.blob()?);
        self.resize();
        self.accumulators.iter_mut().try_for_each(|a| a.decode(group, from))?;
        Ok(group)
    }

    /// Bytes held, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.keys.bytes() + self.accumulators.iter().map(Accumulator::bytes).sum::<usize>()
    }
}
