//! What can go wrong in the broker, one enum per family of operations.

use std::path::PathBuf;

use pancake_log::{
    AppendError, CloseError, MaintenanceError, ReadError, RecoverError, StorageError, SyncError,
    batch::BatchError,
};
use pancake_types::{NameError, TopicName, TopicPartition};

/// Why a broker could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log directory cannot be made or read.
    #[error("cannot use {} as log directory", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A partition's log cannot be opened.
    #[error("cannot open the log of {partition}")]
    Partition {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        source: RecoverError,
    },
    /// The broker's own log cannot be opened.
    #[error("cannot open the broker's state log")]
    State(#[from] StateError),
    /// A thread for housekeeping cannot be started.
    #[error("cannot start the broker's housekeeping thread")]
    Thread(#[source] std::io::Error),
}

/// Why the broker's own log failed.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be opened.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A batch of it is damaged.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A record is not what this version writes.
    #[error("a record of the state log does not parse")]
    Parse(#[from] serde_json::Error),
    /// It cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It cannot be made durable.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

/// Why a topic could not be created, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// The name is not a topic's.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is such a topic already.
    #[error("topic `{topic}` exists already")]
    Exists {
        /// The topic.
        topic: TopicName,
    },
    /// There is no such topic.
    #[error("topic `{topic}` does not exist")]
    Unknown {
        /// What was asked for.
        topic: String,
    },
    /// The topic belongs to the process.
    #[error("topic `{topic}` belongs to the process and cannot be changed by clients")]
    Internal {
        /// The topic.
        topic: TopicName,
    },
    /// A number of partitions that cannot be.
    #[error("{asked} partitions are not possible; there are {now} and at most {limit} may be")]
    Partitions {
        /// What was asked for.
        asked: i64,
        /// How many the topic has.
        now: usize,
        /// How many it may have.
        limit: usize,
    },
    /// No setting has this name.
    #[error("no setting is named `{name}`")]
    UnknownConfig {
        /// What was given.
        name: String,
    },
    /// A setting cannot have this value.
    #[error("setting `{name}` cannot be `{value}`: {expected} is needed")]
    InvalidConfig {
        /// The setting.
        name: String,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A partition's log cannot be opened.
    #[error("cannot open the log of {partition}")]
    Open {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        source: RecoverError,
    },
    /// The change cannot be stored.
    #[error(transparent)]
    State(#[from] StateError),
    /// The topic's directories cannot be removed.
    #[error("cannot remove {}", path.display())]
    Remove {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why records could not be appended.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// There is no such partition.
    #[error("there is no partition {partition}")]
    UnknownPartition {
        /// What was asked for.
        partition: TopicPartition,
    },
    /// No records were given.
    #[error("there are no records to append")]
    Empty,
    /// The log refused them.
    #[error("cannot append to {partition}")]
    Append {
        /// Where to.
        partition: TopicPartition,
        /// Why.
        source: AppendError,
    },
    /// They are in the log and could not be made durable.
    #[error("cannot make {partition} durable")]
    Sync {
        /// Where.
        partition: TopicPartition,
        /// Why.
        source: SyncError,
    },
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no such partition.
    #[error("there is no partition {partition}")]
    UnknownPartition {
        /// What was asked for.
        partition: TopicPartition,
    },
    /// The log could not give them.
    #[error("cannot read {partition}")]
    Read {
        /// Where from.
        partition: TopicPartition,
        /// Why.
        source: ReadError,
    },
    /// A batch is damaged.
    #[error("a batch of {partition} does not decode")]
    Decode {
        /// Where from.
        partition: TopicPartition,
        /// Why.
        source: BatchError,
    },
}

/// Why a group could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group.
    #[error("there is no group `{group}`")]
    Unknown {
        /// What was asked for.
        group: String,
    },
    /// The group has members, so its offsets are theirs.
    #[error("group `{group}` has members; stop them first")]
    NotEmpty {
        /// The group.
        group: String,
    },
    /// The group has more offsets than it may.
    #[error("group `{group}` has committed {limit} offsets; no more are allowed")]
    TooManyOffsets {
        /// The group.
        group: String,
        /// How many are allowed.
        limit: usize,
    },
    /// The change cannot be stored.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Why a broker could not be closed cleanly; the next open recovers.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// A partition's log cannot be closed.
    #[error("cannot close the log of {partition}")]
    Partition {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        source: CloseError,
    },
    /// The broker's own log cannot be closed.
    #[error("cannot close the state log")]
    State(#[source] CloseError),
}

/// Why records could not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum TruncateError {
    /// There is no such partition.
    #[error("there is no partition {partition}")]
    UnknownPartition {
        /// What was asked for.
        partition: TopicPartition,
    },
    /// The log refused.
    #[error("cannot delete records of {partition}")]
    Log {
        /// Where.
        partition: TopicPartition,
        /// Why.
        source: MaintenanceError,
    },
}

impl From<StorageError> for StateError {
    fn from(source: StorageError) -> Self {
        Self::Append(AppendError::Storage(source))
    }
}
