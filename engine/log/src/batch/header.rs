//! The 61 bytes that open every batch.
//!
//! * Parsing looks at the header alone; [`BatchHeader::verify`] then checks the checksum over the whole batch.
//! * Base offset and leader epoch lie before the checksummed part, so they can be set without a new checksum.

use pancake_types::{Offset, Timestamp};

use super::{BatchError, Compression};

/// Bytes of a batch before its records.
pub const HEADER_BYTES: usize = 61;
/// Bytes before the part that the length field counts.
pub(super) const LENGTH_END: usize = 12;
/// Where the checksummed part begins.
const CRC_START: usize = 21;

const ATTRIBUTE_APPEND_TIME: i16 = 0x08;
const ATTRIBUTE_TRANSACTIONAL: i16 = 0x10;
const ATTRIBUTE_CONTROL: i16 = 0x20;
/// Set by compaction: the base timestamp is the moment from which tombstones may go.
pub(super) const ATTRIBUTE_DELETE_HORIZON: i16 = 0x40;

/// The fields of one batch's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record.
    pub base_offset: Offset,
    /// Length of the whole batch in bytes, this header included.
    pub bytes: usize,
    /// Epoch of the leader that appended it; always zero on one node.
    pub leader_epoch: i32,
    /// CRC-32C over everything from the attributes on.
    pub crc: u32,
    /// The raw attribute bits.
    pub attributes: i16,
    /// Offset of the last record, relative to the first. Compaction may remove records and keep this.
    pub last_offset_delta: i32,
    /// What the records' timestamp deltas count from.
    pub base_timestamp: Timestamp,
    /// Largest timestamp of the records.
    pub max_timestamp: Timestamp,
    /// The idempotent producer, if there is one.
    pub producer_id: Option<i64>,
    /// Its epoch (−1 without a producer).
    pub producer_epoch: i16,
    /// Sequence number of the first record (−1 without a producer).
    pub base_sequence: i32,
    /// How many records follow.
    pub count: i32,
}

impl BatchHeader {
    /// Reads the header at the front of `bytes`, which may end anywhere after it.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let short = || BatchError::Short { needed: HEADER_BYTES as u64, found: bytes.len() as u64 };
        let head: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or_else(short)?;
        let fields = Fields(head);
        let magic = fields.i8_at::<16>();
        if magic != 2 {
            return Err(BatchError::Magic { magic });
        }
        let length = fields.i32_at::<8>();
        let whole = usize::try_from(length).ok().map(|l| l.saturating_add(LENGTH_END));
        let bytes = whole.filter(|b| *b >= HEADER_BYTES).ok_or(BatchError::Length { length })?;
        let offset = fields.i64_at::<0>();
        let base_offset = Offset::from_wire(offset).ok_or(BatchError::Offset { offset })?;
        let producer_id = fields.i64_at::<43>();
        Ok(Self {
            base_offset,
            bytes,
            leader_epoch: fields.i32_at::<12>(),
            crc: fields.i32_at::<17>().cast_unsigned(),
            attributes: fields.i16_at::<21>(),
            last_offset_delta: fields.i32_at::<23>(),
            base_timestamp: Timestamp::from_millis(fields.i64_at::<27>()),
            max_timestamp: Timestamp::from_millis(fields.i64_at::<35>()),
            producer_id: (producer_id >= 0).then_some(producer_id),
            producer_epoch: fields.i16_at::<51>(),
            base_sequence: fields.i32_at::<53>(),
            count: fields.i32_at::<57>(),
        })
    }

    /// Checks that `batch`, which begins with this header, is whole, has the stated checksum, and that the counts can
    /// be true. Records are not looked at.
    pub fn verify(&self, batch: &[u8]) -> Result<(), BatchError> {
        let found = batch.len() as u64;
        let short = || BatchError::Short { needed: self.bytes as u64, found };
        let summed = batch.get(CRC_START..self.bytes).ok_or_else(short)?;
        let crc = crc32c::crc32c(summed);
        if crc != self.crc {
            return Err(BatchError::Checksum { stated: self.crc, found: crc });
        }
        self.compression()?;
        if self.last_offset_delta < 0 || self.count < 0 || self.count - 1 > self.last_offset_delta {
            return Err(self.miscounted(0));
        }
        Ok(())
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(self.last_offset_delta.max(0) as u64)
    }

    /// One past the last offset: where the next batch begins.
    pub fn next_offset(&self) -> Offset {
        self.base_offset.plus(self.last_offset_delta.max(0) as u64 + 1)
    }

    /// How the records are compressed.
    pub fn compression(&self) -> Result<Compression, BatchError> {
        Compression::from_attributes(self.attributes)
    }

    /// Whether the log set the time of the records, to [`BatchHeader::max_timestamp`].
    pub const fn is_append_time(&self) -> bool {
        self.attributes & ATTRIBUTE_APPEND_TIME != 0
    }

    /// Whether the batch belongs to a transaction.
    pub const fn is_transactional(&self) -> bool {
        self.attributes & ATTRIBUTE_TRANSACTIONAL != 0
    }

    /// Whether the batch holds markers of a coordinator in place of records.
    pub const fn is_control(&self) -> bool {
        self.attributes & ATTRIBUTE_CONTROL != 0
    }

    /// From when on compaction may drop the batch's tombstones, once it has said so.
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        (self.attributes & ATTRIBUTE_DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }

    /// The sequence number of the last record; they wrap from `i32::MAX` to zero.
    pub fn last_sequence(&self) -> i32 {
        add_sequence(self.base_sequence, self.last_offset_delta)
    }

    pub(super) fn miscounted(&self, found: u64) -> BatchError {
        BatchError::Count { stated: self.count, last_delta: self.last_offset_delta, found }
    }
}

