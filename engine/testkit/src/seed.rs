//! Seeded random numbers, and running a test over many seeds.
//!
//! * The numbers of a seed never change between machines or runs.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Random numbers out of a seed (`SplitMix64`). Not for secrets.
#[derive(Clone, Debug)]
pub struct SimRng(u64);

impl SimRng {
    /// The numbers of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; zero if `end` is zero.
    pub const fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next_u64() % end }
    }

    /// Whether something happens that does so once in `times`.
    pub const fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// Random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next_u64() as u8).collect()
    }

    /// One of several things.
    ///
    /// # Panics
    /// If there is nothing to choose from.
    pub const fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let (Some(first), length) = (from.first(), from.len()) else {
            panic!("something must be there to choose from")
        };
        let (_, rest) = from.split_at(self.below(length as u64) as usize);
        match rest.first() {
            Some(chosen) => chosen,
            None => first,
        }
    }
}

/// Runs a test once per seed from zero on. If `PANCAKE_SEED` is set, only with that seed.
///
/// # Panics
/// With the seed and the test's own message if the test panics.
pub fn for_seeds(count: u64, test: impl Fn(u64, &mut SimRng)) {
    let only = std::env::var("PANCAKE_SEED").ok().and_then(|s| s.parse().ok());
    let seeds = only.map_or(0..count, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let run = catch_unwind(AssertUnwindSafe(|| test(seed, &mut SimRng::new(seed))));
        if let Err(panic) = run {
            let owned = panic.downcast_ref::<String>().map(String::as_str);
            let says = owned.or_else(|| panic.downcast_ref::<&str>().copied());
            panic!("seed {seed} fails (PANCAKE_SEED={seed}): {}", says.unwrap_or("a panic"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_always() {
        let mut rng = SimRng::new(7);
        let first = [rng.next_u64(), rng.next_u64()];
        assert_eq!(first, [7_191_089_600_892_374_487, 309_689_372_594_955_804]);
    }

    #[test]
    fn a_failing_seed_is_named() {
        let run = catch_unwind(|| for_seeds(9, |seed, _| assert!(seed != 5, "five is bad")));
        let text = run.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("PANCAKE_SEED=5") && text.contains("five is bad"), "{text}");
    }
}
