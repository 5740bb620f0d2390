//! What is measured of the API and of inference, and `/metrics` in Prometheus' text format.
//!
//! * Base units, `_total` for counters, no user in a label; a route is its pattern, never a path with names in it.
//! * What the engine knows (topics, jobs, models) is read when it is asked for, not kept twice.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hdrhistogram::Histogram as Latencies;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{App, error::ApiError};

mod scrape;

/// Classic buckets of inference: 10 µs to 1 s.
const INFER_BUCKETS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0,
];
/// Slowest answer that is told apart from slower ones.
const LATENCY_US_MAX: u64 = 60_000_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    path: String,
    status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InferLabels {
    model: String,
    version: u32,
    route: String,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
}

type Seconds = Family<ModelLabels, Histogram, fn() -> Histogram>;

/// Counters of this process.
#[derive(Debug)]
pub(crate) struct Measures {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    infers: Family<InferLabels, Counter>,
    infer_seconds: Seconds,
    requests_all: AtomicU64,
    latencies: Mutex<Option<Latencies<u64>>>,
}

impl Measures {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("pancake");
        let requests = Family::default();
        registry.register("http_requests", "HTTP requests answered", requests.clone());
        let infers = Family::default();
        registry.register("infer_requests", "Inference requests answered", infers.clone());
        let infer_seconds = Seconds::new_with_constructor(|| Histogram::new(INFER_BUCKETS));
        registry.register(
            "infer_duration_seconds",
            "Time from a request's arrival to its answer",
            infer_seconds.clone(),
        );
        Self {
            registry,
            requests,
            infers,
            infer_seconds,
            requests_all: AtomicU64::new(0),
            latencies: Mutex::new(Latencies::new_with_max(LATENCY_US_MAX, 3).ok()),
        }
    }

    /// Requests answered since the start.
    pub(crate) fn requests(&self) -> u64 {
        self.requests_all.load(Ordering::Relaxed)
    }

    /// Inference answers since the start, and the 99th percentile of their time in milliseconds.
    pub(crate) fn inference(&self) -> (u64, Option<f64>) {
        let latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(all) = latencies.as_ref().filter(|all| !all.is_empty()) else { return (0, None) };
        (all.len(), Some(all.value_at_quantile(0.99) as f64 / 1_000.0))
    }

    /// Counts an inference request; `version` 0 stands for "no version answered".
    pub(crate) fn inferred(&self, model: &str, version: u32, code: u16, took: Duration) {
        let (model, route) = (model.to_owned(), "stable".to_owned());
        let seconds =
            self.infer_seconds.get_or_create(&ModelLabels { model: model.clone() }).clone();
        self.infers.get_or_create(&InferLabels { model, version, route, code }).inc();
        seconds.observe(took.as_secs_f64());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(all) = latencies.as_mut() {
            all.saturating_record(micros);
        }
    }

    fn answered(&self, method: &str, path: &str, status_code: u16) {
        self.requests_all.fetch_add(1, Ordering::Relaxed);
        let labels =
            RequestLabels { method: method.to_owned(), path: path.to_owned(), status_code };
        self.requests.get_or_create(&labels).inc();
    }
}

/// Counts every request that the gate let through, by the pattern of its route.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let path = path.as_ref().map_or("other", MatchedPath::as_str);
    app.measures.answered(known(&method), path, response.status().as_u16());
    response
}

/// A client may send any word as a method; a label has few values.
fn known(method: &axum::http::Method) -> &str {
    match method.as_str() {
        word @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => word,
        _ => "other",
    }
}

/// `GET /metrics`
pub(crate) async fn metrics(State(app): State<App>) -> Result<impl IntoResponse, ApiError> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut body = String::new();
    text::encode_registry(&mut body, &app.measures.registry)
        .and_then(|()| text::encode_registry(&mut body, &scrape::engine(&app)))
        .and_then(|()| text::encode_eof(&mut body))
        .map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], body))
}

/// Memory that this process holds, where the system tells it.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inference_is_counted_and_timed() {
        let measures = Measures::new();
        assert_eq!(measures.inference(), (0, None));
        for ms in 1..=100 {
            measures.inferred("likes", 2, 200, Duration::from_millis(ms));
        }
        let (answers, p99) = measures.inference();
        assert_eq!(answers, 100);
        assert!((p99.unwrap() - 99.0).abs() < 0.2, "{p99:?}");
        let mut text = String::new();
        text::encode_registry(&mut text, &measures.registry).unwrap();
        let counted = r#"pancake_infer_requests_total{model="likes",version="2",route="stable",code="200"} 100"#;
        assert!(text.contains(counted), "{text}");
        assert!(
            text.contains(r#"pancake_infer_duration_seconds_bucket{le="0.05",model="likes"} 50"#)
        );
    }

    #[test]
    fn a_made_up_method_is_no_new_label() {
        assert_eq!(known(&axum::http::Method::GET), "GET");
        assert_eq!(known(&axum::http::Method::from_bytes(b"MADEUP").unwrap()), "other");
    }
}
