//! The whole workshop in this process: the engine, its listeners, the web, and the file that says where it is.
//!
//! * Ports are bound before anything is restored, so that a port in use costs nothing.
//! * `run.json` is written, whole, when everything is ready, and removed by a clean stop.
//! * An engine of a command's own takes free ports and writes no `run.json` that others would find stale: it does
//!   write it, so that the commands of lab cells find it, and removes it when it stops.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use pancake_node::{Home, Node, NodeOptions, write_whole};
use pancake_types::{Clock, SystemClock};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Global,
    client::Running,
    config::Config,
    failure::{Failure, Outcome},
    ports::{self, Listeners, Port},
    world,
};

/// How long the web may take to finish its answers.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);

/// Where an engine listens.
#[derive(Clone, Debug)]
pub(crate) struct Ports {
    pub(crate) web: Port,
    pub(crate) kafka: Port,
    /// Inside the all-in-one image: listen on all addresses of the container.
    pub(crate) published: bool,
}

impl Ports {
    /// Any ports that are free.
    pub(crate) fn free() -> Self {
        Self { web: Port::Free, kafka: Port::Free, published: false }
    }
}

/// A running workshop. Stops, cleanly, when dropped.
#[derive(Debug)]
pub(crate) struct Engine {
    runtime: Option<Runtime>,
    node: Node,
    running: Running,
    login: String,
    ready_ms: u64,
    home: std::path::PathBuf,
    shutdown: CancellationToken,
    web: Option<tokio::task::JoinHandle<()>>,
}
