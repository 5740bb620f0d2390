//! `pancake topic`: named logs of events.

mod consume;
mod produce;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use rdkafka::{
    admin::{NewTopic, TopicReplication},
    consumer::Consumer as _,
    topic_partition_list::Offset,
};
use serde::Serialize;

use super::Context;
use crate::{
    failure::{Failure, Outcome},
    kafka::{ANSWER_WAIT_MAX, BrokerArgs, Kafka, admin_options, wait},
    output::thousands,
};

#[derive(Subcommand, Debug)]
pub(crate) enum TopicCommand {
    /// List topics
    List(ListArgs),
    /// Make a topic
    Create(CreateArgs),
    /// Show a topic's partitions and offsets
    Describe(NameArgs),
    /// Delete a topic with everything in it
    Delete(NameArgs),
    /// Write records: from arguments, or one per line from standard input
    Produce(produce::ProduceArgs),
    /// Read records
    Consume(consume::ConsumeArgs),
}

/// List topics
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Also the workshop's own topics
    #[arg(long)]
    internal: bool,
}

/// Make a topic
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Name
    topic: String,
    /// Number of partitions
    #[arg(long, short, default_value_t = 1)]
    partitions: u32,
    /// Setting, as in `--config retention.ms=60000`; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
}

/// Name a topic
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Name
    topic: String,
}

/// A partition as a client sees it.
#[derive(Debug, Serialize)]
struct Partition {
    partition: i32,
    leader: i32,
    start_offset: i64,
    end_offset: i64,
}

/// A topic as a client sees it.
#[derive(Debug, Serialize)]
struct Topic {
    topic: String,
    records: i64,
    partitions: Vec<Partition>,
}

pub(crate) fn run(ctx: &mut Context<'_>, command: TopicCommand) -> Outcome {
    match command {
        TopicCommand::List(args) => list(ctx, &args),
        TopicCommand::Create(args) => create(ctx, &args),
        TopicCommand::Describe(args) => describe(ctx, &args),
        TopicCommand::Delete(args) => delete(ctx, &args),
        TopicCommand::Produce(args) => produce::run(ctx, &args),
        TopicCommand::Consume(args) => consume::run(ctx, &args),
    }
}

fn list(ctx: &mut Context<'_>, args: &ListArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let topics: Vec<Topic> = topics(&kafka, None)?
        .into_iter()
        .filter(|t| {
            args.internal || !(t.topic.starts_with("_pancake.") || t.topic.starts_with("__"))
        })
        .collect();
    ctx.out.value(&topics, |out, topics| {
        if topics.is_empty() {
            out.talk("no topics yet; `pancake topic create NAME`, or just write to one");
            return;
        }
        let rows = topics
            .iter()
            .map(|t| vec![t.topic.clone(), t.partitions.len().to_string(), count(t.records)]);
        out.table(&["topic", "partitions", "records"], rows.collect());
    });
    Ok(ExitCode::SUCCESS)
}

fn describe(ctx: &mut Context<'_>, args: &NameArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let topic = one(&kafka, &args.topic)?;
    ctx.out.value(&topic, |out, topic| {
        out.line(format!("{}: {} records", topic.topic, count(topic.records)));
        let rows = topic.partitions.iter().map(|p| {
            vec![
                p.partition.to_string(),
                count(p.start_offset),
                count(p.end_offset),
                count(p.end_offset - p.start_offset),
            ]
        });
        out.table(&["partition", "start offset", "end offset", "records"], rows.collect());
    });
    Ok(ExitCode::SUCCESS)
}

fn create(ctx: &mut Context<'_>, args: &CreateArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let partitions = i32::try_from(args.partitions).map_err(|_| {
        Failure::user("partitions", format!("{} partitions are too many", args.partitions))
    })?;
    let mut topic = NewTopic::new(&args.topic, partitions, TopicReplication::Fixed(1));
    for setting in &args.config {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            Failure::user("config", format!("`{setting}` is not NAME=VALUE"))
                .hint("as in `--config retention.ms=60000`")
        })?;
        topic = topic.set(name, value);
    }
    let results = wait(kafka.admin()?.create_topics([&topic], &admin_options()))?
        .map_err(|e| kafka.failure(&e))?;
    for result in results {
        result.map_err(|(name, code)| kafka.refused(&format!("topic `{name}`"), code))?;
    }
    let made = one(&kafka, &args.topic)?;
    ctx.out.value(&made, |out, t| {
        out.line(format!("topic {} made, with {} partitions", t.topic, t.partitions.len()));
    });
    Ok(ExitCode::SUCCESS)
}

