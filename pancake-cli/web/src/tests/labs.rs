//! A lab from its start to its pass, over the API.

use axum::http::StatusCode;
use serde_json::json;

use crate::testing::{Ask, Bench};

#[tokio::test]
async fn a_lab_is_begun_tried_and_passed() {
    let bench = Bench::open().await;
    let today = || async { bench.send(Ask::get("/api/v1/labs").bearer()).await.json[0].clone() };
    let post =
        |path: &str, body| bench.send(Ask::post(&format!("/api/v1/labs/{path}"), body).bearer());
    assert_eq!(today().await["started"], json!(false));

    let early = post("01-capital/check", json!({})).await;
    assert_eq!((early.status, &early.json["code"]), (StatusCode::CONFLICT, &json!("not_started")));
    assert_eq!(early.json["hint"], "run `pancake lab start 01-capital`");

    let started = post("1/start", json!({})).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text);
    let answered = post("01-capital/answers/capital", json!({"value": "Lyon"})).await;
    assert_eq!(answered.status, StatusCode::NO_CONTENT, "{}", answered.text);
    let checked = post("01-capital/check", json!({})).await;
    assert_eq!(checked.json[0]["verdict"], "fail", "{}", checked.text);
    assert!(checked.json[0]["message"].as_str().unwrap().contains("You said Lyon"));

    let page = bench.send(Ask::get("/api/v1/labs/capital/page").bearer()).await;
    assert_eq!(page.json["card"]["state"], "to_fix", "{}", page.text);
    assert_eq!(page.json["card"]["steps"][0]["checks"][0]["state"], "failed");
    assert!(page.json["pages"][0]["parts"].as_array().unwrap().len() >= 3);
    assert!(
        !page.text.contains("It lies on a river"),
        "hints are asked for, never read in passing"
    );

    let hint = post("capital/checks/named/hint", json!({})).await;
    assert!(hint.json["markdown"].as_str().unwrap().contains("river"), "{}", hint.text);
    post("capital/answers/capital", json!({"value": "Paris"})).await;
    let checked = post("capital/check", json!({"check": "named"})).await;
    assert_eq!(checked.json[0]["verdict"], "pass", "{}", checked.text);
    assert_eq!(today().await["passed"], json!(1));
}

#[tokio::test]
async fn unknown_names_are_404_with_what_may_have_been_meant() {
    let bench = Bench::open().await;
    let lab = bench.send(Ask::get("/api/v1/labs/01-capitol").bearer()).await;
    assert_eq!((lab.status, &lab.json["code"]), (StatusCode::NOT_FOUND, &json!("unknown_lab")));
    assert!(lab.json["hint"].as_str().unwrap().contains("01-capital"), "{}", lab.text);
    bench.send(Ask::post("/api/v1/labs/1/start", json!({})).bearer()).await;
    let check = bench.send(Ask::post("/api/v1/labs/1/check", json!({"check": "x"})).bearer()).await;
    assert_eq!(
        (check.status, &check.json["code"]),
        (StatusCode::NOT_FOUND, &json!("unknown_check"))
    );
}
