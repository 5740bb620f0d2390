//! Reading a frame's bytes: a cursor that hands out slices of the frame and copies nothing.
//!
//! * Every read checks what is left first; a frame that is too short is an error, never a panic.
//! * A count is at most the bytes that are left divided by the smallest encoded element.

use bytes::{Buf, Bytes};

use super::message::{Version, Wire};

/// Elements a list starts with room for; it grows as elements are really read.
const LIST_START_MAX: usize = 64;
/// Tagged fields in one section that are skipped before the frame counts as hostile.
const TAGS_MAX: u32 = 1024;

/// Why bytes are not the message they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The frame ends in the middle of a value.
    #[error("the frame ends early: {needed} more bytes are needed and {left} are left")]
    Short {
        /// Bytes the next value needs.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A list announces more elements than the rest of the frame could hold.
    #[error("a list announces {count} elements; the {left} bytes left cannot hold them")]
    Count {
        /// Announced elements.
        count: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// A length below −1.
    #[error("a length of {length} is not a length")]
    Length {
        /// The length as it stood.
        length: i64,
    },
    /// A variable-length number with more than five bytes.
    #[error("a variable-length number does not end")]
    Varint,
    /// Text that is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// Null where the version does not allow it.
    #[error("`{field}` is null, which version {version} does not allow")]
    Null {
        /// Name of the field.
        field: &'static str,
        /// Version of the message.
        version: i16,
    },
    /// More tagged fields than any client sends.
    #[error("{count} tagged fields in one section; {TAGS_MAX} are allowed")]
    Tags {
        /// Announced fields.
        count: u32,
    },
}

/// A cursor over one frame.
#[derive(Debug)]
pub(crate) struct Reader {
    rest: Bytes,
}

impl Reader {
    /// A cursor at the start of a frame.
    pub(crate) fn new(frame: Bytes) -> Self {
        Self { rest: frame }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    fn need(&self, needed: usize) -> Result<(), DecodeError> {
        let left = self.left();
        if needed > left { Err(DecodeError::Short { needed, left }) } else { Ok(()) }
    }

    /// The next `len` bytes, as a slice of the frame.
    pub(crate) fn take(&mut self, len: usize) -> Result<Bytes, DecodeError> {
        self.need(len)?;
        Ok(self.rest.split_to(len))
    }

    /// The next eight bits.
    pub(crate) fn i8(&mut self) -> Result<i8, DecodeError> {
        self.need(1)?;
        Ok(self.rest.get_i8())
    }

    /// The next 16 bits.
    pub(crate) fn i16(&mut self) -> Result<i16, DecodeError> {
        self.need(2)?;
        Ok(self.rest.get_i16())
    }

    /// The next 32 bits.
    pub(crate) fn i32(&mut self) -> Result<i32, DecodeError> {
        self.need(4)?;
        Ok(self.rest.get_i32())
    }

    /// The next 64 bits.
    pub(crate) fn i64(&mut self) -> Result<i64, DecodeError> {
        self.need(8)?;
        Ok(self.rest.get_i64())
    }

    /// An unsigned number of one to five bytes.
    pub(crate) fn varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.i8()?.cast_unsigned();
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Varint)
    }

    /// Length of a text, or `None` for null.
    pub(crate) fn text_len(&mut self, v: Version) -> Result<Option<usize>, DecodeError> {
        if v.flexible { self.compact_len() } else { to_len(i64::from(self.i16()?)) }
    }

    /// Length of bytes or count of a list, or `None` for null.
    pub(crate) fn len(&mut self, v: Version) -> Result<Option<usize>, DecodeError> {
        if v.flexible { self.compact_len() } else { to_len(i64::from(self.i32()?)) }
    }

    fn compact_len(&mut self) -> Result<Option<usize>, DecodeError> {
        to_len(i64::from(self.varint()?) - 1)
    }

    /// A list, or `None` for null.
    pub(crate) fn list<T: Wire>(&mut self, v: Version) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.len(v)? else { return Ok(None) };
        let left = self.left();
        if count > left / T::smallest(v).max(1) {
            return Err(DecodeError::Count { count, left });
        }
        let mut list = Vec::with_capacity(count.min(LIST_START_MAX));
        for _ in 0..count {
            list.push(T::decode(self, v)?);
        }
        Ok(Some(list))
    }

    /// Skips a section of tagged fields: all of them may be ignored by who does not know them.
    pub(crate) fn skip_tags(&mut self) -> Result<(), DecodeError> {
        let count = self.varint()?;
        if count > TAGS_MAX {
            return Err(DecodeError::Tags { count });
        }
        for _ in 0..count {
            self.varint()?;
            let size = self.varint()?;
            self.take(size as usize)?;
        }
        Ok(())
    }
}

fn to_len(length: i64) -> Result<Option<usize>, DecodeError> {
    match length {
        -1 => Ok(None),
        length => usize::try_from(length).map(Some).map_err(|_| DecodeError::Length { length }),
    }
}
