//! Walks the whole table of routes: no route may forget to ask.

use axum::http::{Method, StatusCode, header};

use crate::{
    gate::{Access, access},
    routes,
    testing::{Ask, Bench, PORT},
};

/// Every route and verb, with something in place of each variable.
fn walk() -> Vec<(Method, String)> {
    let routes = routes::table();
    assert!(routes.len() > 50, "the table is nearly empty: {}", routes.len());
    let filled = |path: &str| {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    routes
        .iter()
        .flat_map(|entry| entry.verbs.iter().map(|verb| (verb.clone(), filled(entry.path))))
        .collect()
}

/// Paths that no route names pass the same gate.
fn strays() -> Vec<(Method, String)> {
    let paths = ["/api/v1/nothing", "/api", "/api/v2/topics", "/api/v1/../v1/topics", "/nothing"];
    paths.into_iter().map(|path| (Method::GET, path.to_owned())).collect()
}

#[tokio::test]
async fn without_session_or_token_nothing_of_the_api_answers() {
    let bench = Bench::open().await;
    let mut known = 0;
    for (verb, path) in walk().into_iter().chain(strays()) {
        let reply = bench.send(Ask::new(verb.clone(), &path)).await;
        let asks = access(&verb, &path) == Access::Known;
        known += usize::from(asks);
        assert_eq!(
            reply.status == StatusCode::UNAUTHORIZED && reply.json["code"] == "no_session",
            asks,
            "{verb} {path}: {} {}",
            reply.status,
            reply.text
        );
        assert_eq!(
            asks,
            path.starts_with("/api") && (verb, path.as_str()) != (Method::POST, "/api/v1/session")
        );
    }
    assert!(known > 40, "{known}");
}

#[tokio::test]
async fn another_host_is_refused_everywhere_even_with_the_token() {
    let bench = Bench::open().await;
    for (verb, path) in walk().into_iter().chain(strays()) {
        for host in ["evil.example", "evil.example:7070", "localhost:7071", "localhost", ""] {
            let ask = Ask::new(verb.clone(), &path).bearer().with(header::HOST, host);
            let reply = bench.send(ask).await;
            assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST, "{verb} {path} as {host:?}");
        }
    }
}

#[tokio::test]
async fn another_site_changes_nothing_even_with_the_token() {
    let bench = Bench::open().await;
    let session = super::login::sign_in(&bench).await;
    let changing = walk().into_iter().filter(|(verb, _)| *verb != Method::GET);
    for (verb, path) in changing {
        for origin in
            ["http://evil.example", "null", "http://localhost:7071", "https://localhost:7070"]
        {
            let ask = Ask::new(verb.clone(), &path).on_page(&session).bearer();
            let reply = bench.send(ask.with(header::ORIGIN, origin)).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{verb} {path} from {origin}");
            assert_eq!(reply.json["code"], "foreign_origin");
        }
    }
}

#[tokio::test]
async fn a_cookie_without_an_origin_changes_nothing() {
    let bench = Bench::open().await;
    let session = super::login::sign_in(&bench).await;
    let cookie = format!("pancake_{PORT}={session}");
    let ask = Ask::post("/api/v1/shutdown", serde_json::json!({}));
    let reply = bench.send(ask.with(header::COOKIE, &cookie)).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_upgrade_asks_for_an_origin_of_ours_or_the_token() {
    let bench = Bench::open().await;
    let session = super::login::sign_in(&bench).await;
    let cookie = format!("pancake_{PORT}={session}");
    let upgrade = |path: &str| Ask::get(path).with(header::UPGRADE, "websocket");
    let paths: Vec<String> =
        walk().into_iter().filter(|(verb, _)| *verb == Method::GET).map(|(_, path)| path).collect();
    for path in paths {
        let missing = bench.send(upgrade(&path).with(header::COOKIE, &cookie)).await;
        assert_eq!(missing.status, StatusCode::FORBIDDEN, "{path} without an origin");
        let foreign = upgrade(&path).on_page(&session).with(header::ORIGIN, "http://evil.example");
        assert_eq!(bench.send(foreign).await.status, StatusCode::FORBIDDEN, "{path} from evil");
        let nobody = upgrade(&path).with(header::ORIGIN, "http://localhost:7070");
        let reply = bench.send(nobody).await;
        let asks = access(&Method::GET, &path) == Access::Known;
        assert_eq!(reply.status == StatusCode::UNAUTHORIZED, asks, "{path} without a session");
    }
}

#[tokio::test]
async fn every_answer_is_hardened_refusals_too() {
    let bench = Bench::open().await;
    for ask in [
        Ask::get("/"),
        Ask::get("/api/v1/me"),
        Ask::get("/healthz").with(header::HOST, "evil.example"),
        Ask::get("/assets/absent.js"),
    ] {
        let reply = bench.send(ask.clone()).await;
        let csp = reply.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(csp.contains("default-src 'none'"), "{ask:?}");
        assert_eq!(reply.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(reply.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(reply.headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(reply.headers["cross-origin-resource-policy"], "same-origin");
    }
    let frame = bench.send(Ask::get("/frame")).await;
    let csp = frame.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(csp.starts_with("sandbox allow-scripts;") && !csp.contains("allow-same-origin"));
}
