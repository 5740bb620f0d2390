//! Figures of the engine at the moment of a scrape.

use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge, info::Info},
    registry::Registry,
};

use super::resident_bytes;
use crate::App;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Topic {
    topic: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Job {
    job: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Group {
    group: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    model: String,
    version: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Model {
    model: String,
}

type Count<L> = Family<L, Gauge<i64, AtomicI64>>;
type Amount<L> = Family<L, Gauge<f64, AtomicU64>>;

/// A registry with what the engine is now.
pub(super) fn engine(app: &App) -> Registry {
    let mut registry = Registry::with_prefix("pancake");
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The running program", build);
    if let Some(bytes) = resident_bytes() {
        let memory: Gauge<i64, AtomicI64> = Gauge::default();
        memory.set(bytes.cast_signed());
        registry.register("resident_memory_bytes", "Memory that the process holds", memory);
    }
    let live: Gauge<i64, AtomicI64> = Gauge::default();
    live.set(i64::try_from(app.hub.seated()).unwrap_or(i64::MAX));
    registry.register("live_connections", "Pages that follow the server", live);
    topics(app, &mut registry);
    jobs(app, &mut registry);
    models(app, &mut registry);
    registry
}

fn topics(app: &App, registry: &mut Registry) {
    let (records, bytes, lag) = (Count::default(), Count::default(), Count::default());
    for view in app.node.topics() {
        let topic = Topic { topic: view.name };
        records.get_or_create(&topic).set(view.records.cast_signed());
        bytes.get_or_create(&topic).set(view.bytes.cast_signed());
    }
    for group in app.node.groups() {
        lag.get_or_create(&Group { group: group.id }).set(group.lag.cast_signed());
    }
    registry.register("topic_records", "Records that can be read", records);
    registry.register("topic_bytes", "Bytes on disk", bytes);
    registry.register("group_lag_records", "Records that a group has not read", lag);
}

fn jobs(app: &App, registry: &mut Registry) {
    let (states, rows_in, rows_out) = (Count::default(), Count::default(), Count::default());
    let (late, malformed) = (Count::default(), Count::default());
    for view in app.node.jobs() {
        states.get_or_create(&State { state: view.state }).inc();
        let job = Job { job: view.name };
        rows_in.get_or_create(&job).set(view.rows_in.cast_signed());
        rows_out.get_or_create(&job).set(view.rows_out.cast_signed());
        late.get_or_create(&job).set(view.late_rows.cast_signed());
        malformed.get_or_create(&job).set(view.malformed.cast_signed());
    }
    registry.register("jobs", "Jobs by state", states);
    registry.register("job_rows_in", "Rows that a job has read", rows_in);
    registry.register("job_rows_out", "Rows that a job has written", rows_out);
    registry.register("job_late_rows", "Rows that came after their window had closed", late);
    registry.register("job_malformed_records", "Records that could not be decoded", malformed);
}

fn models(app: &App, registry: &mut Registry) {
    let (info, age): (Count<Version>, Amount<Model>) = (Count::default(), Amount::default());
    for view in app.node.models() {
        if let Some(version) = view.serving {
            info.get_or_create(&Version { model: view.name.clone(), version }).set(1);
        }
        if let Some(age_ms) = view.online.and_then(|online| online.age_ms) {
            age.get_or_create(&Model { model: view.name }).set(age_ms as f64 / 1_000.0);
        }
    }
    registry.register("model_info", "The version that is served", info);
    registry.register(
        "model_age_seconds",
        "Time from the newest event's append to its being served",
        age,
    );
}
