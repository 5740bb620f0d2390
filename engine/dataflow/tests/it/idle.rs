//! Silent splits and silent sources: they hold nothing back, and come back without pulling time back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pancake_dataflow::{
    JobHandle, Pause, Polled, Simulation, Source, SourceError, SourceOutput, SourceVertex, SplitId,
    SplitState, VertexKind, Waker, WatermarkStrategy,
};
use pancake_types::Watermark;

use crate::support::{Outside, Row, Setup, batch, options, vertex};

/// What a scripted source does next.
#[derive(Clone, Debug)]
enum Act {
    Emit(&'static str, Vec<Row>),
    Wait(u64),
}

type Script = Arc<Mutex<Vec<Act>>>;

struct Scripted(Script);

impl Source for Scripted {
    fn set_waker(&mut self, _waker: Waker) {}

    fn open(&mut self, _restored: Vec<SplitState>) -> Result<Vec<SplitId>, SourceError> {
        Ok(vec![SplitId::new("a"), SplitId::new("b")])
    }

    fn poll(&mut self, _rows_max: usize, out: &mut SourceOutput) -> Result<Polled, SourceError> {
        let mut script = self.0.lock().unwrap();
        if script.is_empty() {
            return Ok(Polled::Pending);
        }
        match script.remove(0) {
            Act::Emit(split, rows) => {
                out.emit(&SplitId::new(split), batch(&rows));
                Ok(Polled::Emitted)
            }
            Act::Wait(ms) => Ok(Polled::PendingFor(Duration::from_millis(ms))),
        }
    }

    fn snapshot(&mut self) -> Result<Vec<SplitState>, SourceError> {
        Ok(Vec::new())
    }
}

/// Runs a script until nothing happens any more; the windows that fired and the last watermark.
fn run(script: Vec<Act>) -> (Vec<(i64, i64)>, Watermark, u64) {
    let mut setup = Setup::new(Vec::new());
    setup.delay_ms = 0;
    let outside = Outside::default();
    let script: Script = Arc::new(Mutex::new(script));
    let factory = move |_| Ok(Box::new(Scripted(Arc::clone(&script))) as Box<dyn Source>);
    let idle_timeout = Some(Duration::from_secs(1));
    let watermark = Some(WatermarkStrategy { rowtime: 0, delay_ms: 0, idle_timeout });
    let source = SourceVertex { factory: Arc::new(factory), prepare: None, watermark };
    let mut graph = pancake_dataflow::JobGraph::new("idle");
    let source = graph.add(vertex("rows", 1, VertexKind::Source(source)));
    let window = graph.add(setup.window());
    let sink = graph.add(setup.sink(&outside));
    graph.connect(source, window, pancake_dataflow::Exchange::Hash(vec![1]));
    graph.connect(window, sink, pancake_dataflow::Exchange::Forward);
    let simulation = Simulation::new(0);
    let job = JobHandle::start(&graph, &options(16), &simulation).unwrap();
    assert_eq!(simulation.run(100_000), Pause::Stuck);
    let stats = job.stats();
    let sink = &stats.vertices[2].subtasks[0];
    let late = stats.vertices[1].subtasks[0].gauges.late_rows;
    let windows = outside.lock().unwrap().written.iter().map(|row| (row.0, row.2)).collect();
    (windows, sink.watermark, late)
}

fn rows(times: &[i64]) -> Vec<Row> {
    times.iter().map(|time| (*time, 1, 1)).collect()
}

#[test]
fn an_active_split_that_is_behind_holds_the_watermark() {
    let script = vec![Act::Emit("a", rows(&[10, 500])), Act::Emit("b", rows(&[120]))];
    assert_eq!(run(script), (vec![(0, 1)], Watermark::from_millis(120), 0));
}

#[test]
fn a_silent_split_stops_holding_it_after_the_timeout() {
    let script = vec![
        Act::Emit("a", rows(&[10])),
        Act::Wait(999),
        Act::Emit("a", rows(&[350])),
        Act::Wait(1),
        Act::Emit("a", rows(&[360])),
    ];
    assert_eq!(run(script), (vec![(0, 1)], Watermark::from_millis(360), 0));
}

#[test]
fn a_split_that_comes_back_does_not_pull_the_watermark_back() {
    let script = vec![
        Act::Emit("a", rows(&[10])),
        Act::Wait(1000),
        Act::Emit("a", rows(&[350])),
        // Its row at 50 is late, the one at 320 is not; it holds the watermark until it has caught up.
        Act::Emit("b", rows(&[50, 320])),
        Act::Emit("a", rows(&[600])),
        Act::Emit("b", rows(&[450])),
    ];
    assert_eq!(run(script), (vec![(0, 1), (300, 2)], Watermark::from_millis(450), 1));
}
