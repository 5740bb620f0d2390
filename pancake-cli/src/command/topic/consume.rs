//! `pancake topic consume`: records as they are, from any place, to the end or for ever.

use std::{collections::BTreeSet, process::ExitCode, time::Duration};

use clap::Args;
use rdkafka::{
    Message as _, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Headers as _,
    topic_partition_list::Offset,
};
use serde_json::{Value, json};

use super::{Context, Start, one, read_offset};
use crate::{
    failure::Outcome,
    kafka::{ANSWER_WAIT_MAX, BrokerArgs, Kafka},
    output::{Tone, paint},
    time,
};

/// Longest single wait; the loop looks for its end in between.
const POLL_WAIT: Duration = Duration::from_millis(200);

/// Read records
#[derive(Args, Debug)]
pub(crate) struct ConsumeArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Topic
    topic: String,
    /// Where to begin: earliest, latest, an offset, -N for the last N, or a time
    #[arg(long, short, default_value = "earliest", allow_hyphen_values = true)]
    offset: String,
    /// Only this partition
    #[arg(long, short)]
    partition: Option<i32>,
    /// End after so many records
    #[arg(long, short = 'n', value_name = "N")]
    max: Option<u64>,
    /// Go on for ever, waiting for what comes
    #[arg(long, short)]
    follow: bool,
    /// Read as a member of this group, and commit what was read
    #[arg(long, short)]
    group: Option<String>,
    /// Print only values
    #[arg(long)]
    values: bool,
}

pub(super) fn run(ctx: &mut Context<'_>, args: &ConsumeArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let topic = one(&kafka, &args.topic)?;
    let consumer = match &args.group {
        Some(group) => kafka.consumer_of(group)?,
        None => kafka.consumer()?,
    };
    let partitions: Vec<i32> = topic
        .partitions
        .iter()
        .map(|p| p.partition)
        .filter(|p| args.partition.is_none_or(|wanted| wanted == *p))
        .collect();
    assign(&kafka, &consumer, args, &partitions)?;
    let mut open: BTreeSet<i32> = partitions.into_iter().collect();
    let mut shown = 0;
    while args.max.is_none_or(|max| shown < max) && (args.follow || !open.is_empty()) {
        match consumer.poll(POLL_WAIT) {
            None => {}
            Some(Ok(message)) => {
                show(ctx, args, &message)?;
                shown += 1;
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) => return Err(kafka.failure(&error)),
        }
    }
    if args.group.is_some() && shown > 0 {
        consumer
            .commit_consumer_state(rdkafka::consumer::CommitMode::Sync)
            .map_err(|e| kafka.failure(&e))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Takes the partitions at the wanted places; a group's committed offsets win over `--offset`.
fn assign(
    kafka: &Kafka,
    consumer: &BaseConsumer,
    args: &ConsumeArgs,
    partitions: &[i32],
) -> Outcome<()> {
    let start = read_offset(&args.offset)?;
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        let place = match start {
            Start::At(offset) => offset,
            Start::Time(ms) => Offset::Offset(ms),
        };
        list.add_partition_offset(&args.topic, *partition, place).map_err(|e| kafka.failure(&e))?;
    }
    if matches!(start, Start::Time(_)) {
        list = consumer.offsets_for_times(list, ANSWER_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    }
    if args.group.is_some() {
        let committed = consumer
            .committed_offsets(list.clone(), ANSWER_WAIT_MAX)
            .map_err(|e| kafka.failure(&e))?;
        for element in committed.elements() {
            if let Offset::Offset(at) = element.offset() {
                list.set_partition_offset(element.topic(), element.partition(), Offset::Offset(at))
                    .map_err(|e| kafka.failure(&e))?;
            }
        }
    }
    consumer.assign(&list).map_err(|e| kafka.failure(&e))
}

fn show(
    ctx: &mut Context<'_>,
    args: &ConsumeArgs,
    message: &rdkafka::message::BorrowedMessage<'_>,
) -> Outcome<()> {
    let text = |bytes: Option<&[u8]>| bytes.map(|b| String::from_utf8_lossy(b).into_owned());
    let (key, value) = (text(message.key()), text(message.payload()));
    let timestamp = message.timestamp().to_millis();
    if ctx.out.json() {
        let headers: Vec<Value> = message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|h| json!([h.key, text(h.value)])).collect()
        });
        let record = json!({
            "topic": message.topic(), "partition": message.partition(), "offset": message.offset(),
            "timestamp": timestamp, "key": key, "value": value, "headers": headers,
        });
        ctx.out.line(serde_json::to_string(&record)?);
    } else if args.values {
        ctx.out.line(value.unwrap_or_default());
    } else {
        let place = format!("{}@{}", message.partition(), message.offset());
        let when = timestamp.map_or_else(String::new, time::show);
        let key = key.unwrap_or_else(|| "–".to_owned());
        let value = value.unwrap_or_else(|| "–".to_owned());
        ctx.out
            .line(format!("{}  {key}  {value}", paint(Tone::Faint, format!("{place:>8}  {when}"))));
    }
    Ok(())
}
