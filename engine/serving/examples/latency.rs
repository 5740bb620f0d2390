//! Prints p50 and p99 of in-process answers, alone and while online updates arrive, as JSON.
//!
//! 5,000 users, 7,390 items, 64 factors: the size of the `anime` set. `cargo x bench` runs it.
#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use pancake_ml::{AlsSettings, Interactions, Pairs, train};
use pancake_serving::{Change, Live, ModelName, ParamRecord, Recommender, Version};
use pancake_types::{Clock, Offset, SystemClock};

const USERS: u64 = 5_000;
const ITEMS: u64 = 7_390;
const REQUESTS: u64 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut pairs = Pairs::default();
    for row in 0..416_000_u64 {
        let draw = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        pairs.push(&(row % USERS).to_string(), &(draw % ITEMS).to_string());
    }
    let settings = AlsSettings { iterations: 2, ..AlsSettings::default() };
    let live = Arc::new(Live::new(Version::FIRST, train(&Interactions::from(&pairs), &settings)?));
    let clock = Arc::new(SystemClock::new());
    let recommender = Recommender::new(ModelName::new("bench")?, Arc::<SystemClock>::clone(&clock));
    recommender.swap(Arc::clone(&live));
    let (p50, p99) = quantiles(&recommender, clock.as_ref())?;
    let stop = AtomicBool::new(false);
    let updated = thread::scope(|scope| {
        scope.spawn(|| update(&live, &stop));
        let found = quantiles(&recommender, clock.as_ref());
        stop.store(true, Relaxed);
        found
    })?;
    println!(
        "{{\"p50_us\": {p50}, \"p99_us\": {p99}, \"updating_p50_us\": {}, \"updating_p99_us\": {}, \"updates\": {}}}",
        updated.0,
        updated.1,
        live.params_offset()
    );
    Ok(())
}

fn quantiles(
    recommender: &Recommender,
    clock: &SystemClock,
) -> Result<(u128, u128), Box<dyn Error>> {
    let mut took = Vec::with_capacity(REQUESTS as usize);
    for request in 0..REQUESTS {
        let start = clock.monotonic();
        recommender.recommend(&(request % USERS).to_string(), 10)?;
        took.push(clock.monotonic().saturating_sub(start));
    }
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).map_or(0, Duration::as_micros);
    Ok((at(50), at(99)))
}

/// About ten thousand updates a second.
fn update(live: &Live, stop: &AtomicBool) {
    for offset in 0_u64.. {
        if stop.load(Relaxed) {
            return;
        }
        let change = Change::Item { id: (offset % ITEMS).to_string(), vector: vec![0.01; 64] };
        live.apply(Offset::new(offset), &ParamRecord { version: Version::FIRST, change });
        thread::sleep(Duration::from_micros(100));
    }
}
