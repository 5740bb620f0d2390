//! A subtask's way out: spreading rows over channels, and keeping what did not fit.
//!
//! * Watermarks, idleness, barriers and the end go to every channel, in order with the rows.
//! * What does not fit waits in the outbox, which one step fills at most once: a step ends while it holds anything.

use std::{collections::VecDeque, sync::Arc};

use arrow::array::UInt32Array;

use super::channel::{Channel, Msg};
use crate::{
    ChangeBatch, Exchange, OperatorError,
    hash::{hash_rows, key_group, subtask_of},
};

/// An edge's channels, by subtask of its target.
#[derive(Debug)]
pub(crate) struct OutEdge {
    pub(crate) exchange: Exchange,
    pub(crate) channels: Vec<Arc<Channel>>,
    pub(crate) next: usize,
}

/// All edges that leave a subtask.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    edges: Vec<OutEdge>,
    outbox: VecDeque<(Arc<Channel>, Msg)>,
    hashes: Vec<u64>,
}

impl Outputs {
    pub(crate) fn add(&mut self, edge: OutEdge) -> usize {
        self.edges.push(edge);
        self.edges.len() - 1
    }

    /// Delivers what waits; false while something still does.
    pub(crate) fn flush(&mut self) -> bool {
        while let Some((channel, message)) = self.outbox.pop_front() {
            if let Err(message) = channel.try_send(message) {
                self.outbox.push_front((channel, message));
                return false;
            }
        }
        true
    }

    pub(crate) fn is_blocked(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Sends anything but rows to all subtasks behind an edge.
    pub(crate) fn broadcast(&mut self, edge: usize, message: &Msg) {
        let Some(edge) = self.edges.get(edge) else { return };
        for channel in &edge.channels {
            push(&mut self.outbox, channel, message.clone());
        }
    }

    /// Sends anything but rows along all edges.
    pub(crate) fn broadcast_all(&mut self, message: &Msg) {
        for edge in 0..self.edges.len() {
            self.broadcast(edge, message);
        }
    }

    /// Sends rows along an edge, spread as its exchange says.
    pub(crate) fn send(&mut self, edge: usize, batch: ChangeBatch) -> Result<(), OperatorError> {
        let Some(edge) = self.edges.get_mut(edge) else { return Ok(()) };
        if let [only] = edge.channels.as_slice() {
            push(&mut self.outbox, only, Msg::Data(batch));
            return Ok(());
        }
        match &edge.exchange {
            Exchange::Forward | Exchange::Rebalance => {
                let turn = edge.next % edge.channels.len().max(1);
                edge.next = turn + 1;
                if let Some(channel) = edge.channels.get(turn) {
                    push(&mut self.outbox, channel, Msg::Data(batch));
                }
            }
            Exchange::Hash(keys) => {
                for (target, rows) in split(&batch, keys, edge.channels.len(), &mut self.hashes)? {
                    let part = match rows {
                        Some(rows) => batch.take(&rows)?,
                        None => batch.clone(),
                    };
                    if let Some(channel) = edge.channels.get(target) {
                        push(&mut self.outbox, channel, Msg::Data(part));
                    }
                }
            }
        }
        Ok(())
    }
}

fn push(outbox: &mut VecDeque<(Arc<Channel>, Msg)>, channel: &Arc<Channel>, message: Msg) {
    let refused = if outbox.is_empty() { channel.try_send(message).err() } else { Some(message) };
    if let Some(message) = refused {
        outbox.push_back((Arc::clone(channel), message));
    }
}

/// Which rows go to which subtask; `None` for all of them.
type Parts = Vec<(usize, Option<UInt32Array>)>;

fn split(
    batch: &ChangeBatch,
    keys: &[usize],
    targets: usize,
    hashes: &mut Vec<u64>,
) -> Result<Parts, OperatorError> {
    let mut columns = Vec::with_capacity(keys.len());
    for index in keys {
        columns.push(batch.column(*index).ok_or_else(|| OperatorError::Column {
            index: *index,
            expected: "a key",
            found: "absent".to_owned(),
        })?);
    }
    hash_rows(&columns, batch.num_rows(), hashes)?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); targets];
    for (row, hash) in hashes.iter().enumerate() {
        if let Some(rows) = rows.get_mut(subtask_of(key_group(*hash), targets)) {
            rows.push(row as u32);
        }
    }
    let whole = batch.num_rows();
    let parts = rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty());
    Ok(parts
        .map(|(target, rows)| (target, (rows.len() < whole).then(|| UInt32Array::from(rows))))
        .collect())
}
