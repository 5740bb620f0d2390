//! All connectors of this crate, ready for a SQL session.

use std::sync::Arc;

use pancake_broker::Broker;
use pancake_sql::connector::Connectors;
use pancake_types::Clock;

use crate::{Blackhole, Datagen, Filesystem, Kafka, Print, Printer};

/// What the connectors stand on.
#[derive(Clone, Debug)]
pub struct ConnectorSet {
    /// The log of this process.
    pub broker: Broker,
    /// Addresses that mean it, beside `localhost:9092`: `host:port` of each listener.
    pub own_addresses: Vec<String>,
    /// The time that `datagen` keeps its rate by.
    pub clock: Arc<dyn Clock>,
    /// Where `print` writes its lines.
    pub printer: Printer,
}

/// `kafka`, `upsert-kafka`, `filesystem`, `datagen`, `print` and `blackhole`.
pub fn connectors(set: &ConnectorSet) -> Connectors {
    let addresses = || set.own_addresses.clone();
    Connectors::new()
        .with(Arc::new(Kafka::appending(set.broker.clone(), addresses())))
        .with(Arc::new(Kafka::upserting(set.broker.clone(), addresses())))
        .with(Arc::new(Filesystem))
        .with(Arc::new(Datagen::new(Arc::clone(&set.clock))))
        .with(Arc::new(Print::new(set.printer.clone())))
        .with(Arc::new(Blackhole))
}
