//! What the broker shows of itself: copies of the moment.

use std::collections::BTreeMap;

use bytes::Bytes;
use pancake_types::{Offset, PartitionId, Timestamp, TopicName, TopicPartition};
use uuid::Uuid;

use crate::{broker::Inner, group::Group, group::GroupState, partition::Partition, topics::Topic};

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub id: Uuid,
    /// Whether it belongs to the process.
    pub internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionView>,
    /// Settings that differ from the defaults.
    pub config: BTreeMap<String, String>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// Its number.
    pub id: PartitionId,
    /// First offset that can be read.
    pub log_start_offset: Offset,
    /// Offset of the next record to come.
    pub log_end_offset: Offset,
    /// Bytes on disk.
    pub size_bytes: u64,
    /// When the last append was, if there was one since the broker was opened.
    pub last_append: Option<Timestamp>,
}

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: GroupState,
    /// Kind of its protocol, such as `consumer`.
    pub protocol_type: Option<String>,
    /// Assignment protocol, such as `range`.
    pub protocol: Option<String>,
    /// Members now.
    pub members: Vec<MemberView>,
    /// Committed offsets.
    pub offsets: Vec<GroupOffsetView>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Its id.
    pub member_id: String,
    /// The name that stays the same over restarts, if it has one.
    pub instance_id: Option<String>,
    /// What the client calls itself.
    pub client_id: String,
    /// Where it comes from.
    pub client_host: String,
    /// Its partitions; empty when its protocol is not a consumer's.
    pub assignment: Vec<TopicPartition>,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffsetView {
    /// The partition.
    pub partition: TopicPartition,
    /// The next record to read.
    pub committed: Offset,
    /// Text stored with it.
    pub metadata: String,
    /// Offset of the next record to come; absent when the partition is gone.
    pub end_offset: Option<Offset>,
    /// Records not yet read.
    pub lag: u64,
}

impl TopicView {
    pub(crate) fn of(topic: &Topic) -> Self {
        Self {
            name: topic.name.clone(),
            id: topic.id,
            internal: topic.name.is_internal(),
            partitions: topic.partitions.iter().map(|p| PartitionView::of(p)).collect(),
            config: topic.config.clone(),
        }
    }
}

impl PartitionView {
    fn of(partition: &Partition) -> Self {
        Self {
            id: partition.name.partition,
            log_start_offset: partition.log.start_offset(),
            log_end_offset: partition.log.end_offset(),
            size_bytes: partition.log.size_bytes(),
            last_append: partition.last_append(),
        }
    }
}

impl Inner {
    /// A group as it is now, or nothing if there is none.
    pub(crate) fn group_view(&self, id: &str) -> Option<GroupView> {
        let offsets = self.group_offsets(id);
        let mut view = GroupView {
            id: id.to_owned(),
            state: self.groups.state(id),
            protocol_type: None,
            protocol: None,
            members: Vec::new(),
            offsets,
        };
        if view.state == GroupState::Dead {
            return None;
        }
        self.groups.with(id, |group, _| view.fill(group));
        Some(view)
    }

    fn group_offsets(&self, id: &str) -> Vec<GroupOffsetView> {
        let committed = self.offsets.of_group(id).into_iter();
        committed
            .map(|(partition, c)| {
                let end_offset = self.topics.partition(&partition).map(|p| p.log.end_offset());
                let lag = end_offset.map_or(0, |end| end.since(c.offset));
                let (committed, metadata) = (c.offset, c.metadata);
                GroupOffsetView { partition, committed, metadata, end_offset, lag }
            })
            .collect()
    }
}

impl GroupView {
    fn fill(&mut self, group: &Group) {
        self.state = group.state;
        self.protocol_type.clone_from(&group.protocol_type);
        self.protocol.clone_from(&group.protocol);
        let members = group.members.iter();
        self.members = members
            .map(|(id, member)| MemberView {
                member_id: id.to_string(),
                instance_id: member.instance.clone(),
                client_id: member.client_id.clone(),
                client_host: member.client_host.clone(),
                assignment: assigned(&member.assignment).unwrap_or_default(),
            })
            .collect();
    }
}

/// Reads the partitions out of a consumer's assignment: version, topics with partitions, user data.
fn assigned(assignment: &Bytes) -> Option<Vec<TopicPartition>> {
    use crate::wire::{Reader, Str};
    let mut r = Reader::new(assignment.clone());
    let _version = r.i16().ok()?;
    let mut partitions = Vec::new();
    for _ in 0..r.i32().ok()? {
        let len = usize::try_from(r.i16().ok()?).ok()?;
        let topic = Str::from(String::from_utf8(r.take(len).ok()?.to_vec()).ok()?);
        let topic = TopicName::new(topic.as_str()).ok()?;
        for _ in 0..r.i32().ok()? {
            partitions.push(topic.partition(PartitionId::from_wire(r.i32().ok()?)?));
        }
    }
    Some(partitions)
}
