//! A broker for one test.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use pancake_broker::{Broker, BrokerOptions, Durability, NewRecord, TopicSpec};
use pancake_log::FileStorage;
use pancake_types::{PartitionId, SystemClock, TopicName, TopicPartition};
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A served broker with a runtime and a directory of its own.
pub(crate) struct TestBroker {
    pub(crate) broker: Broker,
    pub(crate) address: SocketAddr,
    pub(crate) runtime: Runtime,
    _stop: DropGuard,
    dir: Option<TempDir>,
}

pub(crate) fn options(dir: &Path) -> BrokerOptions {
    let (storage, clock) = (Arc::new(FileStorage), Arc::new(SystemClock::new()));
    BrokerOptions::new(dir.to_owned(), storage, clock)
}

impl TestBroker {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut BrokerOptions)) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut options = options(dir.path());
        change(&mut options);
        let mut broker = Self::serve(Broker::open(options).expect("a new broker opens"));
        broker.dir = Some(dir);
        broker
    }

    pub(crate) fn start_in(dir: &Path) -> Self {
        Self::serve(Broker::open(options(dir)).expect("the broker opens"))
    }

    fn serve(broker: Broker) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let stop = CancellationToken::new();
        let (served, token) = (broker.clone(), stop.clone());
        runtime.spawn(async move { served.serve(listener, None, token).await });
        Self { broker, address, runtime, _stop: stop.drop_guard(), dir: None }
    }

    pub(crate) fn create(&self, name: &str, partitions: u32) -> TopicName {
        let name = topic(name);
        let spec = TopicSpec { partitions: Some(partitions), ..TopicSpec::default() };
        self.broker.create_topic(&name, spec).expect("the topic is created");
        name
    }

    /// Appends texts to partition 0 from inside the process.
    pub(crate) fn fill(&self, name: &str, values: impl IntoIterator<Item = String>) {
        let records = values
            .into_iter()
            .map(|value| NewRecord { value: Some(value.into()), ..NewRecord::default() });
        let appended = self.broker.append(&first(name), records.collect(), Durability::Cache);
        appended.expect("the records are appended");
    }

    /// All values of partition 0, as text.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let at = first(name);
        let (mut from, end) = self.broker.bounds(&at).expect("the partition is there");
        let mut values = Vec::new();
        while from < end {
            let read = self.broker.read(&at, from, 1 << 20).expect("the log is read");
            let texts = read.records.into_iter().map(|r| r.value.unwrap_or_default());
            values.extend(texts.map(|v| String::from_utf8_lossy(&v).into_owned()));
            from = read.next;
        }
        values
    }
}

pub(crate) fn topic(name: &str) -> TopicName {
    TopicName::new(name).expect("a topic's name")
}

/// Partition 0 of a topic.
pub(crate) fn first(name: &str) -> TopicPartition {
    topic(name).partition(PartitionId::new(0))
}

/// A program on the path, or the reason why its test is skipped.
pub(crate) fn installed(program: &str, probe: &[&str]) -> Option<PathBuf> {
    let run = std::process::Command::new(program).args(probe).output();
    if run.is_ok_and(|output| output.status.success()) {
        return Some(program.into());
    }
    eprintln!("skipped: `{program} {}` does not run here; CI installs it", probe.join(" "));
    None
}
