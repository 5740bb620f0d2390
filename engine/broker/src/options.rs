//! What can be set for a broker, with a bound for everything that clients could make grow.

use std::{fmt, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use pancake_types::{Clock, Storage};

/// How to open a broker.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// Where the partitions' directories lie; `state/` in it is the broker's own.
    pub log_dir: PathBuf,
    /// The files.
    pub storage: Arc<dyn Storage>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Partitions of a topic that does not say how many.
    pub default_partitions: u32,
    /// Whether asking for a topic's metadata may create it.
    pub auto_create: bool,
    /// How often appended records are made durable in the background.
    pub sync_interval: Duration,
    /// How often retention and compaction look at the logs.
    pub cleanup_interval: Duration,
    /// How long a group's first rebalance waits for more members (Kafka's default is three seconds).
    pub initial_rebalance_delay: Duration,
    /// What clients may use.
    pub limits: Limits,
}

impl BrokerOptions {
    /// Options with their defaults, for a directory.
    pub fn new(log_dir: PathBuf, storage: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        Self {
            log_dir,
            storage,
            clock,
            default_partitions: 1,
            auto_create: true,
            sync_interval: Duration::from_secs(1),
            cleanup_interval: Duration::from_secs(30),
            initial_rebalance_delay: Duration::ZERO,
            limits: Limits::default(),
        }
    }
}

/// Bounds on what clients may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections per listener; one more is closed at once.
    pub connections_max: usize,
    /// Bytes of requests and of fetched batches that are in memory at once, over all connections.
    pub in_flight_bytes_max: usize,
    /// Largest frame of a Produce request (`socket.request.max.bytes`).
    pub produce_frame_bytes_max: usize,
    /// Most bytes in one Fetch response, beyond its first batch.
    pub fetch_bytes_max: usize,
    /// Responses of one connection that wait to be written.
    pub replies_max: usize,
    /// How long a client may take over a frame that it has begun to send, or a response it is sent.
    pub stall_max: Duration,
    /// Partitions of all topics together.
    pub partitions_max: usize,
    /// Groups.
    pub groups_max: usize,
    /// Members of one group (`group.max.size`).
    pub group_members_max: usize,
    /// Shortest session that a group's member may ask for.
    pub session_min: Duration,
    /// Longest session that a group's member may ask for.
    pub session_max: Duration,
    /// Bytes of text that may go with a committed offset.
    pub offset_metadata_bytes_max: usize,
    /// Offsets that one group may have committed.
    pub group_offsets_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            connections_max: 1024,
            in_flight_bytes_max: 256 * MIB,
            produce_frame_bytes_max: 100 * MIB,
            fetch_bytes_max: 16 * MIB,
            replies_max: 64,
            stall_max: Duration::from_secs(30),
            partitions_max: 4096,
            groups_max: 10_000,
            group_members_max: 1000,
            session_min: Duration::from_secs(1),
            session_max: Duration::from_mins(30),
            offset_metadata_bytes_max: 4096,
            group_offsets_max: 10_000,
        }
    }
}

/// Where clients reach a listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// Name or address of the host.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl HostPort {
    /// The address of a socket.
    pub(crate) fn of(ip: IpAddr, port: u16) -> Self {
        Self { host: ip.to_canonical().to_string(), port }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
