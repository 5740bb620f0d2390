//! Writing a frame as parts: small values into a buffer, record batches by reference.
//!
//! * Large bytes are never copied: they become a part of their own, and the socket gathers the parts.

use std::mem;

use bytes::{BufMut, Bytes, BytesMut};

use super::message::Version;

/// From this many bytes on a value becomes a part of its own instead of being copied.
const SHARE_BYTES_MIN: usize = 1024;

/// An encoded frame, in the order in which its parts go out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts {
    parts: Vec<Bytes>,
    bytes: usize,
}

impl Parts {
    /// Bytes in all parts.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// The parts themselves.
    pub(crate) fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// All parts copied into one.
    #[cfg(test)]
    pub(crate) fn concat(&self) -> Bytes {
        self.parts.concat().into()
    }
}

/// Collects one message's bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    done: Parts,
    tail: BytesMut,
}

impl Writer {
    /// Writes bytes by copying them.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.tail.put_slice(bytes);
    }

    /// Writes bytes, by reference when they are large.
    pub(crate) fn share(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARE_BYTES_MIN {
            return self.put(bytes);
        }
        self.cut();
        self.done.bytes += bytes.len();
        self.done.parts.push(bytes.clone());
    }

    fn cut(&mut self) {
        if !self.tail.is_empty() {
            self.done.bytes += self.tail.len();
            self.done.parts.push(self.tail.split().freeze());
        }
    }

    /// Writes an unsigned number in one to five bytes.
    pub(crate) fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.tail.put_u8((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.tail.put_u8(value as u8);
    }

    /// Writes a text's length, or null.
    pub(crate) fn text_len(&mut self, len: Option<usize>, v: Version) {
        if v.flexible {
            self.compact_len(len);
        } else {
            let len = len.map_or(-1, |len| i16::try_from(len).unwrap_or(i16::MAX));
            self.put(&len.to_be_bytes());
        }
    }

    /// Writes the length of bytes or the count of a list, or null.
    pub(crate) fn len(&mut self, len: Option<usize>, v: Version) {
        if v.flexible {
            self.compact_len(len);
        } else {
            let len = len.map_or(-1, |len| i32::try_from(len).unwrap_or(i32::MAX));
            self.put(&len.to_be_bytes());
        }
    }

    fn compact_len(&mut self, len: Option<usize>) {
        self.varint(len.map_or(0, |len| len as u32 + 1));
    }

    /// Writes a section of tagged fields with nothing in it.
    pub(crate) fn no_tags(&mut self) {
        self.varint(0);
    }

    /// The bytes without a frame's length in front.
    #[cfg(test)]
    pub(crate) fn finish(mut self) -> Parts {
        self.cut();
        self.done
    }

    /// The bytes as a frame: four bytes of length, then everything written.
    pub(crate) fn into_frame(mut self) -> Parts {
        self.cut();
        let len = u32::try_from(self.done.bytes).unwrap_or(u32::MAX);
        let mut parts = mem::take(&mut self.done.parts);
        let length = Bytes::copy_from_slice(&len.to_be_bytes());
        parts.insert(0, length);
        Parts { parts, bytes: self.done.bytes + 4 }
    }
}
