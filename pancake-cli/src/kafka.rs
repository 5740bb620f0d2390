//! A Kafka client for the commands `topic` and `group`: librdkafka, so that they work against any Kafka.
//!
//! * Without `--brokers` they use the workshop's own log, over its socket like every other client.
//! * Every call has a time limit, and every error names the broker that did not answer.

use std::time::Duration;

use clap::Args;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::BaseConsumer,
    error::KafkaError,
};

use crate::{
    client::Api,
    command::Context,
    failure::{Failure, Outcome},
};

/// Longest wait for one answer of a broker.
pub(crate) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// Which Kafka
#[derive(Args, Clone, Debug)]
pub(crate) struct BrokerArgs {
    /// Brokers of another Kafka, as host:port[,host:port]
    #[arg(long, short = 'b', value_name = "LIST", global = true)]
    pub(crate) brokers: Option<String>,
}

/// A connection's address, and the workshop that was started for it if none ran.
#[derive(Debug)]
pub(crate) struct Kafka {
    brokers: String,
    _workshop: Option<Api>,
}

impl Kafka {
    /// The Kafka that the arguments name, else the workshop's log.
    pub(crate) fn connect(ctx: &mut Context<'_>, args: &BrokerArgs) -> Outcome<Self> {
        if let Some(brokers) = &args.brokers {
            return Ok(Self { brokers: brokers.clone(), _workshop: None });
        }
        let api = ctx.api()?;
        Ok(Self { brokers: api.kafka().to_owned(), _workshop: Some(api) })
    }

    /// A configuration with the address in it.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config.set("log_level", "0");
        config
    }

    /// A consumer that belongs to no group.
    pub(crate) fn consumer(&self) -> Outcome<BaseConsumer> {
        self.consumer_of("pancake-cli")
    }

    /// A consumer that reads and commits a group's offsets without joining it.
    pub(crate) fn consumer_of(&self, group: &str) -> Outcome<BaseConsumer> {
        let mut config = self.config();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        config.create().map_err(|e| self.failure(&e))
    }

    /// A client for administration.
    pub(crate) fn admin(&self) -> Outcome<AdminClient<DefaultClientContext>> {
        self.config().create().map_err(|e| self.failure(&e))
    }

    /// An error of the client in our words.
    pub(crate) fn failure(&self, error: &KafkaError) -> Failure {
        let code = error.rdkafka_error_code();
        let text = format!("Kafka at {}: {error}", self.brokers);
        match code {
            Some(c)
                if format!("{c:?}").contains("Transport")
                    || format!("{c:?}").contains("TimedOut") =>
            {
                Failure::environment("unreachable", text)
                    .hint("is the address right? `--brokers host:port`")
            }
            _ => Failure::user("kafka", text),
        }
    }

    /// An error that a broker gave for one thing of a call.
    pub(crate) fn refused(&self, what: &str, code: rdkafka::types::RDKafkaErrorCode) -> Failure {
        use rdkafka::types::RDKafkaErrorCode as Code;
        let failure = Failure::user("kafka", format!("{what}: {code}"));
        match code {
            Code::UnknownTopicOrPartition => {
                failure.hint("`pancake topic list` shows what there is")
            }
            Code::TopicAlreadyExists => failure.hint("`pancake topic describe NAME` shows it"),
            Code::TopicAuthorizationFailed => failure.hint(
                "topics named `_pancake.…` belong to the workshop: read them, do not write them",
            ),
            Code::NonEmptyGroup => {
                failure.hint("stop its members first; `pancake group describe` shows them")
            }
            _ => failure,
        }
    }
}

/// Options of administration calls.
pub(crate) fn admin_options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(ANSWER_WAIT_MAX))
        .operation_timeout(Some(ANSWER_WAIT_MAX))
}

/// Runs a future of the client to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(future))
}
