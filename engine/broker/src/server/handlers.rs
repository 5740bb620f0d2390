//! One handler per API, each the same shape: read the request, ask the broker, describe the answer.

pub(crate) mod api_versions;
pub(crate) mod fetch;
pub(crate) mod produce;

mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod sync_group;

use std::sync::Arc;

use pancake_types::{PartitionId, TopicName};

use super::route::Context;
use crate::{error::TopicError, partition::Partition, topics::Topic};

/// This broker's number.
pub(super) const NODE_ID: i32 = 1;
/// The only leader epoch there ever is.
pub(super) const LEADER_EPOCH: i32 = 0;

/// The partition with a number as the wire writes it.
fn partition(topic: &Topic, index: i32) -> Option<&Arc<Partition>> {
    topic.partition(PartitionId::from_wire(index)?)
}

/// The partition of a topic by name.
fn find(ctx: &Context<'_>, topic: &str, index: i32) -> Option<Arc<Partition>> {
    let topic = ctx.broker().0.topics.get(topic)?;
    partition(&topic, index).cloned()
}

/// A name that clients may create, change or delete.
fn writable(name: &str) -> Result<TopicName, TopicError> {
    let topic = TopicName::new(name)?;
    if topic.is_internal() { Err(TopicError::Internal { topic }) } else { Ok(topic) }
}
