//! `pancake group`: who reads what, and how far behind.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    metadata::MetadataTopic,
    topic_partition_list::Offset,
};
use serde::Serialize;

use super::{
    Context,
    topic::{Start, read_offset},
};
use crate::{
    failure::{Failure, Outcome},
    kafka::{ANSWER_WAIT_MAX, BrokerArgs, Kafka, admin_options, wait},
};

#[derive(Subcommand, Debug)]
pub(crate) enum GroupCommand {
    /// List groups
    List(BrokerArgs),
    /// Show a group's members and its place in every partition
    Describe(NameArgs),
    /// Move an empty group's place in a topic
    Reset(ResetArgs),
    /// Forget an empty group with its offsets
    Delete(NameArgs),
}

/// Name a group
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Id of the group
    group: String,
}

/// Move an empty group's place in a topic
#[derive(Args, Debug)]
pub(crate) struct ResetArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Id of the group
    group: String,
    /// Topic
    #[arg(long, short)]
    topic: String,
    /// New place: earliest, latest, an offset, or a time
    #[arg(long)]
    to: String,
}

/// A group as a client sees it.
#[derive(Debug, Serialize)]
struct Group {
    group: String,
    state: String,
    protocol: String,
    members: Vec<Member>,
    offsets: Vec<Place>,
    lag: i64,
}

#[derive(Debug, Serialize)]
struct Member {
    id: String,
    client: String,
    host: String,
}

#[derive(Debug, Serialize)]
struct Place {
    topic: String,
    partition: i32,
    committed: i64,
    end_offset: i64,
    lag: i64,
}

pub(crate) fn run(ctx: &mut Context<'_>, command: GroupCommand) -> Outcome {
    match command {
        GroupCommand::List(brokers) => list(ctx, &brokers),
        GroupCommand::Describe(args) => describe(ctx, &args),
        GroupCommand::Reset(args) => reset(ctx, &args),
        GroupCommand::Delete(args) => delete(ctx, &args),
    }
}

fn list(ctx: &mut Context<'_>, brokers: &BrokerArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, brokers)?;
    let groups = groups(&kafka, None)?;
    ctx.out.value(&groups, |out, groups| {
        if groups.is_empty() {
            out.talk("no groups; `pancake topic consume TOPIC --group NAME` makes one");
            return;
        }
        let rows = groups.iter().map(|g| {
            vec![g.group.clone(), g.state.clone(), g.members.len().to_string(), g.lag.to_string()]
        });
        out.table(&["group", "state", "members", "lag"], rows.collect());
    });
    Ok(ExitCode::SUCCESS)
}

fn describe(ctx: &mut Context<'_>, args: &NameArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let group = one(&kafka, &args.group)?;
    ctx.out.value(&group, |out, g| {
        out.line(format!(
            "{}: {}, {} members, {} records behind",
            g.group,
            g.state,
            g.members.len(),
            g.lag
        ));
        let members =
            g.members.iter().map(|m| vec![m.id.clone(), m.client.clone(), m.host.clone()]);
        out.table(&["member", "client", "host"], members.collect());
        let places = g.offsets.iter().map(|p| {
            vec![
                p.topic.clone(),
                p.partition.to_string(),
                p.committed.to_string(),
                p.end_offset.to_string(),
                p.lag.to_string(),
            ]
        });
        out.table(&["topic", "partition", "committed", "end", "lag"], places.collect());
    });
    Ok(ExitCode::SUCCESS)
}

fn delete(ctx: &mut Context<'_>, args: &NameArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let group = one(&kafka, &args.group)?;
    let results = wait(kafka.admin()?.delete_groups(&[&args.group], &admin_options()))?
        .map_err(|e| kafka.failure(&e))?;
    for result in results {
        result.map_err(|(name, code)| kafka.refused(&format!("group `{name}`"), code))?;
    }
    ctx.out.value(&group, |out, g| out.line(format!("group {} deleted", g.group)));
    Ok(ExitCode::SUCCESS)
}

