//! Records out of a batch.
//!
//! * Keys and values are slices of the batch, or of what it decompressed to; nothing is copied.
//! * Every length is checked against the bytes that remain, and the first malformed record ends the iteration.
//! * Offsets rise within a batch; compaction may have left gaps.

use std::borrow::Cow;

use bytes::Bytes;
use pancake_types::{Offset, Timestamp};

use super::{
    BatchError, BatchHeader, Compression, HEADER_BYTES,
    varint::{read_int, read_long},
};

/// What [`decode`] lets one batch decompress to.
pub const DECODED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One record of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log.
    pub offset: Offset,
    /// The producer's time, or the log's if the topic says so.
    pub timestamp: Timestamp,
    /// The key, if there is one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in their order; names may repeat.
    pub headers: Vec<Header>,
}

/// One header of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, which producers write in UTF-8.
    pub key: Bytes,
    /// The value.
    pub value: Option<Bytes>,
}

impl Header {
    /// The name as text.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.key)
    }
}

/// Takes the batches apart that an append or a fetch carries, without looking into them.
pub fn split(batches: &Bytes) -> impl Iterator<Item = Result<(BatchHeader, Bytes), BatchError>> {
    let mut rest = batches.clone();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let one = BatchHeader::parse(&rest).and_then(|header| {
            let short = BatchError::Short { needed: header.bytes as u64, found: rest.len() as u64 };
            if header.bytes > rest.len() { Err(short) } else { Ok(header) }
        });
        let Ok(header) = one else {
            rest.clear();
            return Some(one.map(|h| (h, Bytes::new())));
        };
        Some(Ok((header, rest.split_to(header.bytes))))
    })
}

/// Decodes one whole batch after checking its checksum, into at most [`DECODED_BYTES_MAX`] bytes.
pub fn decode(batch: &Bytes) -> Result<Records, BatchError> {
    decode_bounded(batch, DECODED_BYTES_MAX)
}

/// Decodes one whole batch after checking its checksum; `limit` bounds what it may decompress to.
pub fn decode_bounded(batch: &Bytes, limit: usize) -> Result<Records, BatchError> {
    let header = BatchHeader::parse(batch)?;
    header.verify(batch)?;
    Records::new(header, batch, limit)
}

/// Iterates over the records of a batch.
#[derive(Debug)]
pub struct Records {
    header: BatchHeader,
    body: Bytes,
    position: usize,
    read: u32,
    last_delta: Option<i32>,
    failed: bool,
}

impl Records {
    /// For a batch whose header is known to fit it.
    pub(crate) fn new(
        header: BatchHeader,
        batch: &Bytes,
        limit: usize,
    ) -> Result<Self, BatchError> {
        let short = BatchError::Short { needed: header.bytes as u64, found: batch.len() as u64 };
        let packed = batch.get(HEADER_BYTES..header.bytes).ok_or(short)?;
        let body = match header.compression()? {
            Compression::None => batch.slice_ref(packed),
            // An empty batch that compaction left has nothing to decompress.
            _ if packed.is_empty() => Bytes::new(),
            codec => codec.decompress(packed, limit)?.into(),
        };
        Ok(Self { header, body, position: 0, read: 0, last_delta: None, failed: false })
    }

    /// The header of the batch.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// The next record without its bytes shared, for who only looks.
    pub(crate) fn next_raw(&mut self) -> Option<Result<RawRecord<'_>, BatchError>> {
        if self.failed {
            return None;
        }
        let mut input = self.body.get(self.position..).unwrap_or_default();
        if i64::from(self.read) >= i64::from(self.header.count) {
            self.failed = !input.is_empty();
            return self.failed.then(|| Err(self.header.miscounted(u64::from(self.read) + 1)));
        }
        if input.is_empty() {
            self.failed = true;
            return Some(Err(self.header.miscounted(self.read.into())));
        }
        let index = self.read;
        let before = input.len();
        let in_order = |r: &RawRecord<'_>| {
            r.offset_delta > self.last_delta.unwrap_or(-1)
                && r.offset_delta <= self.header.last_offset_delta
        };
        let Some(record) = RawRecord::read(&mut input).filter(in_order) else {
            self.failed = true;
            return Some(Err(BatchError::Record { index }));
        };
        self.position += before - input.len();
        self.read += 1;
        self.last_delta = Some(record.offset_delta);
        Some(Ok(record))
    }
}

impl Iterator for Records {
    type Item = Result<Record, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.header;
        let body = self.body.clone();
        let index = self.read;
        let raw = match self.next_raw()? {
            Ok(raw) => raw,
            Err(e) => return Some(Err(e)),
        };
        let share = |part: Option<&[u8]>| part.map(|p| body.slice_ref(p));
        let timestamp = if header.is_append_time() {
            header.max_timestamp
        } else {
            let millis = header.base_timestamp.millis().wrapping_add(raw.timestamp_delta);
            Timestamp::from_millis(millis)
        };
        let mut headers = Vec::with_capacity(raw.header_count.min(16));
        let mut rest = raw.headers;
        for _ in 0..raw.header_count {
            let Some((name, value)) = read_header(&mut rest) else {
                return Some(Err(BatchError::Record { index }));
            };
            headers.push(Header { key: body.slice_ref(name), value: share(value) });
        }
        let offset = header.base_offset.plus(u64::from(raw.offset_delta.unsigned_abs()));
        Some(Ok(Record {
            offset,
            timestamp,
            key: share(raw.key),
            value: share(raw.value),
            headers,
        }))
    }
}

/// One record as it lies in the body, its lengths checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawRecord<'a> {
    pub(crate) timestamp_delta: i64,
    pub(crate) offset_delta: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    header_count: usize,
    headers: &'a [u8],
}

impl<'a> RawRecord<'a> {
    fn read(input: &mut &'a [u8]) -> Option<Self> {
        let length = usize::try_from(read_int(input)?).ok()?;
        let (mut record, rest) = input.split_at_checked(length)?;
        *input = rest;
        let (_attributes, after) = record.split_first()?;
        record = after;
        let timestamp_delta = read_long(&mut record)?;
        let offset_delta = read_int(&mut record)?;
        let key = read_bytes(&mut record)?;
        let value = read_bytes(&mut record)?;
        let header_count = usize::try_from(read_int(&mut record)?).ok()?;
        let headers = record;
        for _ in 0..header_count {
            read_header(&mut record)?;
        }
        record.is_empty().then_some(Self {
            timestamp_delta,
            offset_delta,
            key,
            value,
            header_count,
            headers,
        })
    }
}

fn read_header<'a>(input: &mut &'a [u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let name = read_bytes(input)??;
    Some((name, read_bytes(input)?))
}

/// A length and as many bytes; −1 is no bytes at all.
#[allow(clippy::option_option, reason = "outer: malformed; inner: null, as the format has both")]
fn read_bytes<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = read_int(input)?;
    if length == -1 {
        return Some(None);
    }
    let (bytes, rest) = input.split_at_checked(usize::try_from(length).ok()?)?;
    *input = rest;
    Some(Some(bytes))
}
