//! Kafka's clients come in here: listeners, connections, and one handler per API.
//!
//! * Every connection is a task owned by its listener's [`Broker::serve`] call; nothing outlives that.
//! * A connection that breaks the protocol is closed and never harms another.
//!
//! Start reading at [`Broker::serve`], then `connection`, then `route`, then any handler.

mod connection;
mod errors;
mod fetching;
mod handlers;
mod route;

use std::sync::Arc;

use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{Broker, HostPort};

/// What all connections of a listener share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) broker: Broker,
    pub(crate) advertised: Option<HostPort>,
    /// One permit per KiB of requests and fetched batches in memory.
    pub(crate) memory: Arc<Semaphore>,
    pub(crate) shutdown: CancellationToken,
}

impl Broker {
    /// Serves Kafka's clients on a listener until `shutdown` is cancelled; call it once per listener.
    ///
    /// Clients are told to come back to `advertised`, or else to the address that they connected to.
    pub async fn serve(
        &self,
        listener: TcpListener,
        advertised: Option<HostPort>,
        shutdown: CancellationToken,
    ) {
        let limits = &self.0.options.limits;
        let slots = Arc::new(Semaphore::new(limits.connections_max));
        let memory = Arc::new(Semaphore::new(limits.in_flight_bytes_max / connection::KIB));
        let shared = Shared { broker: self.clone(), advertised, memory, shutdown };
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = shared.shutdown.cancelled() => break,
                Some(_ended) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let (socket, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: it passes when a connection ends.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                tracing::warn!(%peer, "refused: all connections are taken");
                continue;
            };
            let shared = shared.clone();
            connections.spawn(async move {
                connection::run(shared, socket, peer).await;
                drop(slot);
            });
        }
        connections.shutdown().await;
    }
}
