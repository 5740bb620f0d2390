//! The codecs of record batches, for reading.
//!
//! * No output grows past its limit, whatever the input claims about itself.
//! * New batches are written uncompressed; what clients compressed is passed through as it came.

use std::io::{self, Read};

use super::BatchError;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// DEFLATE with a gzip header.
    Gzip,
    /// Snappy, bare or in the framing of the Java library.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// First bytes of snappy as the Java library frames it; two version numbers follow.
const XERIAL_MAGIC: &[u8] = &[0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const XERIAL_HEADER_BYTES: usize = 16;
/// Largest window a zstd frame may ask for (32 MiB); the encoders' defaults stay below 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

impl Compression {
    /// Reads the codec from a batch's attributes.
    pub fn from_attributes(attributes: i16) -> Result<Self, BatchError> {
        match attributes & 0x07 {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            code => Err(BatchError::UnknownCompression { code: code as u8 }),
        }
    }

    /// Decompresses `input` into at most `limit` bytes.
    pub(super) fn decompress(self, input: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
        let done = match self {
            Self::None => bounded(input, limit),
            Self::Gzip => bounded(flate2::read::MultiGzDecoder::new(input), limit),
            Self::Snappy => snappy(input, limit),
            Self::Lz4 => bounded(lz4_flex::frame::FrameDecoder::new(input), limit),
            Self::Zstd => zstd(input, limit),
        };
        match done {
            Ok(Some(output)) => Ok(output),
            Ok(None) => Err(BatchError::TooLarge { limit }),
            Err(source) => Err(BatchError::Decompress { compression: self, source }),
        }
    }
}

/// Reads everything, or `None` if there is more than `limit`.
fn bounded(input: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut output = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut output)?;
    Ok((output.len() <= limit).then_some(output))
}

fn zstd(input: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    bounded(decoder, limit)
}

fn snappy(input: &[u8], limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut output = Vec::new();
    if !input.starts_with(XERIAL_MAGIC) {
        return Ok(snappy_block(input, limit, &mut output)?.then_some(output));
    }
    let mut rest = input.get(XERIAL_HEADER_BYTES..).ok_or(io::ErrorKind::UnexpectedEof)?;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (block, after) = after.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        if !snappy_block(block, limit, &mut output)? {
            return Ok(None);
        }
        rest = after;
    }
    if rest.is_empty() { Ok(Some(output)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Appends one block; false if the output would pass the limit. A block states its length in front, so the claim is
/// compared with what snappy can reach at best (64 bytes from 3) before memory is taken.
fn snappy_block(block: &[u8], limit: usize, output: &mut Vec<u8>) -> io::Result<bool> {
    let claimed = snap::raw::decompress_len(block)?;
    if claimed > limit.saturating_sub(output.len()) {
        return Ok(false);
    }
    if claimed > block.len().saturating_mul(22).saturating_add(64) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let start = output.len();
    output.resize(start + claimed, 0);
    let written =
        snap::raw::Decoder::new().decompress(block, output.get_mut(start..).unwrap_or_default())?;
    output.truncate(start + written);
    Ok(true)
}
