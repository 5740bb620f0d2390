//! Signing in, staying in, and getting out.

use axum::http::{Method, StatusCode, header};
use serde_json::json;

use crate::testing::{Ask, Bench};

fn token(url: &str) -> &str {
    url.split_once("/login?t=").unwrap().1
}

/// Signs a browser in and gives its cookie's value.
pub(super) async fn sign_in(bench: &Bench) -> String {
    let url = bench.web.login_url().unwrap();
    let reply = bench.send(Ask::post("/api/v1/session", json!({ "token": token(&url) }))).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Path=/"), "{cookie}");
    cookie.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_link_signs_in_once_and_the_session_can_be_ended() {
    let bench = Bench::open().await;
    let url = bench.web.login_url().unwrap();
    assert!(url.starts_with("http://localhost:7070/login?t="));
    let exchange = || Ask::post("/api/v1/session", json!({ "token": token(&url) }));
    let first = bench.send(exchange()).await;
    assert_eq!(first.status, StatusCode::OK);
    let second = bench.send(exchange()).await;
    assert_eq!(
        (second.status, &second.json["code"]),
        (StatusCode::UNAUTHORIZED, &json!("used_token"))
    );
    assert!(second.json["hint"].as_str().unwrap().contains("pancake open"));

    let session = sign_in(&bench).await;
    let me = bench.send(Ask::get("/api/v1/me").on_page(&session)).await;
    assert_eq!((me.status, &me.json["attendee"]), (StatusCode::OK, &json!("me")));
    let ended = bench.send(Ask::new(Method::DELETE, "/api/v1/session").on_page(&session)).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let after = bench.send(Ask::get("/api/v1/me").on_page(&session)).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_two_secrets_are_never_taken_for_each_other() {
    let bench = Bench::open().await;
    let as_login = json!({ "token": crate::testing::TOKEN });
    let reply = bench.send(Ask::post("/api/v1/session", as_login)).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let url = bench.web.login_url().unwrap();
    let as_bearer = format!("Bearer {}", token(&url));
    let reply = bench.send(Ask::get("/api/v1/me").with(header::AUTHORIZATION, &as_bearer)).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    let reply = bench.send(Ask::get("/api/v1/me").on_page(crate::testing::TOKEN)).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_the_token_mints_links() {
    let bench = Bench::open().await;
    let session = sign_in(&bench).await;
    let page = bench.send(Ask::post("/api/v1/open", json!({})).on_page(&session)).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let cli = bench.send(Ask::post("/api/v1/open", json!({})).bearer()).await;
    let url = cli.json["url"].as_str().unwrap();
    let reply = bench.send(Ask::post("/api/v1/session", json!({ "token": token(url) }))).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_load_without_a_session_and_hold_no_data() {
    let bench = Bench::open().await;
    for path in ["/", "/login", "/lab/01-capital", "/anything"] {
        let page = bench.send(Ask::get(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.starts_with("<!doctype html>"), "{path}");
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache");
    }
    let page = bench.send(Ask::get("/")).await;
    let etag = page.headers[header::ETAG].to_str().unwrap().to_owned();
    let again = bench.send(Ask::get("/").with(header::IF_NONE_MATCH, &etag)).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(bench.send(Ask::get("/assets/absent.js")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn wrong_calls_are_answered_in_one_shape() {
    let bench = Bench::open().await;
    let cases = [
        (Ask::get("/api/v1/absent"), StatusCode::NOT_FOUND, "unknown_call"),
        (Ask::new(Method::PUT, "/api/v1/topics"), StatusCode::METHOD_NOT_ALLOWED, "wrong_method"),
        (Ask::new(Method::POST, "/api/v1/sql"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        (Ask::post("/api/v1/sql", json!({"sql": 7})), StatusCode::UNPROCESSABLE_ENTITY, "bad_json"),
        (Ask::get("/api/v1/topics/x/records?limit=no"), StatusCode::BAD_REQUEST, "bad_query"),
        (Ask::get("/api/v1/topics/x/records?from=end"), StatusCode::BAD_REQUEST, "bad_from"),
    ];
    for (ask, status, code) in cases {
        let reply = bench.send(ask.clone().bearer()).await;
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (status, &json!(code)),
            "{ask:?} {}",
            reply.text
        );
        assert!(reply.json["message"].is_string(), "{ask:?}");
    }
}
