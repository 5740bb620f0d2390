//! Which rows are held out to judge a model by.
//!
//! * A pair's side depends on the seed and the pair alone, so it stays there as data grows or comes in another order,
//!   and copies of a pair are never on both sides.

use crate::Pairs;

/// Splits rows into training and held-out ones; about `held_out` of all distinct pairs (0 to 1) are held out.
pub fn split(pairs: &Pairs, held_out: f64, seed: u64) -> (Pairs, Pairs) {
    let (mut train, mut test) = (Pairs::default(), Pairs::default());
    for (user, item) in pairs.iter() {
        let side = if draw(seed, user, item) < held_out { &mut test } else { &mut train };
        side.push(user, item);
    }
    (train, test)
}

/// A number in [0, 1) that looks random and belongs to the pair.
fn draw(seed: u64, user: &str, item: &str) -> f64 {
    let bytes = user.bytes().chain([0]).chain(item.bytes());
    let hash = bytes.fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte)));
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(rows: u32) -> Pairs {
        let mut pairs = Pairs::default();
        for row in 0..rows {
            pairs.push(&format!("u{}", row % 100), &format!("i{}", row / 100));
        }
        pairs
    }

    #[test]
    fn the_fraction_is_held_out_and_no_row_is_lost() {
        let pairs = numbered(20_000);
        let (train, test) = split(&pairs, 0.2, 42);
        assert_eq!(train.len() + test.len(), pairs.len());
        assert!((3_700..4_300).contains(&test.len()), "{} of 20000 held out", test.len());
    }

    #[test]
    fn a_pair_stays_on_its_side_and_the_seed_moves_it() {
        let (_, small) = split(&numbered(1_000), 0.2, 42);
        let (_, large) = split(&numbered(2_000), 0.2, 42);
        assert_eq!(
            small.iter().collect::<Vec<_>>(),
            large.iter().take(small.len()).collect::<Vec<_>>()
        );
        let (_, other) = split(&numbered(1_000), 0.2, 43);
        assert_ne!(small.iter().collect::<Vec<_>>(), other.iter().collect::<Vec<_>>());
    }
}
