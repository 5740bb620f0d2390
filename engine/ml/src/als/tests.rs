//! Training finds what was planted, minimises what it says, and repeats itself.

use super::*;
use crate::{
    Pairs, Popularity, RandomRanking, Recommend, evaluate,
    planted::{planted, share},
    split,
};

fn settings() -> AlsSettings {
    AlsSettings { factors: 8, regularization: 1.0, ..AlsSettings::default() }
}

#[test]
fn planted_tastes_are_found_and_baselines_miss_them() {
    let (train_pairs, held_out) = split(&planted(6), 0.2, 1);
    let seen = Interactions::from(&train_pairs);
    let model = train(&seen, &settings()).unwrap();
    let als = evaluate(&model, &held_out, 10);
    let popular = evaluate(&Popularity::new(&seen), &held_out, 10);
    let random = evaluate(&RandomRanking::new(&seen, 1), &held_out, 10);
    assert!(als.ndcg > 0.2, "{als:?}");
    assert!(als.ndcg > 3.0 * popular.ndcg, "{als:?} {popular:?}");
    assert!(als.ndcg > 3.0 * random.ndcg, "{als:?} {random:?}");
    assert!(share(&model.recommend("u3", 10), 3) >= 9);
}

#[test]
fn baselines_can_be_models_too() {
    let (train_pairs, held_out) = split(&planted(6), 0.2, 1);
    let seen = Interactions::from(&train_pairs);
    let model = FactorModel::popularity(&seen);
    let ranking = evaluate(&Popularity::new(&seen), &held_out, 10);
    assert_eq!(evaluate(&model, &held_out, 10), ranking);
    assert_eq!(model.recommend("stranger", 3), model.recommend("stranger", 10)[..3]);
    let chance = evaluate(&FactorModel::random(&seen, 3), &held_out, 10);
    assert!(chance.ndcg < 0.1, "{chance:?}");
    assert_eq!(FactorModel::random(&seen, 3), FactorModel::random(&seen, 3));
}

/// The loss that ALS minimises, over all pairs, in double precision.
fn loss(model: &FactorModel, seen: &Interactions) -> f64 {
    let AlsSettings { regularization, alpha, .. } = model.settings;
    let mut sum = 0.0;
    for (row, user) in (0_u32..).zip(seen.users().iter()) {
        for (at, item) in (0_u32..).zip(seen.items().iter()) {
            let score = f64::from(model.score(user, item).unwrap());
            let observed = seen.by_user().list(row).contains(&at);
            // `implicit`'s form of the objective: alpha on the observed product, none on its square beyond c.
            sum += if observed { f64::from(alpha) * (1.0 - score).powi(2) } else { score.powi(2) };
        }
    }
    let squares = model.user_rows.values().chain(model.item_rows.values());
    sum + f64::from(regularization) * squares.map(|v| f64::from(v).powi(2)).sum::<f64>()
}

#[test]
fn every_iteration_lowers_the_loss() {
    let seen = Interactions::from(&planted(4));
    let losses: Vec<f64> = (1..6)
        .map(|iterations| {
            loss(&train(&seen, &AlsSettings { iterations, ..settings() }).unwrap(), &seen)
        })
        .collect();
    assert!(losses.is_sorted_by(|a, b| b < a), "{losses:?}");
}

#[test]
fn threads_and_row_order_do_not_change_a_bit_and_the_seed_does() {
    let pairs = planted(5);
    let mut rows: Vec<_> = pairs.iter().collect();
    rows.reverse();
    let backwards = Interactions::from(&rows.into_iter().collect::<Pairs>());
    let forwards = Interactions::from(&pairs);
    let on = |threads, seen: &Interactions, seed| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| train(seen, &AlsSettings { seed, ..settings() }).unwrap())
    };
    let one = on(1, &forwards, 42);
    assert_eq!(one, on(3, &backwards, 42));
    assert_ne!(one, on(1, &forwards, 43));
}

#[test]
fn factors_that_fill_no_whole_lanes_work_too() {
    for factors in [1, 7, 16, 17, 100, 128] {
        let seen = Interactions::from(&planted(3));
        let model = train(&seen, &AlsSettings { factors, ..settings() }).unwrap();
        assert_eq!(model.user_vector("u0").unwrap().len(), factors);
        let shares = (0..120).map(|u| share(&model.recommend(&format!("u{u}"), 10), u % 3));
        let share = shares.sum::<usize>() as f64 / 1_200.0;
        assert!(factors < 7 || share > 0.6, "{factors} factors, {share} of their cluster");
    }
}

#[test]
fn impossible_settings_are_refused_with_their_value() {
    let seen = Interactions::from(&planted(2));
    let check = |change: fn(&mut AlsSettings), error: &str| {
        let mut settings = settings();
        change(&mut settings);
        assert_eq!(train(&seen, &settings).unwrap_err().to_string(), error);
    };
    check(|s| s.factors = 0, "0 factors were asked for; 1 to 128 are possible");
    check(|s| s.factors = 129, "129 factors were asked for; 1 to 128 are possible");
    check(|s| s.regularization = 0.0, "regularization is 0; it must be above 0");
    check(
        |s| s.alpha = 0.5,
        "alpha is 0.5; it must be at least 1, the confidence of an unobserved pair",
    );
    let empty = Interactions::from(&Pairs::default());
    assert_eq!(train(&empty, &settings()), Err(TrainError::NoPairs));
}

#[test]
fn a_run_can_be_watched_and_stopped() {
    let seen = Interactions::from(&planted(2));
    let mut done = Vec::new();
    let stopped = train_with(&seen, &settings(), |iteration| {
        done.push(iteration);
        if iteration == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped, done), (Err(TrainError::Stopped { iterations: 3 }), vec![1, 2, 3]));
}
