//! Zigzag variable-length integers, as Kafka's records use them.

use bytes::{BufMut, BytesMut};

/// Reads an integer of at most ten bytes from the front of a slice.
pub(crate) fn read_long(input: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
        }
    }
    None
}

/// Reads an integer that must fit 32 bits.
pub(crate) fn read_int(input: &mut &[u8]) -> Option<i32> {
    read_long(input)?.try_into().ok()
}

/// Appends an integer.
pub(crate) fn put_long(out: &mut BytesMut, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        out.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// How many bytes [`put_long`] writes.
pub(crate) fn size_of(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any::<i64>(), shift in 0_u32..63) {
            let value = value >> shift;
            let mut out = BytesMut::new();
            put_long(&mut out, value);
            prop_assert_eq!(out.len(), size_of(value));
            let mut input = &out[..];
            prop_assert_eq!(read_long(&mut input), Some(value));
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn too_long_or_cut_is_nothing() {
        assert_eq!(read_long(&mut &[0x80; 11][..]), None);
        assert_eq!(read_long(&mut &[0x80, 0x80][..]), None);
        assert_eq!(
            read_long(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2][..]),
            None
        );
        assert_eq!(read_int(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]), Some(i32::MIN));
        assert_eq!(read_int(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]), None);
    }
}
