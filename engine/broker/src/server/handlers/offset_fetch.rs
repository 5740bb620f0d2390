//! What groups have committed.

use std::collections::BTreeMap;

use super::offset_commit::at;
use crate::{
    offsets::Committed,
    server::route::{Context, Handle},
    wire::api::offset_fetch::{
        OffsetFetch, OffsetFetchRequest, OffsetFetchRequestTopic, OffsetFetchResponse,
        OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
    },
};

/// First version in which several groups may be asked for.
const MANY_FROM: i16 = 8;

impl Handle for OffsetFetch {
    async fn answer(ctx: &Context<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
        if ctx.version < MANY_FROM {
            let topics = fetch(ctx, request.group_id.as_str(), request.topics.as_deref());
            return OffsetFetchResponse { topics, ..OffsetFetchResponse::default() };
        }
        let groups = request.groups.into_iter().map(|group| OffsetFetchResponseGroup {
            topics: fetch(ctx, group.group_id.as_str(), group.topics.as_deref()),
            group_id: group.group_id,
            ..OffsetFetchResponseGroup::default()
        });
        OffsetFetchResponse { groups: groups.collect(), ..OffsetFetchResponse::default() }
    }
}

fn fetch(
    ctx: &Context<'_>,
    group: &str,
    asked: Option<&[OffsetFetchRequestTopic]>,
) -> Vec<OffsetFetchResponseTopic> {
    let offsets = &ctx.broker().0.offsets;
    let Some(asked) = asked else { return all(offsets.of_group(group)) };
    let of_topic = |topic: &OffsetFetchRequestTopic| {
        let one = |index: &i32| {
            let committed = at(topic.name.as_str(), *index).and_then(|at| offsets.get(group, &at));
            describe(*index, committed)
        };
        let partitions = topic.partition_indexes.iter().map(one).collect();
        OffsetFetchResponseTopic { name: topic.name.clone(), partitions }
    };
    asked.iter().map(of_topic).collect()
}

fn all(
    committed: Vec<(pancake_types::TopicPartition, Committed)>,
) -> Vec<OffsetFetchResponseTopic> {
    let mut topics: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (at, committed) in committed {
        let partition = describe(at.partition.to_wire(), Some(committed));
        topics.entry(at.topic).or_default().push(partition);
    }
    let describe = |(name, partitions): (pancake_types::TopicName, _)| OffsetFetchResponseTopic {
        name: name.as_str().into(),
        partitions,
    };
    topics.into_iter().map(describe).collect()
}

fn describe(partition_index: i32, committed: Option<Committed>) -> OffsetFetchResponsePartition {
    let mut described = OffsetFetchResponsePartition {
        partition_index,
        committed_offset: -1,
        metadata: Some("".into()),
        ..OffsetFetchResponsePartition::default()
    };
    if let Some(committed) = committed {
        described.committed_offset = committed.offset.to_wire();
        described.committed_leader_epoch = committed.leader_epoch.unwrap_or(-1);
        described.metadata = Some(committed.metadata.into());
    }
    described
}
