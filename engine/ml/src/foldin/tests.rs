//! A fold is the exact row solve, in memory and after a restore, and it moves recommendations.

use super::*;
use crate::{
    AlsSettings, Interactions,
    planted::{planted, share},
    train,
};

fn trained() -> FoldIn {
    let settings = AlsSettings { factors: 12, regularization: 1.0, ..AlsSettings::default() };
    FoldIn::new(train(&Interactions::from(&planted(6)), &settings).unwrap())
}

#[allow(clippy::needless_range_loop, reason = "it is meant to look like the formula")]
/// The row solve by Gaussian elimination on the formula as it is written down.
fn by_formula(others: &Matrix, observed: &[u32], settings: &AlsSettings) -> Vec<f64> {
    let k = settings.factors;
    let rows: Vec<Vec<f64>> = (0..others.rows() as u32)
        .map(|row| others.row(row).unwrap().into_iter().map(f64::from).collect())
        .collect();
    let mut a = vec![vec![0.0; k + 1]; k];
    for (at, row) in rows.iter().enumerate() {
        let seen = observed.contains(&(at as u32));
        let confidence = if seen { f64::from(settings.alpha) } else { 1.0 };
        for i in 0..k {
            for j in 0..k {
                a[i][j] += confidence * row[i] * row[j];
            }
            a[i][k] += if seen { confidence * row[i] } else { 0.0 };
        }
    }
    for i in 0..k {
        a[i][i] += f64::from(settings.regularization);
    }
    for i in 0..k {
        for j in 0..k {
            if i != j {
                let factor = a[j][i] / a[i][i];
                for c in i..=k {
                    a[j][c] -= factor * a[i][c];
                }
            }
        }
    }
    (0..k).map(|i| a[i][k] / a[i][i]).collect()
}

#[track_caller]
fn check_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} instead of {expected}");
    }
}

#[test]
fn a_fold_solves_both_rows_by_the_formula() {
    let mut follower = trained();
    let items_before = follower.model().item_rows.clone();
    let folded = follower.fold("u0", "3/7").unwrap();
    let settings = *follower.model().settings();
    let known = follower.model().known("u0").to_vec();
    check_close(&folded.user_vector, &by_formula(&items_before, &known, &settings));
    let item = follower.model().items().row("3/7").unwrap();
    let users = &follower.users_of_item[item as usize];
    check_close(&folded.item_vector, &by_formula(&follower.model().user_rows, users, &settings));
    assert_eq!(follower.model().user_vector("u0").unwrap(), folded.user_vector);
    assert_eq!(follower.model().item_vector("3/7").unwrap(), folded.item_vector);
}

#[test]
fn a_known_pair_changes_nothing() {
    let mut follower = trained();
    assert!(follower.fold("u0", "3/7").is_some());
    let before = follower.model().clone();
    assert_eq!(follower.fold("u0", "3/7"), None);
    assert_eq!(*follower.model(), before);
}

#[test]
fn three_pairs_of_a_cluster_turn_a_new_users_ranking() {
    let mut follower = trained();
    assert!(share(&follower.recommend("new", 10), 4) <= 3);
    for item in ["4/1", "4/2", "4/3"] {
        follower.fold("new", item).unwrap();
    }
    let after = follower.recommend("new", 10);
    assert!(share(&after, 4) >= 6, "{after:?}");
    assert!(!after.contains(&"4/1"), "a seen item came back: {after:?}");
}

#[test]
fn a_new_item_gets_a_row_and_is_recommended() {
    let mut follower = trained();
    for user in 0..10 {
        follower.fold(&format!("u{}", user * 6 + 2), "brand new").unwrap();
    }
    let fan = follower.model().score("u62", "brand new").unwrap();
    let stranger = follower.model().score("u63", "brand new").unwrap();
    assert!(fan > stranger + 0.1, "{fan} for the cluster, {stranger} for another");
}

#[test]
fn gram_matrices_follow_without_drifting() {
    let mut follower = trained();
    for event in 0..500 {
        follower.fold(&format!("u{}", event % 240), &format!("{}/{}", event % 6, event % 30));
    }
    let fresh = Normal::gram(&follower.model().user_rows);
    for (kept, fresh) in follower.user_gram.matrix().values().zip(fresh.matrix().values()) {
        assert!((kept - fresh).abs() <= 1e-4 * fresh.abs().max(1.0), "{kept} instead of {fresh}");
    }
}

#[test]
fn a_restored_life_goes_on_like_the_one_before() {
    let mut first = trained();
    let mut second = trained();
    let events = [("new", "4/1"), ("u1", "2/2"), ("new", "brand new"), ("u9", "brand new")];
    for (user, item) in events {
        let folded = first.fold(user, item).unwrap();
        assert!(second.note(user, item));
        second.restore_user(user, &folded.user_vector).unwrap();
        second.restore_item(item, &folded.item_vector).unwrap();
    }
    second.sum_grams();
    assert_eq!(first.model(), second.model());
    let (a, b) = (first.fold("new", "4/2").unwrap(), second.fold("new", "4/2").unwrap());
    check_close(&a.user_vector, &b.user_vector.iter().copied().map(f64::from).collect::<Vec<_>>());
    assert!(second.restore_user("new", &[1.0]).is_err());
}
