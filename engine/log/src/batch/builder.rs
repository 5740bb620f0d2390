//! Encodes records into one uncompressed batch.
//!
//! * A built batch is whole: lengths, counts and checksum are right, and the log takes it as it is.
//! * Offsets count from zero; the log sets the real base on append.

use bytes::{BufMut, Bytes, BytesMut};
use pancake_types::{Offset, Timestamp};

use super::{
    HEADER_BYTES, Header,
    header::{ATTRIBUTE_DELETE_HORIZON, LENGTH_END, put, sum},
    varint::{put_long, size_of},
};

/// A record to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// When it happened.
    pub timestamp: Timestamp,
    /// The key, if there is one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in their order.
    pub headers: Vec<Header>,
}

/// Who writes a batch, so that the log can recognise it when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Id that the broker gave out.
    pub id: i64,
    /// Incarnation of the producer.
    pub epoch: i16,
    /// Sequence number of the batch's first record.
    pub base_sequence: i32,
}

/// Collects records and encodes them as one batch.
///
/// ```
/// use pancake_log::batch::{BatchBuilder, NewRecord, decode};
///
/// let mut builder = BatchBuilder::new();
/// builder.push(&NewRecord { value: Some("a pancake".into()), ..NewRecord::default() });
/// let batch = builder.build();
/// let records: Vec<_> = decode(&batch)?.collect::<Result<_, _>>()?;
/// assert_eq!(records[0].value.as_deref(), Some(&b"a pancake"[..]));
/// # Ok::<(), pancake_log::batch::BatchError>(())
/// ```
#[derive(Debug)]
pub struct BatchBuilder {
    out: BytesMut,
    attributes: i16,
    base_offset: Offset,
    base_timestamp: Option<Timestamp>,
    max_timestamp: Option<Timestamp>,
    last_delta: i32,
    count: i32,
    producer: Option<Producer>,
}

impl BatchBuilder {
    /// An empty batch.
    pub fn new() -> Self {
        let mut out = BytesMut::with_capacity(1024);
        out.put_bytes(0, HEADER_BYTES);
        Self {
            out,
            attributes: 0,
            base_offset: Offset::ZERO,
            base_timestamp: None,
            max_timestamp: None,
            last_delta: -1,
            count: 0,
            producer: None,
        }
    }

    /// Says who writes, for duplicate detection.
    #[must_use]
    pub fn producer(mut self, producer: Producer) -> Self {
        self.producer = Some(producer);
        self
    }

    /// For compaction, which keeps places, codes and the moment from which tombstones may go.
    pub(crate) fn rewriting(
        base_offset: Offset,
        attributes: i16,
        horizon: Option<Timestamp>,
    ) -> Self {
        const COMPRESSION_BITS: i16 = 0x07;
        let mut attributes = attributes & !COMPRESSION_BITS & !ATTRIBUTE_DELETE_HORIZON;
        if horizon.is_some() {
            attributes |= ATTRIBUTE_DELETE_HORIZON;
        }
        Self { attributes, base_offset, base_timestamp: horizon, ..Self::new() }
    }

    /// Adds a record behind the last one.
    pub fn push(&mut self, record: &NewRecord) {
        self.push_at(self.last_delta.saturating_add(1), record);
    }

    /// Adds a record at a place that is later than the last one's.
    pub(crate) fn push_at(&mut self, delta: i32, record: &NewRecord) {
        let base = *self.base_timestamp.get_or_insert(record.timestamp);
        let late = self.max_timestamp.is_none_or(|m| m < record.timestamp);
        if late {
            self.max_timestamp = Some(record.timestamp);
        }
        let age = record.timestamp.millis().wrapping_sub(base.millis());
        let bytes = body_size(age, delta, record);
        put_long(&mut self.out, bytes as i64);
        self.out.put_u8(0);
        put_long(&mut self.out, age);
        put_long(&mut self.out, delta.into());
        put_bytes(&mut self.out, record.key.as_deref());
        put_bytes(&mut self.out, record.value.as_deref());
        put_long(&mut self.out, record.headers.len() as i64);
        for header in &record.headers {
            put_bytes(&mut self.out, Some(&header.key));
            put_bytes(&mut self.out, header.value.as_deref());
        }
        self.last_delta = delta;
        self.count += 1;
    }

    /// How many records are in.
    pub fn count(&self) -> u32 {
        self.count.unsigned_abs()
    }

    /// Whether no record is in.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes the batch has so far, its header included.
    pub fn bytes(&self) -> usize {
        self.out.len()
    }

    /// Encodes the batch.
    #[must_use]
    pub fn build(self) -> Bytes {
        let last_delta = self.last_delta;
        let max_timestamp = self.max_timestamp;
        self.finish(last_delta, max_timestamp)
    }

    /// Encodes the batch with a stated end, which may lie beyond its last record.
    pub(crate) fn finish(mut self, last_delta: i32, max_timestamp: Option<Timestamp>) -> Bytes {
        const NONE: Timestamp = Timestamp::from_millis(-1);
        let length = (self.out.len() - LENGTH_END) as i32;
        let base_timestamp = self.base_timestamp.unwrap_or(NONE).millis();
        let max_timestamp = max_timestamp.unwrap_or(NONE).millis();
        let producer = self.producer.unwrap_or(Producer { id: -1, epoch: -1, base_sequence: -1 });
        let out = &mut self.out;
        put::<0, 8>(out, self.base_offset.to_wire().to_be_bytes());
        put::<8, 4>(out, length.to_be_bytes());
        put::<16, 1>(out, [2]);
        put::<21, 2>(out, self.attributes.to_be_bytes());
        put::<23, 4>(out, last_delta.to_be_bytes());
        put::<27, 8>(out, base_timestamp.to_be_bytes());
        put::<35, 8>(out, max_timestamp.to_be_bytes());
        put::<43, 8>(out, producer.id.to_be_bytes());
        put::<51, 2>(out, producer.epoch.to_be_bytes());
        put::<53, 4>(out, producer.base_sequence.to_be_bytes());
        put::<57, 4>(out, self.count.to_be_bytes());
        sum(out);
        self.out.freeze()
    }
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes of a record behind its own length.
fn body_size(age: i64, delta: i32, record: &NewRecord) -> usize {
    let mut bytes = 1 + size_of(age) + size_of(delta.into());
    bytes += bytes_size(record.key.as_deref()) + bytes_size(record.value.as_deref());
    bytes += size_of(record.headers.len() as i64);
    let headers = record.headers.iter();
    bytes
        + headers.map(|h| bytes_size(Some(&h.key)) + bytes_size(h.value.as_deref())).sum::<usize>()
}

fn bytes_size(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |b| size_of(b.len() as i64) + b.len())
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        None => put_long(out, -1),
        Some(bytes) => {
            put_long(out, bytes.len() as i64);
            out.put_slice(bytes);
        }
    }
}
