//! Which partition a key belongs to, as Kafka's clients decide it.

/// The partition of a key among `partitions`: murmur2 of the key, positive, modulo the count. Zero when there are none.
///
/// ```
/// assert_eq!(pancake_broker::partition_for_key(b"21", 1), 0);
/// assert!(pancake_broker::partition_for_key(b"pancake", 12) < 12);
/// ```
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff).checked_rem(partitions).unwrap_or(0)
}

/// The 32-bit murmur2 of Kafka's clients, with their seed.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut h = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        h = h.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        h = (h ^ tail).wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    h ^ (h >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_hash(key: &[u8], expected: i32) {
        assert_eq!(murmur2(key).cast_signed(), expected, "{key:?}");
    }

    /// Values that Kafka's own clients are tested with.
    #[test]
    fn hashes_are_kafkas() {
        check_hash(b"21", -973_932_308);
        check_hash(b"foobar", -790_332_482);
        check_hash(b"a-little-bit-long-string", -985_981_536);
        check_hash(b"a-little-bit-longer-string", -1_486_304_829);
        check_hash(b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
        check_hash(b"abc", 479_470_107);
    }
}