fn reset(ctx: &mut Context<'_>, args: &ResetArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let start = read_offset(&args.to)?;
    if let Ok(group) = one(&kafka, &args.group)
        && !group.members.is_empty()
    {
        return Err(Failure::user(
            "group_in_use",
            format!("group `{}` has {} members", args.group, group.members.len()),
        )
        .hint("stop them first: a member would go on from its own place"));
    }
    let consumer = kafka.consumer_of(&args.group)?;
    let metadata = consumer
        .fetch_metadata(Some(&args.topic), ANSWER_WAIT_MAX)
        .map_err(|e| kafka.failure(&e))?;
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (low, high) = consumer
            .fetch_watermarks(&args.topic, partition.id(), ANSWER_WAIT_MAX)
            .map_err(|e| kafka.failure(&e))?;
        let place = match start {
            Start::At(Offset::End) => high,
            Start::At(Offset::Offset(at)) => at.clamp(low, high),
            Start::At(Offset::OffsetTail(n)) => (high - n).max(low),
            Start::Time(ms) => {
                at_time(&kafka, &consumer, (&args.topic, partition.id()), ms)?.unwrap_or(high)
            }
            Start::At(_) => low,
        };
        list.add_partition_offset(&args.topic, partition.id(), Offset::Offset(place))
            .map_err(|e| kafka.failure(&e))?;
    }
    consumer.commit(&list, CommitMode::Sync).map_err(|e| kafka.failure(&e))?;
    describe(ctx, &NameArgs { brokers: args.brokers.clone(), group: args.group.clone() })
}

/// Offset of the first record at or after a moment.
fn at_time(
    kafka: &Kafka,
    consumer: &BaseConsumer,
    (topic, partition): (&str, i32),
    ms: i64,
) -> Outcome<Option<i64>> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(ms))
        .map_err(|e| kafka.failure(&e))?;
    let found = consumer.offsets_for_times(list, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    Ok(found.elements().iter().find_map(|e| match e.offset() {
        Offset::Offset(at) => Some(at),
        _ => None,
    }))
}

fn one(kafka: &Kafka, id: &str) -> Outcome<Group> {
    groups(kafka, Some(id))?.into_iter().find(|g| g.group == id && g.state != "Dead").ok_or_else(
        || {
            Failure::user("unknown_group", format!("there is no group `{id}`"))
                .hint("`pancake group list` shows what there is")
        },
    )
}

fn groups(kafka: &Kafka, only: Option<&str>) -> Outcome<Vec<Group>> {
    let consumer = kafka.consumer()?;
    let list = consumer.fetch_group_list(only, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    let mut groups = Vec::new();
    for g in list.groups() {
        let offsets = places(kafka, g.name())?;
        groups.push(Group {
            group: g.name().to_owned(),
            state: g.state().to_owned(),
            protocol: g.protocol().to_owned(),
            members: g
                .members()
                .iter()
                .map(|m| Member {
                    id: m.id().to_owned(),
                    client: m.client_id().to_owned(),
                    host: m.client_host().to_owned(),
                })
                .collect(),
            lag: offsets.iter().map(|p| p.lag).sum(),
            offsets,
        });
    }
    groups.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(groups)
}

/// A group's committed offsets in all topics.
fn places(kafka: &Kafka, group: &str) -> Outcome<Vec<Place>> {
    let consumer = kafka.consumer_of(group)?;
    let metadata = consumer.fetch_metadata(None, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    let mut list = TopicPartitionList::new();
    for topic in metadata.topics() {
        for partition in topic.partitions() {
            list.add_partition(topic.name(), partition.id());
        }
    }
    let committed =
        consumer.committed_offsets(list, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    let mut places = Vec::new();
    for element in committed.elements() {
        let Offset::Offset(at) = element.offset() else { continue };
        let (_, end) = consumer
            .fetch_watermarks(element.topic(), element.partition(), ANSWER_WAIT_MAX)
            .map_err(|e| kafka.failure(&e))?;
        places.push(Place {
            topic: element.topic().to_owned(),
            partition: element.partition(),
            committed: at,
            end_offset: end,
            lag: (end - at).max(0),
        });
    }
    Ok(places)
}