fn delete(ctx: &mut Context<'_>, args: &NameArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let gone = one(&kafka, &args.topic)?;
    let results = wait(kafka.admin()?.delete_topics(&[&args.topic], &admin_options()))?
        .map_err(|e| kafka.failure(&e))?;
    for result in results {
        result.map_err(|(name, code)| kafka.refused(&format!("topic `{name}`"), code))?;
    }
    ctx.out.value(&gone, |out, t| {
        out.line(format!("topic {} deleted, with {} records", t.topic, count(t.records)));
    });
    Ok(ExitCode::SUCCESS)
}

/// One topic, which must be there.
fn one(kafka: &Kafka, name: &str) -> Outcome<Topic> {
    // The whole list is asked for, because asking for one name would make it.
    let all = topics(kafka, Some(name))?;
    let nearest = all
        .iter()
        .max_by(|a, b| {
            strsim::jaro_winkler(&a.topic, name).total_cmp(&strsim::jaro_winkler(&b.topic, name))
        })
        .map(|t| t.topic.clone());
    all.into_iter().find(|t| t.topic == name).ok_or_else(|| {
        let failure = Failure::user("unknown_topic", format!("there is no topic `{name}`"));
        match nearest {
            Some(near) if strsim::jaro_winkler(&near, name) > 0.8 => {
                failure.hint(format!("did you mean `{near}`?"))
            }
            _ => failure.hint("`pancake topic list` shows what there is"),
        }
    })
}

/// All topics; offsets are read only of `only`, if one is named.
fn topics(kafka: &Kafka, only: Option<&str>) -> Outcome<Vec<Topic>> {
    let consumer = kafka.consumer()?;
    let metadata = consumer.fetch_metadata(None, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    let mut topics = Vec::new();
    for topic in metadata.topics() {
        let mut partitions = Vec::new();
        for p in topic.partitions() {
            let wanted = only.is_none_or(|name| name == topic.name());
            let (start, end) = if wanted {
                consumer
                    .fetch_watermarks(topic.name(), p.id(), ANSWER_WAIT_MAX)
                    .map_err(|e| kafka.failure(&e))?
            } else {
                (0, 0)
            };
            partitions.push(Partition {
                partition: p.id(),
                leader: p.leader(),
                start_offset: start,
                end_offset: end,
            });
        }
        partitions.sort_by_key(|p| p.partition);
        let records = partitions.iter().map(|p| p.end_offset - p.start_offset).sum();
        topics.push(Topic { topic: topic.name().to_owned(), records, partitions });
    }
    topics.sort_by(|a, b| a.topic.cmp(&b.topic));
    Ok(topics)
}

fn count(n: i64) -> String {
    u64::try_from(n).map_or_else(|_| n.to_string(), thousands)
}

/// Reads where to begin: `earliest`, `latest`, an offset, `-N` for the last N, or a time.
pub(crate) fn read_offset(text: &str) -> Outcome<Start> {
    match text {
        "earliest" | "beginning" => Ok(Start::At(Offset::Beginning)),
        "latest" | "end" => Ok(Start::At(Offset::End)),
        _ => {
            if let Some(n) = text.strip_prefix('-').and_then(|n| n.parse::<i64>().ok()) {
                return Ok(Start::At(Offset::OffsetTail(n)));
            }
            if let Ok(n) = text.parse::<i64>() {
                return Ok(Start::At(Offset::Offset(n)));
            }
            crate::time::read(text).map(Start::Time).ok_or_else(|| {
                Failure::user("offset", format!("`{text}` is no place in a topic"))
                    .hint("`earliest`, `latest`, an offset, `-10` for the last ten, or a time like `2026-05-01 09:10:00`")
            })
        }
    }
}

/// Where to begin reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// A place that Kafka has a name for.
    At(Offset),
    /// The first record at or after a moment, in milliseconds since 1970.
    Time(i64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert_eq!(read_offset("earliest").unwrap(), Start::At(Offset::Beginning));
        assert_eq!(read_offset("-10").unwrap(), Start::At(Offset::OffsetTail(10)));
        assert_eq!(read_offset("417").unwrap(), Start::At(Offset::Offset(417)));
        assert!(matches!(read_offset("2026-05-01 09:10:00").unwrap(), Start::Time(_)));
        assert!(read_offset("soon").unwrap_err().hint.is_some());
    }
}
