//! Ids for producers, so that a batch that is sent twice is kept once.
//!
//! * An id is given out once, ever: a block of ids is reserved durably before its first id is used, and what is left of
//!   a block at a crash is never used.

use std::sync::{Arc, Mutex};

use crate::{
    broker::Durability,
    error::StateError,
    lock::locked,
    state::{Change, StateKey, StateLog, Stored, parse},
};

/// Ids that are reserved at once.
const BLOCK: i64 = 1000;

#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
}

/// Gives out producer ids.
#[derive(Debug)]
pub(crate) struct ProducerIds {
    state: Arc<StateLog>,
    block: Mutex<Block>,
}

impl ProducerIds {
    /// Goes on behind everything that was ever reserved.
    pub(crate) fn restore(state: Arc<StateLog>, stored: &Stored) -> Result<Self, StateError> {
        let reserved = stored.get(&StateKey::Producers).map(parse).transpose()?.unwrap_or(0);
        Ok(Self { state, block: Mutex::new(Block { next: reserved, end: reserved }) })
    }

    /// A new id.
    pub(crate) fn next(&self) -> Result<i64, StateError> {
        let mut block = locked(&self.block);
        if block.next == block.end {
            let end = block.end + BLOCK;
            self.state.put(vec![Change::set(StateKey::Producers, &end)?], Durability::Fsync)?;
            block.end = end;
        }
        let id = block.next;
        block.next += 1;
        Ok(id)
    }
}
