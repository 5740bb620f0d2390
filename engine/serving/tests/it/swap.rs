//! Versions swap under sixteen threads: no request fails, and no answer mixes two versions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use pancake_ml::FactorModel;
use pancake_serving::{Answer, Live, ModelName, Recommender, Version};
use pancake_types::SystemClock;

use crate::planted;

const SWAPS: u32 = 20;
const THREADS: u64 = 16;

/// Every score of the answer is the offline score of the version that it names.
fn check_wholly_of_its_version(answer: &Answer, user: &str, models: &[FactorModel]) {
    assert_eq!(answer.items.len(), 10);
    let model = &models[answer.version.get() as usize - 1];
    for item in &answer.items {
        let offline = model.score(user, &item.item).unwrap();
        assert!(
            (item.score - offline).abs() <= 1e-5,
            "version {}: {} is served as {}, offline it is {offline}",
            answer.version,
            item.item,
            item.score,
        );
    }
}

#[test]
fn twenty_swaps_under_sixteen_threads_fail_no_request_and_mix_no_versions() {
    let models: Vec<_> = (0..SWAPS).map(|seed| planted::model(5, u64::from(seed))).collect();
    let recommender =
        Recommender::new(ModelName::new("likes").unwrap(), Arc::new(SystemClock::new()));
    let live = |version: u32| {
        Arc::new(Live::new(Version::new(version), models[version as usize - 1].clone()))
    };
    recommender.swap(live(1));
    let stop = AtomicBool::new(false);
    let answered = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (recommender, models, stop, answered) = (&recommender, &models, &stop, &answered);
            scope.spawn(move || {
                for request in thread.. {
                    if stop.load(SeqCst) {
                        return;
                    }
                    let user = format!("u{}", request % 150);
                    let answer = recommender.recommend(&user, 10).unwrap();
                    check_wholly_of_its_version(&answer, &user, models);
                    answered.fetch_add(1, SeqCst);
                }
            });
        }
        for version in 2..=SWAPS {
            let before = answered.load(SeqCst);
            while answered.load(SeqCst) < before + 100 {
                thread::yield_now();
            }
            recommender.swap(live(version));
        }
        stop.store(true, SeqCst);
    });
    let view = recommender.stats().view();
    assert_eq!((view.failed, view.cold_start), (0, 0));
    assert!(view.answered >= u64::from(SWAPS - 1) * 100, "{view:?}");
}
