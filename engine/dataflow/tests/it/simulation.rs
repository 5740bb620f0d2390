//! Runs that are cut off at random points and restored at another parallelism come to the same as runs that are not.

use std::sync::Arc;

use pancake_dataflow::{JobHandle, JobStatus, Pause, Simulation, ops::WindowKind};
use pancake_testkit::{SimRng, SimStorage, for_seeds};

use crate::support::{Fired, Outside, Setup, folded, generate, options, storage, with_checkpoints};

const STEPS_MAX: usize = 1_000_000;

fn random_setup(seed: u64, rng: &mut SimRng) -> Setup {
    let splits = 1 + rng.below(5) as usize;
    let mut setup = Setup::new(generate(rng, splits, 300, 50));
    setup.window = *rng.choose(&[
        WindowKind::Tumble { size_ms: 100 },
        WindowKind::Hop { size_ms: 300, slide_ms: 100 },
        WindowKind::Cumulate { step_ms: 50, size_max_ms: 200 },
    ]);
    setup.pauses = rng.one_in(2).then_some(seed);
    rescale(&mut setup, rng);
    setup
}

fn rescale(setup: &mut Setup, rng: &mut SimRng) {
    setup.readers = 1 + rng.below(4) as usize;
    setup.counters = 1 + rng.below(4) as usize;
}

fn sorted(rows: &[Fired]) -> Vec<Fired> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

#[test]
fn windows_are_right_at_every_parallelism_and_batch_size() {
    for_seeds(100, |seed, rng| {
        let setup = random_setup(seed, rng);
        let outside = Outside::default();
        let simulation = Simulation::new(seed);
        let options = options(*rng.choose(&[1, 16, 8192]));
        let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
        assert_eq!(simulation.run(STEPS_MAX), Pause::Done);
        assert!(matches!(job.status(), JobStatus::Finished), "{:?}", job.status());
        let written = sorted(&outside.lock().unwrap().written);
        assert_eq!(written, setup.expected());
        let stats = job.stats();
        let window = &stats.vertices[1];
        let total = |of: fn(&pancake_dataflow::SubtaskStats) -> u64| {
            window.subtasks.iter().map(of).sum::<u64>()
        };
        assert_eq!(total(|subtask| subtask.gauges.late_rows), 0);
        assert_eq!(total(|subtask| subtask.gauges.windows_open), 0);
        assert_eq!(total(|subtask| subtask.rows_in), 300 * setup.splits.len() as u64);
        assert_eq!(total(|subtask| subtask.rows_out), written.len() as u64);
    });
}

/// Runs for a while, with checkpoints now and then; true if the job came to its end.
fn run_for_a_while(job: &JobHandle, simulation: &Simulation, rng: &mut SimRng, last: bool) -> bool {
    loop {
        let steps = if last { STEPS_MAX } else { 1 + rng.below(120) as usize };
        match simulation.run(steps) {
            Pause::Done => return true,
            Pause::Stuck => panic!("the job is stuck: {:?}", job.stats()),
            Pause::OutOfSteps => {}
        }
        if rng.one_in(2) {
            drop(job.checkpoint_now());
        }
        if rng.one_in(8) {
            return false;
        }
    }
}

fn lose_power(storage: &SimStorage, rng: &mut SimRng) {
    if rng.one_in(2) { storage.crash() } else { storage.kill() }
}

#[test]
fn a_crash_at_any_point_changes_nothing_in_the_folded_output() {
    let restores = std::sync::atomic::AtomicU64::new(0);
    for_seeds(300, |seed, rng| {
        let mut setup = random_setup(seed, rng);
        let (storage, outside) = (storage(seed), Outside::default());
        for attempt in 0.. {
            setup.attempt = attempt;
            let simulation = Simulation::new(seed + attempt * 1000);
            let options = with_checkpoints(*rng.choose(&[1, 16, 8192]), &storage);
            let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
            if job.stats().checkpoints.restored_from.is_some() {
                restores.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            if run_for_a_while(&job, &simulation, rng, attempt > 5) {
                assert!(matches!(job.status(), JobStatus::Finished), "{:?}", job.status());
                break;
            }
            drop((job, simulation));
            lose_power(&storage, rng);
            rescale(&mut setup, rng);
        }
        let outside = outside.lock().unwrap();
        let expected = setup.expected();
        assert_eq!(folded(&outside.written, setup.window), folded(&expected, setup.window));
        // A sink that commits with checkpoints sees each result exactly once.
        assert_eq!(sorted(&outside.committed), expected);
    });
    assert!(restores.into_inner() > 100, "too few runs were restored to prove anything");
}

#[test]
fn a_seed_replays_its_run() {
    let run = |seed: u64| {
        let mut rng = SimRng::new(seed);
        let mut setup = random_setup(seed, &mut rng);
        (setup.readers, setup.counters) = (3, 3);
        let outside = Outside::default();
        let simulation = Simulation::new(seed);
        let job = JobHandle::start(&setup.graph(&outside), &options(16), &simulation).unwrap();
        assert_eq!(simulation.run(STEPS_MAX), Pause::Done);
        drop(job);
        Arc::into_inner(outside).unwrap().into_inner().unwrap().written
    };
    assert_eq!(run(1), run(1));
    let orders: std::collections::BTreeSet<_> = (0..10).map(|_| run(2)).collect();
    assert_eq!(orders.len(), 1);
}
