//! Rankings: the best few of many scores.
//!
//! * Ties go to the lower row number, so a ranking is always the same.
//! * An item that a user has seen is never recommended to them.

use crate::Matrix;

/// Something that recommends items, to be judged by [`evaluate`](crate::evaluate).
pub trait Recommend: Sync {
    /// The best `k` items for a user, best first, without those that they have seen.
    fn recommend(&self, user: &str, k: usize) -> Vec<&str>;
    /// How many items it chooses from.
    fn item_count(&self) -> usize;
}

/// An item's row number and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Row number of the item.
    pub item: u32,
    /// Its score; only its order means something.
    pub score: f32,
}

/// The `k` highest scores, highest first. Not-a-number and minus infinity are never among them.
pub fn top_k(scores: &[f32], k: usize) -> Vec<Scored> {
    let mut best: Vec<Scored> = Vec::with_capacity(k.min(scores.len()) + 1);
    let mut bar = f32::NEG_INFINITY;
    for (item, score) in (0..).zip(scores) {
        if *score > bar && k > 0 {
            let place = best.partition_point(|s| s.score >= *score);
            best.insert(place, Scored { item, score: *score });
            best.truncate(k);
            if best.len() == k {
                bar = best.last().map_or(bar, |s| s.score);
            }
        }
    }
    best
}

/// The `k` items whose rows have the highest dot product with a vector, without the listed ones.
pub(crate) fn best_items(items: &Matrix, vector: &[f32], seen: &[u32], k: usize) -> Vec<Scored> {
    let mut scores = Vec::new();
    items.scores(vector, &mut scores);
    hide(&mut scores, seen);
    top_k(&scores, k)
}

/// Makes listed items unfit to be chosen.
pub(crate) fn hide(scores: &mut [f32], seen: &[u32]) {
    for item in seen {
        if let Some(score) = scores.get_mut(*item as usize) {
            *score = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_top(scores: &[f32], k: usize, items: &[u32]) {
        assert_eq!(top_k(scores, k).iter().map(|s| s.item).collect::<Vec<_>>(), items);
    }

    #[test]
    fn the_best_come_first_and_ties_go_to_the_lower_row() {
        check_top(&[1.0, 3.0, 2.0], 2, &[1, 2]);
        check_top(&[2.0, 2.0, 2.0, 2.0], 3, &[0, 1, 2]);
        check_top(&[1.0, 2.0, 1.0, 2.0], 3, &[1, 3, 0]);
        check_top(&[f32::NAN, f32::NEG_INFINITY, -5.0], 3, &[2]);
        check_top(&[1.0], 0, &[]);
        check_top(&[], 5, &[]);
    }

    proptest! {
        #[test]
        fn it_is_the_head_of_a_stable_sort(
            scores in proptest::collection::vec(-4..4_i8, 0..60),
            k in 0..20_usize,
        ) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted: Vec<u32> = (0..scores.len() as u32).collect();
            sorted.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            sorted.truncate(k);
            prop_assert_eq!(top_k(&scores, k).iter().map(|s| s.item).collect::<Vec<_>>(), sorted);
        }
    }
}
