//! The embedded pages, and the frame in which output of strangers is shown.
//!
//! * Files under `assets/` carry a hash in their name and may be kept for ever; the page itself is asked for each time.
//! * An unknown path outside `assets/`, `api/` and `v2/` is a page of the single-page app.

use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use pancake_ui::Asset;
use serde_json::json;

use crate::error::ApiError;

/// Answers everything that no route names.
pub(crate) async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path == "/api" {
        let message = format!("no call is named {path}");
        return ApiError::new(StatusCode::NOT_FOUND, "unknown_call", message).into_response();
    }
    if path.starts_with("/v2/") {
        let body = Json(json!({ "error": format!("no call is named {path}") }));
        return (StatusCode::NOT_FOUND, body).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let name = path.trim_start_matches('/');
    let page = || if name.starts_with("assets/") { None } else { pancake_ui::get("index.html") };
    match pancake_ui::get(name).or_else(page) {
        Some(asset) => send(asset, request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Answers a path that is there, asked in a way that is not.
pub(crate) async fn wrong_method(request: Request) -> ApiError {
    let message = format!("{} does not take {}", request.uri().path(), request.method());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", message)
}

fn send(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let mut response = if asked.get(header::IF_NONE_MATCH).is_some_and(|v| v == asset.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let (body, encoding) = variant(asset, asked);
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(asset.path)));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let keep = if asset.path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// The smallest form that the browser takes.
fn variant(asset: &Asset, asked: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
    let takes = asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or("");
    let named = |word: &str| {
        takes.split(',').any(|part| {
            let (coding, quality) = part.split_once(';').unwrap_or((part, ""));
            coding.trim() == word && quality.trim() != "q=0"
        })
    };
    match (asset.br, asset.gz) {
        (Some(br), _) if named("br") => (br, Some("br")),
        (_, Some(gz)) if named("gzip") => (gz, Some("gzip")),
        _ => (asset.body, None),
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "css" => "text/css",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// A document of opaque origin: scripts in it reach no cookie, no storage, no network and no page around it.
pub(crate) async fn frame() -> impl IntoResponse {
    const SANDBOX: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; \
         style-src 'unsafe-inline'; img-src data: blob:; frame-ancestors 'self'";
    const DOCUMENT: &str = "<!doctype html><html lang=\"en\"><title>Output</title><body><script>\
         addEventListener('message', (event) => {\
           if (event.source !== parent) return;\
           const parts = document.createRange().createContextualFragment(event.data.html);\
           document.body.replaceChildren(parts);\
           parent.postMessage({ height: document.documentElement.scrollHeight }, '*');\
         });\
         parent.postMessage({ ready: true }, '*');\
         </script></body></html>";
    ([(header::CONTENT_SECURITY_POLICY, SANDBOX)], Html(DOCUMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSET: Asset = Asset {
        path: "assets/a.js",
        etag: "\"1\"",
        body: b"plain",
        br: Some(b"br"),
        gz: Some(b"gz"),
    };

    #[track_caller]
    fn check_variant(accept: &'static str, body: &[u8]) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        assert_eq!(variant(&ASSET, &headers).0, body, "{accept}");
    }

    #[test]
    fn the_smallest_form_that_is_taken() {
        check_variant("gzip, deflate, br", b"br");
        check_variant("gzip;q=0.8", b"gz");
        check_variant("br;q=0, gzip", b"gz");
        check_variant("identity", b"plain");
        check_variant("brotli", b"plain");
    }
}
