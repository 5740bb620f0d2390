//! Models of a taste that is known.

use pancake_ml::{AlsSettings, FactorModel, Interactions, Pairs, train};

/// Groups of 30 users and 25 items; each user sees 8 items of their group and 2 of others.
pub(crate) fn pairs(clusters: u32) -> Pairs {
    let mut pairs = Pairs::default();
    for user in 0..clusters * 30 {
        let group = user % clusters;
        for draw in 0..8_u32 {
            pairs.push(&format!("u{user}"), &format!("{group}/{}", (user * 3 + draw * 7) % 25));
        }
        for other in 1..3 {
            pairs.push(
                &format!("u{user}"),
                &format!("{}/{}", (group + other) % clusters, user % 25),
            );
        }
    }
    pairs
}

pub(crate) fn model(clusters: u32, seed: u64) -> FactorModel {
    let settings = AlsSettings { factors: 12, regularization: 1.0, seed, ..AlsSettings::default() };
    train(&Interactions::from(&pairs(clusters)), &settings).unwrap()
}
