//! Consumer groups for people.

use pancake_broker::GroupError;
use pancake_types::PartitionId;

use crate::{
    NodeError,
    api::{GroupOffsetView, GroupView, MemberView, ReadFrom},
    blocking,
    node::Node,
    topics::{chain, name},
};

impl Node {
    /// All groups.
    pub fn groups(&self) -> Vec<GroupView> {
        self.broker().groups().into_iter().map(view).collect()
    }

    /// A group by id.
    ///
    /// # Errors
    /// `unknown_group`.
    pub fn group(&self, id: &str) -> Result<GroupView, NodeError> {
        self.broker().group(id).map(view).ok_or_else(|| unknown(id))
    }

    /// Forgets a group that has no members.
    ///
    /// # Errors
    /// `unknown_group`, `group_in_use`.
    pub async fn delete_group(&self, id: &str) -> Result<(), NodeError> {
        let (broker, id) = (self.broker().clone(), id.to_owned());
        blocking(move || broker.delete_group(&id).map_err(group_error)).await
    }

    /// Moves an empty group's place in one topic.
    ///
    /// # Errors
    /// `unknown_topic`, `group_in_use`.
    pub async fn reset_group(
        &self,
        id: &str,
        topic: &str,
        to: ReadFrom,
    ) -> Result<GroupView, NodeError> {
        let view = self.topic(topic)?;
        let topic = name(topic)?;
        let mut offsets = Vec::new();
        for p in &view.partitions {
            let at = topic.partition(PartitionId::new(p.partition));
            let offset = crate::topics::start(self.broker(), &at, p, to)?;
            offsets.push((at, pancake_types::Offset::new(offset)));
        }
        let (broker, group) = (self.broker().clone(), id.to_owned());
        blocking(move || broker.reset_offsets(&group, offsets).map_err(group_error)).await?;
        self.group(id)
    }
}

fn unknown(id: &str) -> NodeError {
    NodeError::not_found("unknown_group", format!("there is no group `{id}`"))
        .hint("`pancake group list` shows what there is")
}

fn group_error(error: GroupError) -> NodeError {
    match error {
        GroupError::Unknown { group } => unknown(&group),
        GroupError::NotEmpty { .. } => {
            NodeError::new(crate::ErrorKind::Conflict, "group_in_use", error.to_string())
        }
        GroupError::TooManyOffsets { .. } => NodeError::invalid("group_full", error.to_string()),
        GroupError::State(_) => {
            NodeError::new(crate::ErrorKind::Unavailable, "storage", chain(&error))
        }
    }
}

fn view(group: pancake_broker::GroupView) -> GroupView {
    let offsets: Vec<GroupOffsetView> = group
        .offsets
        .iter()
        .map(|o| GroupOffsetView {
            topic: o.partition.topic.to_string(),
            partition: o.partition.partition.get(),
            committed: o.committed.get(),
            end_offset: o.end_offset.unwrap_or(o.committed).get(),
            lag: o.lag,
        })
        .collect();
    GroupView {
        id: group.id,
        state: group.state.to_string(),
        protocol: group.protocol,
        members: group
            .members
            .into_iter()
            .map(|m| MemberView {
                member_id: m.member_id,
                client_id: m.client_id,
                host: m.client_host,
                assignment: m.assignment.iter().map(ToString::to_string).collect(),
            })
            .collect(),
        lag: offsets.iter().map(|o| o.lag).sum(),
        offsets,
    }
}
