//! The engine's handle: opened from a home, closed with last checkpoints, asked through its methods.
//!
//! * Opening restores everything: topics, catalog, models with their online updates, jobs from their last checkpoints,
//!   feeds where they stood.
//! * Closing is in the other order: first what writes stops, then the log is closed.
//!
//! Start reading at [`Node::open`].

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use pancake_broker::{Broker, BrokerOptions, HostPort, OpenError};
use pancake_connect::generator::Generators;
use pancake_log::FileStorage;
use pancake_types::{Clock, Storage, Timestamp};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    ErrorKind, NodeError,
    api::NodeView,
    blocking,
    feeds::Feeds,
    home::Home,
    jobs::{Jobs, JobsOptions},
    journal::Journal,
    models::Models,
    queries::{self, Tables},
    topics::chain,
};

/// How often ended jobs are noticed.
const SETTLE_EVERY: Duration = Duration::from_millis(200);
/// Topic of what attendees have done.
const PROGRESS_TOPIC: &str = "_pancake.progress";

/// How to open an engine.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// `host:port` that clients reach the log at.
    pub kafka: String,
    /// When the process started, on the clock's monotonic time.
    pub process_start: Duration,
    /// Partitions of a topic that is made by being written to.
    pub partitions: u32,
    /// Whether writing to an unknown topic makes it.
    pub auto_create: bool,
    /// Time between two checkpoints of a job.
    pub checkpoint_interval: Duration,
    /// Memory that bounded queries may take together, in bytes.
    pub query_memory_bytes: usize,
}

/// A running engine. Cheap to clone; all clones are the same engine.
#[derive(Clone, Debug)]
pub struct Node(Arc<Inner>);

/// The parts of a running engine.
#[derive(Debug)]
pub(crate) struct Inner {
    home: Home,
    options: NodeOptions,
    broker: Broker,
    pub(crate) tables: Tables,
    pub(crate) jobs: Jobs,
    pub(crate) models: Models,
    pub(crate) feeds: Feeds,
    progress: Journal,
    started_at: Timestamp,
    last_name: AtomicI64,
    ready: std::sync::OnceLock<Duration>,
    /// Asked for by whoever uses the API.
    shutdown: CancellationToken,
    /// Stops the engine's own tasks.
    stop: CancellationToken,
    tasks: std::sync::Mutex<JoinSet<()>>,
}

impl Node {
    /// Opens the engine of a home and restores all that was there; the listeners are served when it returns.
    ///
    /// # Errors
    /// `log_damaged`, `storage`: what cannot be restored is never guessed at.
    pub async fn open(
        home: Home,
        options: NodeOptions,
        listeners: Vec<(TcpListener, Option<HostPort>)>,
    ) -> Result<Self, NodeError> {
        let node = blocking(move || Self::restore(home, options)).await?;
        {
            let mut tasks = node.tasks();
            for (listener, advertised) in listeners {
                let broker = node.broker().clone();
                let stop = node.0.stop.clone();
                tasks.spawn(async move { broker.serve(listener, advertised, stop).await });
            }
            let (settling, stop) = (node.clone(), node.0.stop.clone());
            tasks.spawn(async move { settling.settle_jobs(stop).await });
        }
        Ok(node)
    }

    /// Everything that blocks.
    fn restore(home: Home, options: NodeOptions) -> Result<Self, NodeError> {
        let storage: Arc<dyn Storage> = Arc::new(FileStorage);
        let clock = Arc::clone(&options.clock);
        let mut broker_options =
            BrokerOptions::new(home.part("log")?, Arc::clone(&storage), Arc::clone(&clock));
        broker_options.default_partitions = options.partitions;
        broker_options.auto_create = options.auto_create;
        let broker = Broker::open(broker_options).map_err(|e| open_error(&e))?;
        let blobs = home.part("blobs")?;
        let generators = Generators { blobs: blobs.clone() };
        let tables = Tables::restore(&broker, &options)?;
        let models = Models::restore(&broker, Arc::clone(&clock), blobs)?;
        let jobs = Jobs::open(
            &broker,
            JobsOptions {
                storage,
                clock: Arc::clone(&clock),
                dir: home.part("jobs")?,
                checkpoint_interval: options.checkpoint_interval,
            },
        )?;
        let feeds = Feeds::restore(&broker, generators, Arc::clone(&clock))?;
        let progress = Journal::kept(&broker, PROGRESS_TOPIC)?;
        let node = Self(Arc::new(Inner {
            started_at: clock.now(),
            last_name: AtomicI64::new(0),
            home,
            options,
            broker,
            tables,
            jobs,
            models,
            feeds,
            progress,
            ready: std::sync::OnceLock::new(),
            shutdown: CancellationToken::new(),
            stop: CancellationToken::new(),
            tasks: std::sync::Mutex::default(),
        }));
        queries::resume_jobs(&node);
        Ok(node)
    }

