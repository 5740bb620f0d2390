//! Jobs on threads: the right result, bounded queues, panics that stay inside, stops that stop.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
    mpsc::{Receiver, SyncSender, sync_channel},
};

use pancake_dataflow::{
    ChangeBatch, Exchange, JobGraph, JobHandle, JobStatus, Operator, OperatorError, Output, Sink,
    SinkError, StopMode, TaskError, Threads, VertexKind,
};
use pancake_testkit::SimRng;

use crate::support::{Outside, Setup, generate, options, storage, vertex, with_checkpoints};

fn setup(rows: usize) -> Setup {
    let mut setup = Setup::new(generate(&mut SimRng::new(3), 4, rows, 50));
    (setup.readers, setup.counters) = (2, 3);
    setup
}

#[test]
fn threads_come_to_the_same_as_the_reference() {
    let (setup, storage, outside) = (setup(20_000), storage(0), Outside::default());
    let options = with_checkpoints(512, &storage);
    let job = JobHandle::start(&setup.graph(&outside), &options, &Threads).unwrap();
    let checkpoint = job.checkpoint_now().wait();
    let ended = job.wait();
    assert!(matches!(ended, JobStatus::Finished), "{ended:?}");
    assert!(checkpoint.is_ok(), "{checkpoint:?}");
    let mut committed = outside.lock().unwrap().committed.clone();
    committed.sort_unstable();
    assert_eq!(committed, setup.expected());
    let stats = job.stats();
    let busy: u64 = stats.vertices.iter().flat_map(|v| &v.subtasks).map(|s| s.busy_us).sum();
    assert!(busy > 0);
    assert_eq!(stats.status, "finished");
}

/// Passes rows on until a gate closes; the gate's key is with the test.
struct Gated {
    arrived: SyncSender<()>,
    go: Receiver<()>,
    taken: Arc<AtomicU64>,
}

impl Sink for Gated {
    fn write(&mut self, batch: &ChangeBatch) -> Result<(), SinkError> {
        self.taken.fetch_add(batch.num_rows() as u64, Ordering::SeqCst);
        // Both ends may be gone once the test is over.
        self.arrived.try_send(()).ok();
        self.go.recv().ok();
        Ok(())
    }
}

#[test]
fn a_slow_sink_slows_the_source_down_to_the_bounds_of_the_queues() {
    let setup = Setup::new(generate(&mut SimRng::new(3), 1, 50_000, 50));
    let taken = Arc::new(AtomicU64::new(0));
    let (arrived, first_batch) = sync_channel(1);
    let (open_gate, go) = sync_channel(1);
    let parts = std::sync::Mutex::new(Some(Gated { arrived, go, taken: Arc::clone(&taken) }));
    let mut graph = JobGraph::new("slow");
    let source = graph.add(setup.source());
    let factory = move |context: pancake_dataflow::SubtaskContext| {
        let gated = parts.lock().unwrap().take().filter(|_| context.subtask == 0);
        Ok(match gated {
            Some(gated) => Box::new(gated) as Box<dyn Sink>,
            None => Box::new(Ignore),
        })
    };
    // Two subtasks, so that the edge is a queue; all rows go to the first.
    let sink = graph.add(vertex("sink", 2, VertexKind::Sink(Arc::new(factory))));
    graph.connect(source, sink, Exchange::Hash(vec![]));
    let mut options = options(100);
    (options.queue_rows_max, options.queue_messages_max) = (1000, 64);
    let job = JobHandle::start(&graph, &options, &Threads).unwrap();
    first_batch.recv().unwrap();
    // The sink holds a batch: wait until the queue behind it is full, not for a time.
    let is_full = || job.stats().vertices[1].subtasks.iter().any(|s| s.queue > 0.99);
    while !is_full() {
        std::thread::yield_now();
    }
    let waits = |stats: &pancake_dataflow::JobStats| stats.vertices[0].subtasks[0].backpressured_us;
    while waits(&job.stats()) == 0 {
        std::thread::yield_now();
    }
    let read = job.stats().vertices[0].subtasks[0].rows_in;
    // One batch in the sink, a full queue, one batch in the outbox.
    assert!(read <= 100 + 1000 + 100, "{read} rows were read");
    assert!(is_full());
    drop(open_gate);
    assert!(matches!(job.wait(), JobStatus::Finished));
    assert_eq!(taken.load(Ordering::SeqCst), 50_000);
}

struct Ignore;

impl Sink for Ignore {
    fn write(&mut self, _batch: &ChangeBatch) -> Result<(), SinkError> {
        Ok(())
    }
}

struct Panics(Arc<AtomicBool>);

impl Operator for Panics {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        assert!(!self.0.load(Ordering::SeqCst), "the operator has a bug");
        out.emit(batch);
        Ok(())
    }
}

fn with_bug(
    setup: &Setup,
    bug: bool,
    sink: impl Fn() -> Box<dyn Sink> + Send + Sync + 'static,
) -> JobGraph {
    let bug = Arc::new(AtomicBool::new(bug));
    let mut graph = JobGraph::new("bug");
    let source = graph.add(setup.source());
    let factory = move |_| Ok(Box::new(Panics(Arc::clone(&bug))) as Box<dyn Operator>);
    let operator = graph.add(vertex("buggy", 2, VertexKind::Operator(Arc::new(factory))));
    let sink = graph.add(vertex("sink", 2, VertexKind::Sink(Arc::new(move |_| Ok(sink())))));
    graph.connect(source, operator, Exchange::Rebalance);
    graph.connect(operator, sink, Exchange::Forward);
    graph
}

#[test]
fn a_panic_fails_its_job_and_no_other() {
    let setup = setup(5_000);
    let buggy = with_bug(&setup, true, || Box::new(Ignore));
    let sound = with_bug(&setup, false, || Box::new(Ignore));
    let failing = JobHandle::start(&buggy, &options(64), &Threads).unwrap();
    let other = JobHandle::start(&sound, &options(64), &Threads).unwrap();
    let JobStatus::Failed { error } = failing.wait() else { panic!("{:?}", failing.status()) };
    let TaskError::Panic { vertex, message } = error.as_ref() else { panic!("{error}") };
    assert_eq!((vertex.as_str(), message.as_str()), ("buggy", "the operator has a bug"));
    assert!(matches!(other.wait(), JobStatus::Finished));
    assert_eq!(failing.stats().error.unwrap(), "`buggy` panicked: the operator has a bug");
}

#[test]
fn a_stopped_job_is_gone_when_waited_for() {
    let setup = setup(200_000);
    let outside = Outside::default();
    let graph = setup.graph(&outside);
    let job = JobHandle::start(&graph, &options(1), &Threads).unwrap();
    job.stop(StopMode::Now).wait().unwrap();
    assert!(matches!(job.wait(), JobStatus::Cancelled));
    drop(graph);
    // Its threads and all they held are gone, although the handle is still here.
    assert_eq!(Arc::strong_count(&outside), 1);
    assert!(job.checkpoint_now().wait().is_err());
}