/// Sequence numbers wrap from `i32::MAX` to zero.
pub(crate) fn add_sequence(sequence: i32, by: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(by);
    (sum % (i64::from(i32::MAX) + 1)) as i32
}

/// Sets where the batch lies in this log; the checksum does not cover it.
pub(crate) fn patch_place(batch: &mut [u8], base: Offset) {
    put::<0, 8>(batch, base.to_wire().to_be_bytes());
    put::<12, 4>(batch, 0_i32.to_be_bytes());
}

/// Says that the log gave the records their time, and sums anew.
pub(crate) fn patch_log_append_time(batch: &mut [u8], header: &BatchHeader, now: Timestamp) {
    put::<21, 2>(batch, (header.attributes | ATTRIBUTE_APPEND_TIME).to_be_bytes());
    put::<35, 8>(batch, now.millis().to_be_bytes());
    sum(batch);
}

/// Writes the checksum of a whole batch into its header.
pub(super) fn sum(batch: &mut [u8]) {
    let crc = crc32c::crc32c(batch.get(CRC_START..).unwrap_or_default());
    put::<17, 4>(batch, crc.to_be_bytes());
}

pub(super) fn put<const AT: usize, const N: usize>(batch: &mut [u8], value: [u8; N]) {
    if let Some(field) = batch.get_mut(AT..AT + N) {
        field.copy_from_slice(&value);
    }
}

/// Fixed places in a header; the places are constants, so that a wrong one does not compile.
struct Fields<'a>(&'a [u8; HEADER_BYTES]);

impl Fields<'_> {
    fn at<const AT: usize, const N: usize>(&self) -> [u8; N] {
        const { assert!(AT + N <= HEADER_BYTES, "the field lies in the header") };
        let mut value = [0; N];
        let (_, rest) = self.0.split_at(AT);
        value.copy_from_slice(rest.split_at(N).0);
        value
    }

    fn i8_at<const AT: usize>(&self) -> i8 {
        i8::from_be_bytes(self.at::<AT, 1>())
    }

    fn i16_at<const AT: usize>(&self) -> i16 {
        i16::from_be_bytes(self.at::<AT, 2>())
    }

    fn i32_at<const AT: usize>(&self) -> i32 {
        i32::from_be_bytes(self.at::<AT, 4>())
    }

    fn i64_at<const AT: usize>(&self) -> i64 {
        i64::from_be_bytes(self.at::<AT, 8>())
    }
}
