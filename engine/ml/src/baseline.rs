//! Rankings that know nothing of taste; a model that does not beat both is worth nothing.
//!
//! * Both leave out what a user has seen, like every other ranking.

use rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;

use crate::{
    Interactions,
    rank::{Recommend, hide, top_k},
};

/// The same items for everyone: those that most users have seen.
#[derive(Clone, Debug)]
pub struct Popularity<'a> {
    seen: &'a Interactions,
    counts: Vec<f32>,
}

impl<'a> Popularity<'a> {
    /// Counts the users of each item.
    pub fn new(seen: &'a Interactions) -> Self {
        let counts = seen.by_user.counts(seen.items.len());
        Self { seen, counts: counts.into_iter().map(|count| count as f32).collect() }
    }
}

impl Recommend for Popularity<'_> {
    fn recommend(&self, user: &str, k: usize) -> Vec<&str> {
        let mut scores = self.counts.clone();
        hide(&mut scores, known(self.seen, user));
        names(self.seen, top_k(&scores, k).iter().map(|s| s.item))
    }

    fn item_count(&self) -> usize {
        self.seen.items.len()
    }
}

/// Items in an order that a seed and the user's name give.
#[derive(Clone, Debug)]
pub struct RandomRanking<'a> {
    seen: &'a Interactions,
    seed: u64,
}

impl<'a> RandomRanking<'a> {
    /// A random ranking of the items of a training set.
    pub fn new(train: &'a Interactions, seed: u64) -> Self {
        Self { seen: train, seed }
    }
}

impl Recommend for RandomRanking<'_> {
    fn recommend(&self, user: &str, k: usize) -> Vec<&str> {
        let row = self.seen.users.row(user).map_or(u64::MAX, u64::from);
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(row);
        let known = known(self.seen, user);
        let count = self.seen.items.len();
        let drawn = index::sample(&mut random, count, count.min(k + known.len()));
        let fresh = drawn.iter().map(|i| i as u32).filter(|i| known.binary_search(i).is_err());
        names(self.seen, fresh.take(k))
    }

    fn item_count(&self) -> usize {
        self.seen.items.len()
    }
}

fn known<'a>(seen: &'a Interactions, user: &str) -> &'a [u32] {
    seen.users.row(user).map_or(&[], |row| seen.by_user.list(row))
}

fn names(seen: &Interactions, items: impl Iterator<Item = u32>) -> Vec<&str> {
    items.filter_map(|item| seen.items.name(item)).map(AsRef::as_ref).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Interactions {
        let rows =
            [("a", "x"), ("b", "x"), ("c", "x"), ("a", "y"), ("b", "y"), ("a", "z"), ("d", "w")];
        Interactions::from(&rows.into_iter().collect())
    }

    #[test]
    fn popular_items_come_by_count_without_the_seen_ones() {
        let seen = seen();
        let popular = Popularity::new(&seen);
        assert_eq!(popular.recommend("stranger", 2), ["x", "y"]);
        assert_eq!(popular.recommend("c", 9), ["y", "w", "z"]);
        assert_eq!(popular.item_count(), 4);
    }

    #[test]
    fn a_random_ranking_repeats_for_a_seed_and_leaves_out_the_seen_ones() {
        let seen = seen();
        let random = |seed| RandomRanking::new(&seen, seed).recommend("c", 9).join("");
        assert_eq!(random(1), random(1));
        let mut sorted: Vec<_> = random(7).chars().collect();
        sorted.sort_unstable();
        assert_eq!(sorted, ['w', 'y', 'z']);
        assert!((0..20).any(|seed| random(seed) != random(1)));
    }
}
