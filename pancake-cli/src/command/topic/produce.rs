//! `pancake topic produce`: records from arguments or lines.

use std::{
    io::{BufRead as _, IsTerminal as _},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use rdkafka::{
    error::KafkaError,
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer},
    types::RDKafkaErrorCode,
};
use std::sync::{Arc, Mutex};

use super::Context;
use crate::{
    failure::{Failure, Outcome},
    kafka::{BrokerArgs, Kafka},
    output::thousands,
};

/// Longest wait for the last acknowledgements.
const FLUSH_WAIT_MAX: Duration = Duration::from_secs(30);
/// Pause when the client's queue is full.
const QUEUE_PAUSE: Duration = Duration::from_millis(5);

/// Write records
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  pancake topic produce orders --value '{\"stand\":\"north\"}'\n  pancake topic produce orders --key-separator : < lines.txt"
)]
pub(crate) struct ProduceArgs {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// Topic; made if absent
    topic: String,
    /// Key of every record
    #[arg(long, short)]
    key: Option<String>,
    /// Value; may be given more than once. Lines of standard input if absent
    #[arg(long)]
    value: Vec<String>,
    /// Split each line into key and value at this text
    #[arg(long, short = 'K', value_name = "TEXT", conflicts_with = "key")]
    key_separator: Option<String>,
    /// Partition; chosen by key if absent
    #[arg(long, short)]
    partition: Option<i32>,
    /// Header, as NAME=VALUE; may be given more than once
    #[arg(long, short = 'H', value_name = "NAME=VALUE")]
    header: Vec<String>,
}

/// What the broker has said of our records.
#[derive(Clone, Debug, Default)]
struct Tally(Arc<Mutex<(u64, Option<KafkaError>)>>);

impl rdkafka::ClientContext for Tally {}

impl ProducerContext for Tally {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Ok(mut tally) = self.0.lock() {
            match result {
                Ok(_) => tally.0 += 1,
                Err((error, _)) => tally.1 = Some(error.clone()),
            }
        }
    }
}

pub(super) fn run(ctx: &mut Context<'_>, args: &ProduceArgs) -> Outcome {
    let kafka = Kafka::connect(ctx, &args.brokers)?;
    let tally = Tally::default();
    let producer: ThreadedProducer<Tally> = kafka
        .config()
        .set("linger.ms", "5")
        .set("enable.idempotence", "true")
        .create_with_context(tally.clone())
        .map_err(|e| kafka.failure(&e))?;
    let headers = headers(&args.header)?;
    if args.value.is_empty() {
        if std::io::stdin().is_terminal() {
            ctx.out.talk("one record per line; end with Ctrl-D");
        }
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            let (key, value) = match &args.key_separator {
                Some(separator) => line
                    .split_once(separator.as_str())
                    .map_or((None, line.as_str()), |(k, v)| (Some(k), v)),
                None => (args.key.as_deref(), line.as_str()),
            };
            send(&kafka, &producer, args, (key, value), headers.clone())?;
        }
    } else {
        for value in &args.value {
            send(&kafka, &producer, args, (args.key.as_deref(), value), headers.clone())?;
        }
    }
    producer.flush(FLUSH_WAIT_MAX).map_err(|e| kafka.failure(&e))?;
    let (written, error) = tally.0.lock().map_err(|_| Failure::bug("the tally was lost"))?.clone();
    if let Some(error) = error {
        let code = error.rdkafka_error_code();
        return Err(code.map_or_else(
            || kafka.failure(&error),
            |c| kafka.refused(&format!("topic `{}`", args.topic), c),
        ));
    }
    let answer = serde_json::json!({ "topic": args.topic, "records": written });
    ctx.out.value(&answer, |out, _| {
        out.talk(format!("{} records written to {}", thousands(written), args.topic));
    });
    Ok(ExitCode::SUCCESS)
}

fn headers(pairs: &[String]) -> Outcome<OwnedHeaders> {
    let mut headers = OwnedHeaders::new();
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| Failure::user("header", format!("`{pair}` is not NAME=VALUE")))?;
        headers = headers.insert(Header { key, value: Some(value) });
    }
    Ok(headers)
}

/// Queues one record, waiting while the client's queue is full.
fn send(
    kafka: &Kafka,
    producer: &ThreadedProducer<Tally>,
    args: &ProduceArgs,
    (key, value): (Option<&str>, &str),
    headers: OwnedHeaders,
) -> Outcome<()> {
    let mut record = BaseRecord::to(&args.topic).payload(value).headers(headers);
    if let Some(key) = key {
        record = record.key(key);
    }
    if let Some(partition) = args.partition {
        record = record.partition(partition);
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                std::thread::sleep(QUEUE_PAUSE);
            }
            Err((error, _)) => return Err(kafka.failure(&error)),
        }
    }
}
