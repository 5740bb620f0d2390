//! How good a ranking is, judged by held-out pairs.
//!
//! * Binary gain; the ideal ranking has min(k, held-out items) hits; the mean is over users with at least one held-out
//!   pair. Items that a user has in training are not in a ranking: the ranking itself leaves them out.
//! * Users are judged in parallel and summed in order, so threads do not change a figure.

use std::{
    collections::{BTreeMap, HashSet},
    hash::BuildHasher,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Pairs, Recommend};

/// What an evaluation found, at one cut-off `k`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// The cut-off: only the first `k` of a ranking count.
    pub k: usize,
    /// Normalised discounted cumulative gain: hits count more the higher they stand.
    pub ndcg: f64,
    /// Hits among the `k`, as a share of `k`.
    pub precision: f64,
    /// Hits among the `k`, as a share of the user's held-out items.
    pub recall: f64,
    /// Share of all items that somebody was recommended.
    pub coverage: f64,
    /// Users with at least one held-out pair.
    pub users: usize,
}

/// Adds up the quality of one user's ranking after another.
#[derive(Clone, Debug)]
pub struct Evaluation {
    k: usize,
    sums: Quality,
    recommended: HashSet<Box<str>>,
}

impl Evaluation {
    /// Starts an evaluation of the first `k` of each ranking.
    pub fn new(k: usize) -> Self {
        Self { k, sums: Quality { k, ..Quality::default() }, recommended: HashSet::new() }
    }

    /// Counts one user's ranking. A user without held-out items does not count.
    pub fn add<S: AsRef<str>, H: BuildHasher>(
        &mut self,
        ranking: &[S],
        held_out: &HashSet<&str, H>,
    ) {
        if held_out.is_empty() {
            return;
        }
        let top = || ranking.iter().take(self.k).map(AsRef::as_ref);
        let hits = top().filter(|item| held_out.contains(item)).count() as f64;
        self.sums.users += 1;
        self.sums.ndcg += ndcg(ranking, held_out, self.k);
        self.sums.precision += hits / self.k.max(1) as f64;
        self.sums.recall += hits / held_out.len() as f64;
        for item in top() {
            if !self.recommended.contains(item) {
                self.recommended.insert(item.into());
            }
        }
    }

    /// The means over all users so far; `items` is how many could have been recommended.
    pub fn quality(&self, items: usize) -> Quality {
        let users = self.sums.users.max(1) as f64;
        Quality {
            ndcg: self.sums.ndcg / users,
            precision: self.sums.precision / users,
            recall: self.sums.recall / users,
            coverage: self.recommended.len() as f64 / items.max(1) as f64,
            ..self.sums
        }
    }
}

/// NDCG of one user's ranking at cut-off `k`, with binary gain.
///
/// ```
/// use std::collections::HashSet;
/// let held_out = HashSet::from(["tea"]);
/// assert_eq!(pancake_ml::ndcg(&["tea", "milk"], &held_out, 10), 1.0);
/// assert!(pancake_ml::ndcg(&["milk", "tea"], &held_out, 10) < 0.64);
/// ```
pub fn ndcg<S: AsRef<str>, H: BuildHasher>(
    ranking: &[S],
    held_out: &HashSet<&str, H>,
    k: usize,
) -> f64 {
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let top = ranking.iter().take(k).map(AsRef::as_ref).enumerate();
    let found: f64 =
        top.filter(|(_, item)| held_out.contains(item)).map(|(place, _)| gain(place)).sum();
    let ideal: f64 = (0..held_out.len().min(k)).map(gain).sum();
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

/// Judges a recommender by held-out pairs.
pub fn evaluate(recommender: &impl Recommend, held_out: &Pairs, k: usize) -> Quality {
    let mut by_user: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    for (user, item) in held_out.iter() {
        by_user.entry(user).or_default().insert(item);
    }
    let users: Vec<_> = by_user.into_iter().collect();
    let rankings: Vec<_> =
        users.par_iter().map(|(user, _)| recommender.recommend(user, k)).collect();
    let mut evaluation = Evaluation::new(k);
    for ((_, held_out), ranking) in users.iter().zip(&rankings) {
        evaluation.add(ranking, held_out);
    }
    evaluation.quality(recommender.item_count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_ndcg(ranking: &str, held_out: &str, expected: f64) {
        let ranking: Vec<String> = ranking.chars().map(String::from).collect();
        let held_out: Vec<String> = held_out.chars().map(String::from).collect();
        let found =
            ndcg(&ranking, &held_out.iter().map(String::as_str).collect::<HashSet<_>>(), 10);
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }

    #[test]
    #[rustfmt::skip]
    fn ndcg_discounts_by_place_and_compares_with_the_ideal() {
        let log2_3 = 3.0_f64.log2();
        check_ndcg("abc", "a", 1.0);
        check_ndcg("abc", "b", 1.0 / log2_3);
        check_ndcg("abc", "z", 0.0);
        check_ndcg("abc", "ab", 1.0);
        check_ndcg("abc", "ac", (1.0 + 0.5) / (1.0 + 1.0 / log2_3));
        check_ndcg("abc", "az", 1.0 / (1.0 + 1.0 / log2_3));
        // Past the tenth place nothing counts, and the ideal has ten hits at most.
        check_ndcg("abcdefghijk", "k", 0.0);
        check_ndcg("abcdefghij", "abcdefghijklmnop", 1.0);
    }

    struct Fixed;

    impl Recommend for Fixed {
        fn recommend(&self, user: &str, k: usize) -> Vec<&str> {
            let ranking: &[&str] = if user == "ann" { &["x", "y"] } else { &["y", "z"] };
            ranking.iter().copied().take(k).collect()
        }

        fn item_count(&self) -> usize {
            4
        }
    }

    #[test]
    fn the_mean_is_over_users_with_held_out_pairs() {
        let held_out =
            [("ann", "x"), ("bob", "q"), ("bob", "z"), ("bob", "z")].into_iter().collect();
        let quality = evaluate(&Fixed, &held_out, 2);
        let log2_3 = 3.0_f64.log2();
        let bob = (1.0 / log2_3) / (1.0 + 1.0 / log2_3);
        assert_eq!((quality.users, quality.k), (2, 2));
        assert!((quality.ndcg - f64::midpoint(1.0, bob)).abs() < 1e-12);
        assert_eq!((quality.precision, quality.recall, quality.coverage), (0.5, 0.75, 0.75));
    }
}