    /// Notes that everything around the engine is ready too: ports accept, pages are served.
    pub fn mark_ready(&self) {
        let options = &self.0.options;
        self.0
            .ready
            .get_or_init(|| options.clock.monotonic().saturating_sub(options.process_start));
    }

    /// The running engine in one line.
    pub fn view(&self) -> NodeView {
        let topics = self.broker().topics();
        NodeView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            home: self.0.home.dir().display().to_string(),
            kafka: self.0.options.kafka.clone(),
            pid: std::process::id(),
            started_at: self.0.started_at.millis(),
            ready_ms: self.0.ready.get().map_or(0, |d| d.as_millis() as u64),
            topics: topics.iter().filter(|t| !t.internal).count(),
            jobs_running: self.0.jobs.running(),
            models: self.0.models.count(),
            log_bytes: topics.iter().flat_map(|t| &t.partitions).map(|p| p.size_bytes).sum(),
        }
    }

    /// The home that it holds.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// Where generated and pulled files lie.
    ///
    /// # Errors
    /// `home_unwritable`.
    pub fn blobs(&self) -> Result<PathBuf, NodeError> {
        self.0.home.part("blobs")
    }

    /// Appends one event of an attendee's progress; it is durable when this returns.
    ///
    /// # Errors
    /// `storage`.
    pub async fn append_progress(&self, key: &str, value: Vec<u8>) -> Result<(), NodeError> {
        let (node, key) = (self.clone(), key.to_owned());
        blocking(move || node.0.progress.append(&key, Some(value)).map(drop)).await
    }

    /// All progress in order, as key and event.
    ///
    /// # Errors
    /// `storage`.
    pub async fn read_progress(&self) -> Result<Vec<(String, Vec<u8>)>, NodeError> {
        let node = self.clone();
        blocking(move || {
            let records = node.0.progress.read()?.into_iter();
            Ok(records.filter_map(|(key, value)| Some((key, value?.to_vec()))).collect())
        })
        .await
    }

    /// Resolves when somebody asks the engine to stop.
    pub async fn shutdown_requested(&self) {
        self.0.shutdown.cancelled().await;
    }

    /// Asks the engine to stop; whoever runs it will.
    pub fn request_shutdown(&self) {
        self.0.shutdown.cancel();
    }

    /// Stops what writes, takes last checkpoints, closes the log.
    ///
    /// # Errors
    /// `storage`: the next start recovers.
    pub async fn close(&self) -> Result<(), NodeError> {
        let node = self.clone();
        blocking(move || {
            node.0.feeds.hold_all();
            node.0.models.hold_all();
            node.0.jobs.settle()?;
            node.0.jobs.hold_all();
            Ok(())
        })
        .await?;
        self.0.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks());
        while tasks.join_next().await.is_some() {}
        self.broker()
            .close()
            .await
            .map_err(|e| NodeError::new(ErrorKind::Unavailable, "storage", chain(&e)))
    }

    /// Notices jobs that have ended by themselves.
    async fn settle_jobs(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SETTLE_EVERY);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let node = self.clone();
            if let Err(error) = blocking(move || node.0.jobs.settle()).await {
                tracing::error!(%error, "the end of a job cannot be written down");
            }
        }
    }

    pub(crate) fn broker(&self) -> &Broker {
        &self.0.broker
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.options.clock
    }

    /// Wall time now, later than every time that this gave before: it names things.
    pub(crate) fn now_unique(&self) -> i64 {
        let now = self.clock().now().millis();
        let next = |last| Some(now.max(last + 1));
        self.0.last_name.fetch_update(Relaxed, Relaxed, next).map_or(now, |last| now.max(last + 1))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.0.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn open_error(error: &OpenError) -> NodeError {
    let (code, hint) = match error {
        OpenError::Partition { .. } => (
            "log_damaged",
            "damage before the recovery point is never cut off silently: restore the files, or move that partition's directory away and start again",
        ),
        _ => ("storage", "look at the disk: `pancake doctor`"),
    };
    NodeError::new(ErrorKind::Unavailable, code, chain(error)).hint(hint)
}
