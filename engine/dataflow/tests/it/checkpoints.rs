//! Checkpoints that fail, that are stopped with, that are damaged, and how many are kept.

use std::path::{Path, PathBuf};

use pancake_dataflow::{
    CheckpointId, JobError, JobHandle, JobOptions, JobStatus, Pause, Restore, Simulation,
    StartError, StopMode,
};
use pancake_testkit::{Fault, SimRng, SimStorage};
use pancake_types::Storage;

use crate::support::{Outside, Setup, generate, storage, with_checkpoints};

const STEPS_MAX: usize = 1_000_000;

fn setup() -> Setup {
    let mut setup = Setup::new(generate(&mut SimRng::new(1), 3, 400, 50));
    (setup.readers, setup.counters) = (2, 2);
    setup
}

/// Runs until an answer is there.
fn run_until<T>(
    simulation: &Simulation,
    answer: &pancake_dataflow::Answer<T>,
) -> Result<T, JobError> {
    for _ in 0..STEPS_MAX {
        if let Some(answer) = answer.try_get() {
            return answer;
        }
        simulation.run(1);
    }
    panic!("no answer came");
}

fn directories(storage: &SimStorage) -> Vec<PathBuf> {
    storage.list(Path::new("/jobs/counts")).unwrap()
}

#[test]
fn a_full_disk_fails_the_checkpoint_and_not_the_job() {
    for fault in 0..12 {
        let (setup, storage, outside) = (setup(), storage(fault), Outside::default());
        let simulation = Simulation::new(fault);
        let options = with_checkpoints(16, &storage);
        let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
        simulation.run(40);
        let first = run_until(&simulation, &job.checkpoint_now()).unwrap();
        storage.fail_at(fault, Fault::Full);
        let failed = run_until(&simulation, &job.checkpoint_now());
        let stats = job.stats().checkpoints;
        match failed {
            Err(error) => {
                assert!(matches!(error, JobError::Checkpoint { .. }), "{error}");
                assert_eq!((stats.last, stats.failed), (Some(first), 1));
                assert!(stats.last_error.unwrap().contains("cannot"));
            }
            Ok(second) => assert_eq!(stats.last, Some(second)),
        }
        assert_eq!(simulation.run(STEPS_MAX), Pause::Done);
        assert!(matches!(job.status(), JobStatus::Finished), "{:?}", job.status());
        let mut committed = outside.lock().unwrap().committed.clone();
        committed.sort_unstable();
        assert_eq!(committed, setup.expected());
    }
}

#[test]
fn sinks_commit_with_each_checkpoint_and_not_before() {
    let (setup, storage, outside) = (setup(), storage(0), Outside::default());
    let simulation = Simulation::new(0);
    let options = with_checkpoints(16, &storage);
    let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
    let sizes = || {
        let outside = outside.lock().unwrap();
        (outside.written.len(), outside.committed.len())
    };
    while sizes().0 == 0 {
        simulation.run(1);
    }
    assert_eq!(sizes().1, 0);
    run_until(&simulation, &job.checkpoint_now()).unwrap();
    simulation.run(20);
    assert!(sizes().1 > 0);
    assert!(matches!(job.status(), JobStatus::Running));
}

#[test]
fn three_checkpoints_are_kept() {
    let (setup, storage, outside) = (setup(), storage(0), Outside::default());
    let simulation = Simulation::new(0);
    let options = with_checkpoints(1, &storage);
    let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
    for taken in 1..=6_usize {
        run_until(&simulation, &job.checkpoint_now()).unwrap();
        assert_eq!(directories(&storage).len(), taken.min(3));
    }
}

#[test]
fn a_stop_with_a_checkpoint_loses_and_repeats_nothing() {
    let (mut setup, storage, outside) = (setup(), storage(0), Outside::default());
    let mut stops = 0;
    loop {
        let simulation = Simulation::new(stops);
        let options = with_checkpoints(16, &storage);
        let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
        simulation.run(30);
        match run_until(&simulation, &job.stop(StopMode::WithCheckpoint)) {
            Ok(Some(_)) => assert!(!matches!(job.status(), JobStatus::Running)),
            other => assert_eq!(other, Err(JobError::Over)),
        }
        assert_eq!(simulation.run(STEPS_MAX), Pause::Done);
        if matches!(job.status(), JobStatus::Finished) {
            break;
        }
        stops += 1;
        (setup.readers, setup.counters) = (1 + stops as usize % 3, 1 + stops as usize % 4);
        setup.attempt = stops;
    }
    assert!(stops > 2, "the job ended too early to prove anything");
    let outside = outside.lock().unwrap();
    // Not even the sink that writes through repeats a row.
    let mut written = outside.written.clone();
    written.sort_unstable();
    assert_eq!(written, setup.expected());
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let (setup, storage, outside) = (setup(), storage(0), Outside::default());
    let simulation = Simulation::new(0);
    let mut options = with_checkpoints(1, &storage);
    let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
    let first = run_until(&simulation, &job.checkpoint_now()).unwrap();
    let second = run_until(&simulation, &job.checkpoint_now()).unwrap();
    drop((job, simulation));
    storage.kill();
    let path = |id: CheckpointId, file: &str| {
        PathBuf::from(format!("/jobs/counts/chk-{:010}/{file}", id.get()))
    };
    storage.damage(&path(second, "state"), 9);
    let start = |options: &JobOptions| {
        let simulation = Simulation::new(0);
        let job = JobHandle::start(&setup.graph(&outside), options, &simulation)?;
        Ok::<_, StartError>(job.stats().checkpoints.restored_from)
    };
    assert_eq!(start(&options).unwrap(), Some(first));
    let mut asked = options.checkpoints.clone().unwrap();
    asked.restore = Restore::From(second);
    options.checkpoints = Some(asked);
    let error = start(&options).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[test]
fn state_that_nobody_wants_is_not_dropped_in_silence() {
    let (setup, storage, outside) = (setup(), storage(0), Outside::default());
    let simulation = Simulation::new(0);
    let options = with_checkpoints(1, &storage);
    let job = JobHandle::start(&setup.graph(&outside), &options, &simulation).unwrap();
    run_until(&simulation, &job.checkpoint_now()).unwrap();
    drop(job);
    let mut other = pancake_dataflow::JobGraph::new("counts");
    let source = other.add(setup.source());
    let mut renamed = setup.window();
    renamed.id = pancake_dataflow::OperatorId::new("another");
    let window = other.add(renamed);
    let sink = other.add(setup.sink(&outside));
    other.connect(source, window, pancake_dataflow::Exchange::Hash(vec![1]));
    other.connect(window, sink, pancake_dataflow::Exchange::Forward);
    let error = JobHandle::start(&other, &options, &Simulation::new(1)).unwrap_err();
    assert!(matches!(error, StartError::LeftOver { .. }), "{error}");
}
