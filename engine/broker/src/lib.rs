//! The broker: Kafka's protocol over the log, on one node.
//!
//! * Any Kafka client works unchanged. What belongs to a cluster (replicas, epochs above zero, elections) is absent.
//! * A record, a committed offset or a topic that was acknowledged survives `kill -9`; with [`Durability::Fsync`] a power cut.
//! * A client never makes memory grow without a bound: see [`Limits`].
//! * Clients may read `_pancake.*` topics; only this process writes them, through [`Broker::append`].
//!
//! Start reading at [`Broker`]; a request's way begins in `server/connection.rs`.

mod broker;
mod config;
mod error;
mod group;
mod groups;
mod keeper;
mod lock;
mod offsets;
mod options;
mod partition;
mod partitioner;
mod producers;
mod server;
mod state;
mod topics;
mod view;
mod watch;
mod wire;

pub use broker::{Broker, Durability, NewRecord, ReadBatch};
pub use error::{
    FetchError, GroupError, OpenError, ProduceError, ShutdownError, StateError, TopicError,
    TruncateError,
};
pub use group::GroupState;
pub use options::{BrokerOptions, HostPort, Limits};
pub use pancake_log::batch::{Header, Record};
pub use partitioner::partition_for_key;
pub use topics::TopicSpec;
pub use view::{GroupOffsetView, GroupView, MemberView, PartitionView, TopicView};
pub use watch::{Subscription, Waker};
