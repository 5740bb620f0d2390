//! From the table of routes to a server: the router with its layers, and listeners that stop together.

use std::{io, time::Duration};

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{App, Web, gate::gate, live::pump, measure, pages, routes};

/// Largest body of a request.
const BODY_BYTES_MAX: usize = 16 << 20;
/// How long open requests may go on after the stop was asked for.
const STOP_WAIT_MAX: Duration = Duration::from_secs(3);

/// All routes behind the gate, ready to be served or called in a test.
pub fn app(web: &Web) -> Router {
    let app = web.app().clone();
    let mut router: Router<App> = Router::new();
    for entry in routes::table() {
        router = router.route(entry.path, entry.handler);
    }
    router
        .fallback(pages::fallback)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), measure::count))
        // The gate is the outermost layer: nothing is counted, read or answered before it.
        .layer(middleware::from_fn_with_state(app.clone(), gate))
        .with_state(app)
}

/// Serves until `shutdown`; then streams end and open requests have [`STOP_WAIT_MAX`] to finish.
pub async fn serve(
    listeners: Vec<TcpListener>,
    web: Web,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = app(&web);
    let ending = web.app().shutdown.clone();
    let mut tasks = JoinSet::new();
    for listener in listeners {
        let stop = ending.clone().cancelled_owned();
        let server = axum::serve(listener, router.clone()).with_graceful_shutdown(stop);
        tasks.spawn(async move { server.await });
    }
    tasks.spawn(pump::run(web.app().clone()));
    tokio::select! {
        () = shutdown.cancelled() => {}
        // A listener that fails takes the others with it.
        Some(ended) = tasks.join_next() => {
            ending.cancel();
            return ended.unwrap_or_else(|e| Err(io::Error::other(e)));
        }
    }
    ending.cancel();
    let finished = tokio::time::timeout(STOP_WAIT_MAX, async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap_or_else(|e| Err(io::Error::other(e)))?;
        }
        Ok(())
    });
    finished.await.unwrap_or(Ok(()))
}
