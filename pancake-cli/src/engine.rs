//! The whole workshop in this process: the engine, its listeners, the web, and the file that says where it is.
//!
//! * Ports are bound before anything is restored, so that a port in use costs nothing.
//! * `run.json` is written, whole, when everything is ready, and removed by a clean stop.
//! * A workshop of a command's own takes free ports, and is found by other commands (those of lab cells) like any other.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use pancake_lab::Workshop;
use pancake_node::{Home, Node, NodeOptions, write_whole};
use pancake_types::{Clock, SystemClock};
use pancake_web::{Secret, Web, WebOptions};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Global,
    client::Running,
    config::Config,
    failure::{Failure, Outcome},
    labs,
    ports::{self, Port},
    world::Shop,
};

/// How long open requests may go on after the stop.
const STOP_WAIT_MAX: Duration = Duration::from_secs(5);
/// Threads that may block: queries, feeds, checks and answers at once.
const BLOCKING_THREADS_MAX: usize = 256;

/// Where an engine listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) web: Port,
    pub(crate) kafka: Port,
}

impl Ports {
    /// Any ports that are free.
    pub(crate) fn free() -> Self {
        Self { web: Port::Free, kafka: Port::Free }
    }
}

/// A running workshop. Stops when dropped.
#[derive(Debug)]
pub(crate) struct Engine {
    node: Node,
    workshop: Arc<Workshop>,
    shop: Arc<Shop>,
    running: Running,
    login_url: String,
    home: PathBuf,
    shutdown: CancellationToken,
    web: Option<JoinHandle<std::io::Result<()>>>,
    /// Last: everything above may need it to stop.
    runtime: Option<Runtime>,
}

impl Engine {
    /// Starts the workshop of a home and returns when it is ready.
    #[allow(
        clippy::too_many_lines,
        reason = "one start from top to bottom reads best in one piece"
    )]
    pub(crate) fn start(config: &Config, global: &Global, at: Ports) -> Outcome<Self> {
        let clock = SystemClock::new();
        let home = Home::open(&config.home)?;
        let web = ports::bind(at.web, "the pages", "--port")?;
        let kafka = ports::bind(at.kafka, "Kafka's protocol", "--kafka-port")?;
        home.name_holder(&format!("http://localhost:{}", web.port))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .enable_all()
            .build()?;
        let options = NodeOptions {
            clock: Arc::new(clock),
            kafka: format!("localhost:{}", kafka.port),
            process_start: Duration::ZERO,
            partitions: config.settings.log.partitions,
            auto_create: config.settings.log.auto_create,
            checkpoint_interval: Duration::from_millis(
                config.settings.engine.checkpoint_interval_ms,
            ),
            query_memory_bytes: (config.settings.engine.query_memory_mb << 20) as usize,
        };
        let dir = home.dir().to_path_buf();
        let guard = runtime.enter();
        let listeners = async_listeners(kafka.sockets)?.into_iter().map(|l| (l, None)).collect();
        let node = runtime.block_on(Node::open(home, options, listeners))?;
        let token =
            Secret::fresh().map_err(|e| Failure::environment("randomness", e.to_string()))?;
        let url = format!("http://localhost:{}", web.port);
        let shop = Arc::new(Shop {
            node: node.clone(),
            handle: runtime.handle().clone(),
            home: dir.clone(),
            url: url.clone(),
            token: token.reveal().to_owned(),
            clock,
        });
        let workshop = Arc::new(labs::workshop(global, &shop)?);
        let site = Web::open(WebOptions {
            node: node.clone(),
            workshop: Arc::clone(&workshop),
            home: dir.clone(),
            port: web.port,
            api_token: token.clone(),
            clock: Arc::new(clock),
        })
        .map_err(|e| Failure::environment("web", e.to_string()))?;
        let login_url = site.login_url().map_err(|e| Failure::environment("web", e.to_string()))?;
        let shutdown = CancellationToken::new();
        let sockets = async_listeners(web.sockets)?;
        let server = runtime.spawn(pancake_web::serve(sockets, site, shutdown.clone()));
        drop(guard);
        let running = Running {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url,
            kafka: node.view().kafka,
            token: token.reveal().to_owned(),
            started_at: clock.now().millis(),
        };
        let text = serde_json::to_vec_pretty(&running)?;
        write_whole(&Running::path(&dir), &text, 0o600)?;
        node.mark_ready();
        Ok(Self {
            node,
            workshop,
            shop,
            running,
            login_url,
            home: dir,
            shutdown,
            web: Some(server),
            runtime: Some(runtime),
        })
    }

    /// Where it is.
    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// A link that signs one browser in, once.
    pub(crate) fn login_url(&self) -> &str {
        &self.login_url
    }

    /// Milliseconds from process start to ready.
    pub(crate) fn ready_ms(&self) -> u64 {
        self.node.view().ready_ms
    }

    /// The labs over it.
    pub(crate) fn workshop(&self) -> &Arc<Workshop> {
        &self.workshop
    }

    /// Facts and acts of the engine, as the labs' tests need them.
    pub(crate) fn shop(&self) -> Arc<Shop> {
        Arc::clone(&self.shop)
    }

    /// Waits for a stop, or until something has changed, looked at every so often; says whether it was the change.
    pub(crate) fn wait_for_stop_or(
        &self,
        changed: impl Fn() -> bool,
        every: Duration,
    ) -> Outcome<bool> {
        let Some(runtime) = &self.runtime else { return Ok(false) };
        let asked = self.node.shutdown_requested();
        runtime
            .block_on(async {
                let mut ticks = tokio::time::interval(every);
                tokio::pin!(asked);
                loop {
                    tokio::select! {
                        pressed = tokio::signal::ctrl_c() => return pressed.map(|()| false),
                        () = &mut asked => return Ok(false),
                        _ = ticks.tick() => if changed() { return Ok(true) },
                    }
                }
            })
            .map_err(Failure::from)
    }

    /// Waits for Ctrl-C, a termination signal, `pancake down`, or the end of the server.
    pub(crate) fn wait_for_stop(&self) -> Outcome<()> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        let asked = self.node.shutdown_requested();
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                pressed = tokio::signal::ctrl_c() => pressed,
                _ = terminate.recv() => Ok(()),
                () = asked => Ok(()),
            }
        })?;
        Ok(())
    }

    /// Stops cleanly.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        self.stop_now()
    }

    fn stop_now(&mut self) -> Outcome<()> {
        let Some(runtime) = self.runtime.take() else { return Ok(()) };
        self.shutdown.cancel();
        if let Some(web) = self.web.take() {
            let ended = runtime.block_on(async { tokio::time::timeout(STOP_WAIT_MAX, web).await });
            if ended.is_err() {
                tracing::warn!("open requests were cut off");
            }
        }
        let closed = runtime.block_on(self.node.close());
        if let Err(error) = fs::remove_file(Running::path(&self.home)) {
            tracing::debug!(%error, "run.json was gone already");
        }
        runtime.shutdown_timeout(STOP_WAIT_MAX);
        Ok(closed?)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.stop_now() {
            tracing::error!(%error, "the workshop did not stop cleanly; the next start recovers");
        }
    }
}

fn async_listeners(sockets: Vec<std::net::TcpListener>) -> Outcome<Vec<TcpListener>> {
    sockets.into_iter().map(|s| Ok(TcpListener::from_std(s)?)).collect()
}
