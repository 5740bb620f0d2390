//! Cutting a connection's bytes into frames.
//!
//! * A frame is four bytes of length, then that many bytes. Only Produce may be larger than [`REQUEST_BYTES_MAX`].
//! * The buffer grows with what arrives, never by what is announced: a client that announces 2 GiB and sends nothing costs
//!   nothing, and is told so by a closed connection.

use bytes::{Buf, Bytes, BytesMut};

use super::{api::produce::Produce, message::Api};

/// Largest frame of any API but Produce.
pub(crate) const REQUEST_BYTES_MAX: usize = 8 << 20;
/// Fewest bytes a request can have: key, version, correlation id.
const REQUEST_BYTES_MIN: usize = 8;
/// How much room a read gets at least.
const READ_BYTES_MIN: usize = 16 << 10;
/// How much room a read gets at most, beyond what has arrived.
const READ_BYTES_MAX: usize = 1 << 20;
/// Bytes of a frame's length.
const LENGTH_BYTES: usize = 4;

/// Why a connection's bytes are not a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// A length that is negative or too small for a header.
    #[error("a frame of {length} bytes cannot be a request")]
    Length {
        /// The announced length.
        length: i32,
    },
    /// A length beyond what its API may have.
    #[error("a frame of {length} bytes for API {api_key} is larger than {limit}")]
    TooLarge {
        /// The announced length.
        length: usize,
        /// The API that the frame is for.
        api_key: i16,
        /// What would be allowed.
        limit: usize,
    },
}

/// Bytes that have arrived and are not yet cut into frames.
#[derive(Debug)]
pub(crate) struct FrameBuffer {
    bytes: BytesMut,
    produce_bytes_max: usize,
}

impl FrameBuffer {
    /// An empty buffer that lets Produce have frames up to a size.
    pub(crate) fn new(produce_bytes_max: usize) -> Self {
        Self { bytes: BytesMut::new(), produce_bytes_max }
    }

    /// Where the next read goes, with some room in it.
    pub(crate) fn room(&mut self) -> &mut BytesMut {
        let missing = self.announced().map_or(0, |len| len.saturating_sub(self.bytes.len()));
        // At most as much again as has already come: who announces much must also send much.
        let room = missing.min(self.bytes.len()).min(READ_BYTES_MAX);
        self.bytes.reserve(room.max(READ_BYTES_MIN));
        &mut self.bytes
    }

    /// Bytes of the frame at the front with its length, once that is known.
    fn announced(&self) -> Option<usize> {
        let length = self.bytes.get(..LENGTH_BYTES)?;
        Some(LENGTH_BYTES + i32::from_be_bytes(length.try_into().ok()?).max(0) as usize)
    }

    /// Whether a frame has begun to arrive.
    pub(crate) fn is_mid_frame(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The next whole frame without its length, if it is there. What cannot become a frame is an error at once.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(announced) = self.announced() else { return Ok(None) };
        self.check(announced - LENGTH_BYTES)?;
        if self.bytes.len() < announced {
            return Ok(None);
        }
        let mut frame = self.bytes.split_to(announced);
        frame.advance(LENGTH_BYTES);
        Ok(Some(frame.freeze()))
    }

    /// Bytes of the frame at the front with its length, once enough is there to know that they are allowed.
    pub(crate) fn checked(&self) -> Result<Option<usize>, FrameError> {
        let known = self.bytes.len() >= LENGTH_BYTES + 2;
        let Some(announced) = self.announced() else { return Ok(None) };
        self.check(announced - LENGTH_BYTES)?;
        Ok(known.then_some(announced))
    }

    fn check(&self, length: usize) -> Result<(), FrameError> {
        if length < REQUEST_BYTES_MIN {
            return Err(FrameError::Length { length: length as i32 });
        }
        if length <= REQUEST_BYTES_MAX {
            return Ok(());
        }
        let key = self.bytes.get(LENGTH_BYTES..LENGTH_BYTES + 2);
        let Some(key) = key.and_then(|key| key.try_into().ok()) else { return Ok(()) };
        let api_key = i16::from_be_bytes(key);
        let limit =
            if api_key == Produce::KEY { self.produce_bytes_max } else { REQUEST_BYTES_MAX };
        if length > limit {
            return Err(FrameError::TooLarge { length, api_key, limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(bytes: &[u8]) -> FrameBuffer {
        let mut buffer = FrameBuffer::new(100 << 20);
        buffer.room().extend_from_slice(bytes);
        buffer
    }

    #[track_caller]
    fn check_next(bytes: &[u8], expected: Result<Option<&[u8]>, FrameError>) {
        let expected = expected.map(|frame| frame.map(Bytes::copy_from_slice));
        assert_eq!(buffer(bytes).next(), expected, "{bytes:?}");
    }

    #[test]
    fn frames_are_cut_when_they_are_whole() {
        check_next(&[], Ok(None));
        check_next(&[0, 0, 0], Ok(None));
        check_next(&[0, 0, 0, 8, 1, 2, 3], Ok(None));
        check_next(&[0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 9], Ok(Some(&[1, 2, 3, 4, 5, 6, 7, 8])));
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        check_next(&[0, 0, 0, 7], Err(FrameError::Length { length: 7 }));
        check_next(&[0xff; 4], Err(FrameError::Length { length: 0 }));
        let length = i32::MAX as usize;
        let metadata = FrameError::TooLarge { length, api_key: 3, limit: REQUEST_BYTES_MAX };
        check_next(&[0x7f, 0xff, 0xff, 0xff, 0, 3], Err(metadata));
        let produce = FrameError::TooLarge { length, api_key: 0, limit: 100 << 20 };
        check_next(&[0x7f, 0xff, 0xff, 0xff, 0, 0], Err(produce));
    }

    #[test]
    fn a_buffer_does_not_grow_by_what_is_announced() {
        let mut buffer = buffer(&[5, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(buffer.next(), Ok(None));
        assert!(buffer.room().capacity() <= 2 * READ_BYTES_MIN);
    }
}
