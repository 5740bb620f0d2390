//! The sink of a SELECT: changes go to whoever reads, and wait for the reader.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
};

use arrow::datatypes::SchemaRef;
use pancake_dataflow::{ChangeBatch, Sink, SinkError, SinkFactory, SubtaskContext};

/// Batches that wait for the reader.
const BATCHES_WAITING_MAX: usize = 16;

/// The changes of a running SELECT, in the order in which they were made. Dropping it fails the job's next write.
#[derive(Debug)]
pub struct Changes {
    schema: SchemaRef,
    receiver: Receiver<ChangeBatch>,
}

impl Changes {
    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch if one is there; `Err` when the job has ended and all was read.
    pub fn try_next(&self) -> Result<Option<ChangeBatch>, TryRecvError> {
        match self.receiver.try_recv() {
            Ok(batch) => Ok(Some(batch)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(error @ TryRecvError::Disconnected) => Err(error),
        }
    }

    /// The next batch, waited for at most this long.
    pub fn next_timeout(&self, timeout: std::time::Duration) -> Option<ChangeBatch> {
        self.receiver.recv_timeout(timeout).ok()
    }
}

/// Blocks until the next batch is there, or the job has ended.
impl Iterator for Changes {
    type Item = ChangeBatch;

    fn next(&mut self) -> Option<ChangeBatch> {
        self.receiver.recv().ok()
    }
}

/// A sink and what reads it. Senders live in the job alone once it has started, so its end is the reader's end.
pub(super) fn channel(schema: SchemaRef) -> (SinkFactory, Changes) {
    let (sender, receiver) = sync_channel(BATCHES_WAITING_MAX);
    let sender = Mutex::new(Shared { sender: Some(sender), opened: 0 });
    let factory = move |context: SubtaskContext| {
        let mut shared = sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = shared.sender.clone() else { return Err(Closed.into()) };
        shared.opened += 1;
        if shared.opened >= context.parallelism {
            shared.sender = None;
        }
        Ok(Box::new(Collect { sender }) as Box<dyn Sink>)
    };
    (Arc::new(factory), Changes { schema, receiver })
}

struct Shared {
    sender: Option<SyncSender<ChangeBatch>>,
    opened: usize,
}

/// Why a collecting sink cannot write.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the rows any more")]
struct Closed;

struct Collect {
    sender: SyncSender<ChangeBatch>,
}

impl Sink for Collect {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        self.sender.send(batch.clone()).map_err(|_| SinkError::Write {
            table: "the query's result".to_owned(),
            source: Box::new(Closed),
        })
    }
}
