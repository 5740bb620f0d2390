//! The gate before every route and every upgrade.
//!
//! * A Host that is not ours is 421, whatever is asked: another name for this address is an attack (DNS rebinding).
//! * A foreign Origin on a call that changes something is 403; on an upgrade so is a missing one, unless a bearer comes.
//! * Everything under `/api/` wants a session or the API token, else 401; the one exception is the exchange of a login token.
//! * Names are compared whole: no prefix, no pattern.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{App, error::ApiError, secret::Digest};

/// What pages of this site may do: run their own scripts, talk to their own server, and nothing else.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; \
     frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The names under which this server answers, and their origins.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    hosts: Arc<[String]>,
    origins: Arc<[String]>,
}

impl Names {
    /// The names of loopback with the server's own port.
    pub(crate) fn loopback(port: u16) -> Self {
        let hosts = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("{host}:{port}"));
        let origins = hosts.iter().map(|host| format!("http://{host}")).collect();
        Self { hosts: hosts.into(), origins }
    }

    fn has_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known == host)
    }

    fn has_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == origin)
    }
}

/// Who asks. Handlers find it among the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody we know; only open paths let them through.
    Anyone,
    /// A program that holds the API token.
    Bearer,
    /// A browser that has signed in.
    Session(Digest),
}

/// Who may use a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone on this computer.
    Open,
    /// A session or the API token.
    Known,
}

/// Decides by the path alone, so that a route cannot forget to ask.
pub(crate) fn access(method: &Method, path: &str) -> Access {
    let signs_in = path == "/api/v1/session" && method == Method::POST;
    let is_api = path == "/api" || path.starts_with("/api/");
    if is_api && !signs_in { Access::Known } else { Access::Open }
}

/// Lets a request through, or says why not.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&app, &request) {
        Ok(who) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    };
    harden(response.headers_mut());
    response
}

fn admit(app: &App, request: &Request) -> Result<Who, ApiError> {
    let headers = request.headers();
    let host = text(headers, &header::HOST).unwrap_or_default();
    if !app.names.has_host(host) {
        return Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_host",
            format!("this server does not answer to the name {host:?}"),
        )
        .hint("use the address that `pancake open` prints"));
    }
    let who = identify(app, headers);
    check_origin(app, request, &who)?;
    if access(request.method(), request.uri().path()) == Access::Known && who == Who::Anyone {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "no_session",
            "sign in first: this asks for a session or the API token",
        )
        .hint("`pancake open` prints a link that signs this browser in"));
    }
    Ok(who)
}

fn identify(app: &App, headers: &HeaderMap) -> Who {
    let bearer = text(headers, &header::AUTHORIZATION).and_then(|v| v.strip_prefix("Bearer "));
    if bearer.is_some_and(|shown| Digest::of(shown).same(&app.api_token)) {
        return Who::Bearer;
    }
    // More cookies may carry the name than one of ours: cookies ignore ports, so a neighbour can set them.
    let name = app.cookie_name();
    let shown = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| Digest::of(value))
        .find(|digest| app.sessions.holds(digest, app.clock.now()));
    shown.map_or(Who::Anyone, Who::Session)
}

fn check_origin(app: &App, request: &Request, who: &Who) -> Result<(), ApiError> {
    let headers = request.headers();
    let upgrade = headers.contains_key(header::UPGRADE);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if !upgrade && !changes {
        return Ok(());
    }
    let allowed = match headers.get(header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|origin| app.names.has_origin(origin)),
        // Browsers always say where a page comes from; only programs leave it out, and they bring a token
        // or use what is open. A cookie alone, without an Origin, is not trusted to change anything.
        None if upgrade => *who == Who::Bearer,
        None => !matches!(who, Who::Session(_)),
    };
    if allowed {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "foreign_origin",
        "this call comes from another site, and only pages of this server may make it",
    ))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn harden(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole() {
        let names = Names::loopback(7070);
        for host in ["localhost:7070", "127.0.0.1:7070", "[::1]:7070"] {
            assert!(names.has_host(host), "{host}");
        }
        for host in ["", "localhost", "localhost:7071", "localhost:70700", "evil.localhost:7070"] {
            assert!(!names.has_host(host), "{host}");
        }
        assert!(names.has_origin("http://localhost:7070"));
        for origin in ["null", "http://localhost:7070.evil.example", "https://localhost:7070"] {
            assert!(!names.has_origin(origin), "{origin}");
        }
    }

    #[test]
    fn only_the_exchange_of_a_token_is_open_under_api() {
        assert_eq!(access(&Method::POST, "/api/v1/session"), Access::Open);
        assert_eq!(access(&Method::DELETE, "/api/v1/session"), Access::Known);
        assert_eq!(access(&Method::POST, "/api/v1/session/"), Access::Known);
        assert_eq!(access(&Method::GET, "/api/v1/anything"), Access::Known);
        assert_eq!(access(&Method::GET, "/api"), Access::Known);
        assert_eq!(access(&Method::GET, "/v2/models/x"), Access::Open);
    }
}
