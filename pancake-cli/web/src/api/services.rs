//! The parts of the running program with their real figures.

use axum::{Json, extract::State};
use pancake_node::api::{JobView, ModelView, NodeView, TopicView};

use crate::{
    App,
    measure::resident_bytes,
    views::{Fact, ServiceCard, ServiceState},
};

/// `GET /api/v1/services`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<ServiceCard>> {
    Json(cards(&app))
}

/// The services as the pages show them.
pub(crate) fn cards(app: &App) -> Vec<ServiceCard> {
    let node = app.node.view();
    let topics: Vec<TopicView> = app.node.topics().into_iter().filter(|t| !t.internal).collect();
    vec![log(&node, &topics), engine(&app.node.jobs()), serving(app, &app.node.models()), api(app)]
}

fn card(id: &str, title: &str, facts: Vec<Fact>) -> ServiceCard {
    let state = ServiceState::Ready;
    ServiceCard { id: id.to_owned(), title: title.to_owned(), state, address: None, facts }
}

fn log(node: &NodeView, topics: &[TopicView]) -> ServiceCard {
    let records: u64 = topics.iter().map(|t| t.records).sum();
    let facts = vec![
        Fact::new(records as f64, "record", ""),
        Fact::new(topics.len() as f64, "topic", ""),
        Fact::new(node.log_bytes as f64, "bytes", ""),
    ];
    ServiceCard { address: Some(node.kafka.clone()), ..card("log", "Log", facts) }
}

fn engine(jobs: &[JobView]) -> ServiceCard {
    let running = jobs.iter().filter(|j| j.state == "running").count();
    let failed = jobs.iter().filter(|j| j.state == "failed").count();
    let mut facts = vec![Fact::new(running as f64, "job", "running")];
    if failed > 0 {
        facts.push(Fact::new(failed as f64, "job", "failed"));
    }
    facts.extend(resident_bytes().map(|bytes| Fact::new(bytes as f64, "bytes", "in use")));
    let state = if failed > 0 { ServiceState::Failed } else { ServiceState::Ready };
    ServiceCard { state, ..card("engine", "SQL engine", facts) }
}

fn serving(app: &App, models: &[ModelView]) -> ServiceCard {
    let served = models.iter().filter(|m| m.serving.is_some()).count();
    let (answers, p99_ms) = app.measures.inference();
    let mut facts =
        vec![Fact::new(served as f64, "model", "served"), Fact::new(answers as f64, "answer", "")];
    facts.extend(p99_ms.map(|ms| Fact::new(ms, "ms", "p99")));
    let address = Some(format!("localhost:{}/v2", app.port));
    ServiceCard { address, ..card("serving", "Model server", facts) }
}

fn api(app: &App) -> ServiceCard {
    let facts = vec![
        Fact::new(app.measures.requests() as f64, "request", ""),
        Fact::new(app.hub.seated() as f64, "page", "open"),
    ];
    let address = Some(format!("localhost:{}/api/v1", app.port));
    ServiceCard { address, ..card("api", "API", facts) }
}
