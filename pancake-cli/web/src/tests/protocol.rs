//! The inference protocol's shapes where no model is, and the open paths.

use axum::http::{StatusCode, header};
use serde_json::json;

use crate::testing::{Ask, Bench};

#[tokio::test]
async fn the_server_says_what_it_is() {
    let bench = Bench::open().await;
    let server = bench.send(Ask::get("/v2")).await;
    assert_eq!(server.json["name"], "pancake");
    assert_eq!(server.json["extensions"], json!([]));
    assert_eq!(bench.send(Ask::get("/v2/health/live")).await.json, json!({"live": true}));
    assert_eq!(bench.send(Ask::get("/v2/health/ready")).await.json, json!({"ready": true}));
}

#[tokio::test]
async fn an_unknown_model_is_404_in_the_protocols_shape() {
    let bench = Bench::open().await;
    let input =
        json!({"inputs": [{"name": "user", "shape": [1], "datatype": "BYTES", "data": ["ann"]}]});
    for ask in [
        Ask::get("/v2/models/absent"),
        Ask::get("/v2/models/absent/ready"),
        Ask::get("/v2/models/absent/versions/3"),
        Ask::post("/v2/models/absent/infer", input.clone()),
        Ask::post("/v2/models/absent/versions/3/infer", input.clone()),
        Ask::get("/v2/absent"),
    ] {
        let reply = bench.send(ask.clone()).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{ask:?} {}", reply.text);
        assert!(
            reply.json["error"].is_string() && reply.json.as_object().unwrap().len() == 1,
            "{ask:?}"
        );
    }
    let wrong = bench.send(Ask::post("/v2/models/absent/infer", json!({"inputs": 7}))).await;
    assert!(wrong.status.is_client_error() && wrong.json["error"].is_string(), "{}", wrong.text);
    let api = bench.send(Ask::get("/api/v1/models/absent/recommendations/ann").bearer()).await;
    assert_eq!(api.status, StatusCode::NOT_FOUND);
    assert!(
        api.json["code"].is_string() && api.json["message"].as_str().unwrap().contains("absent")
    );
}

#[tokio::test]
async fn metrics_count_what_was_asked_by_pattern() {
    let bench = Bench::open().await;
    bench.send(Ask::get("/api/v1/topics/made-up-name").bearer()).await;
    bench.send(Ask::get("/v2/models/made-up-model")).await;
    bench.send(Ask::post("/v2/models/made-up-model/infer", json!({"inputs": []}))).await;
    let metrics = bench.send(Ask::get("/metrics")).await;
    assert!(
        metrics.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    let counted = r#"pancake_http_requests_total{method="GET",path="/api/v1/topics/{topic}",status_code="404"} 1"#;
    assert!(metrics.text.contains(counted), "{}", metrics.text);
    assert!(!metrics.text.contains("made-up"), "names that anybody can make up are no labels");
    assert!(metrics.text.contains("pancake_build_info{"));
    assert!(metrics.text.ends_with("# EOF\n"));
    assert_eq!(bench.send(Ask::get("/healthz")).await.text, "ok\n");
}
