//! Rows of a query as they come, for callers with and without an async runtime.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use tokio::sync::mpsc;

use crate::error::SqlError;

/// The rows of a query. Dropping it ends the query.
#[derive(Debug)]
pub struct Rows {
    schema: SchemaRef,
    receiver: mpsc::Receiver<Result<RecordBatch, SqlError>>,
}

impl Rows {
    pub(super) fn new(
        schema: SchemaRef,
        receiver: mpsc::Receiver<Result<RecordBatch, SqlError>>,
    ) -> Self {
        Self { schema, receiver }
    }

    /// Rows that are there already.
    pub(crate) fn one(batch: RecordBatch) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let schema = batch.schema();
        // There is room for one, so this cannot fail.
        let _sent = sender.try_send(Ok(batch));
        Self { schema, receiver }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The next batch, for async callers.
    pub async fn recv(&mut self) -> Option<Result<RecordBatch, SqlError>> {
        self.receiver.recv().await
    }

    /// All rows, refusing more than `rows_max`.
    pub fn collect(self, rows_max: usize) -> Result<Vec<RecordBatch>, SqlError> {
        let mut batches = vec![];
        let mut rows = 0;
        for batch in self {
            let batch = batch?;
            rows += batch.num_rows();
            if rows > rows_max {
                return Err(SqlError::new(format!("the query gives more than {rows_max} rows"))
                    .hint("add a LIMIT"));
            }
            batches.push(batch);
        }
        Ok(batches)
    }
}

/// Blocks the thread until the next batch is there; on an async runtime use [`Rows::recv`].
impl Iterator for Rows {
    type Item = Result<RecordBatch, SqlError>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(self.receiver.recv())
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread, with no runtime needed.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
