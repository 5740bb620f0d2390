//! The options of a topic's table, read once.
//!
//! * Names and meanings are Flink's. One default differs: without `scan.startup.mode` and without a group id a table is read
//!   from its earliest record, because there is no committed offset that could be meant.

use std::collections::BTreeMap;

use arrow::datatypes::SchemaRef;
use pancake_sql::connector::{Column, ColumnKind, ConnectorError, OptionError, Options, TableDef};
use pancake_types::{Offset, PartitionId, Timestamp, TopicName};

use super::metadata::Metadata;
use crate::format::{self, Format};

const KNOWN: [&str; 19] = [
    "topic",
    "properties.*",
    "key.format",
    "key.fields",
    "key.fields-prefix",
    "key.json.*",
    "key.csv.*",
    "value.format",
    "value.fields-include",
    "value.json.*",
    "value.csv.*",
    "scan.startup.mode",
    "scan.startup.timestamp-millis",
    "scan.startup.specific-offsets",
    "scan.bounded.mode",
    "scan.topic-partition-discovery.interval",
    "sink.partitioner",
    "sink.parallelism",
    "sink.delivery-guarantee",
];
/// What `properties.bootstrap.servers` may say for the log of this process.
const HERE: [&str; 3] = ["localhost:9092", "127.0.0.1:9092", "[::1]:9092"];

/// A topic's table.
#[derive(Clone, Debug)]
pub(super) struct TopicOptions {
    pub(super) topic: TopicName,
    pub(super) address: Address,
    pub(super) group: Option<String>,
    pub(super) startup: Startup,
    pub(super) is_bounded: bool,
    pub(super) is_upsert: bool,
    pub(super) value: Format,
    pub(super) key: Option<Key>,
    pub(super) is_key_in_value: bool,
}

/// Which Kafka holds the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Here,
    Elsewhere(String),
}

/// Where a partition's reading begins when no checkpoint says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Startup {
    Earliest,
    Latest,
    At(Timestamp),
    Group,
    Offsets(BTreeMap<PartitionId, Offset>),
}

/// The columns of a record's key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) fields: Vec<String>,
    pub(super) format: Format,
}

impl TopicOptions {
    pub(super) fn of(
        table: &TableDef,
        is_upsert: bool,
        own_addresses: &[String],
    ) -> Result<Self, ConnectorError> {
        let options = &table.options;
        let known: Vec<&str> = KNOWN.iter().chain(&format::KNOWN).copied().collect();
        options.check_known(&known)?;
        let topic = options.required("topic")?;
        let expected = "a topic's name: letters, digits, `.`, `_` and `-`";
        let topic = TopicName::new(topic).map_err(|_| options.malformed("topic", expected))?;
        let servers = options.required("properties.bootstrap.servers")?;
        let group = options.get("properties.group.id").map(str::to_owned);
        let include = options.one_of("value.fields-include", &["ALL", "EXCEPT_KEY"])?;
        let bounded = options.one_of("scan.bounded.mode", &["unbounded", "latest-offset"])?;
        let guarantees = ["none", "at-least-once", "exactly-once"];
        options.one_of("sink.delivery-guarantee", &guarantees)?;
        let prefix = if options.get("value.format").is_some() { "value." } else { "" };
        let read = Self {
            topic,
            address: address(servers, own_addresses),
            startup: startup(options, group.is_some())?,
            group,
            is_bounded: bounded == Some("latest-offset"),
            is_upsert,
            value: Format::of(options, prefix)?,
            key: key(table, is_upsert)?,
            is_key_in_value: include != Some("EXCEPT_KEY"),
        };
        read.check(table)?;
        Ok(read)
    }

    fn check(&self, table: &TableDef) -> Result<(), ConnectorError> {
        let unsupported = |what: &str| {
            let connector = table.connector().to_owned();
            Err(ConnectorError::Unsupported { connector, what: what.to_owned() })
        };
        if table.options.get("sink.delivery-guarantee") == Some("exactly-once") {
            return unsupported("`exactly-once` yet; a topic's sink is at-least-once");
        }
        if self.is_upsert && table.primary_key.is_empty() {
            return unsupported("a table without PRIMARY KEY (…) NOT ENFORCED");
        }
        if !self.is_upsert && !table.primary_key.is_empty() {
            // Flink refuses a primary key here; it would promise what an appended topic does not hold.
            return unsupported("a PRIMARY KEY; `upsert-kafka` keeps one row for each key");
        }
        for column in &table.columns {
            if let ColumnKind::Metadata { key, .. } = &column.kind
                && Metadata::of(key).is_none()
            {
                let known = Metadata::NAMES.join("`, `");
                return unsupported(&format!("metadata `{key}`; there are `{known}`"));
            }
        }
        self.value.check(table, &physical_schema(table, |name| self.is_in_value(name)))?;
        match &self.key {
            Some(key) => key.format.check(table, &physical_schema(table, |n| key.has(n))),
            None => Ok(()),
        }
    }

    /// Whether a physical column is written into the record's value.
    pub(super) fn is_in_value(&self, column: &str) -> bool {
        self.is_key_in_value || !self.key.as_ref().is_some_and(|key| key.has(column))
    }
}

impl Key {
    pub(super) fn has(&self, column: &str) -> bool {
        self.fields.iter().any(|field| field == column)
    }
}

/// The physical columns whose names are kept.
pub(super) fn physical_schema(table: &TableDef, keep: impl Fn(&str) -> bool) -> SchemaRef {
    let fields = table.columns.iter().filter(|column| column.kind == ColumnKind::Physical);
    let fields = fields.filter(|column| keep(&column.name)).map(Column::field);
    SchemaRef::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
}

fn address(servers: &str, own_addresses: &[String]) -> Address {
    let is_here = |server: &str| {
        HERE.contains(&server) || own_addresses.iter().any(|address| address == server)
    };
    if servers.split(',').all(|server| is_here(server.trim())) {
        return Address::Here;
    }
    Address::Elsewhere(servers.to_owned())
}

fn startup(options: &Options, has_group: bool) -> Result<Startup, OptionError> {
    let modes =
        ["earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"];
    match options.one_of("scan.startup.mode", &modes)? {
        Some("earliest-offset") => Ok(Startup::Earliest),
        Some("latest-offset") => Ok(Startup::Latest),
        Some("timestamp") => {
            options.required("scan.startup.timestamp-millis")?;
            let at = options.parse("scan.startup.timestamp-millis", "milliseconds since 1970")?;
            Ok(Startup::At(Timestamp::from_millis(at.unwrap_or_default())))
        }
        Some("specific-offsets") => {
            let name = "scan.startup.specific-offsets";
            let expected = "like `partition:0,offset:42;partition:1,offset:300`";
            let offsets = specific_offsets(options.required(name)?);
            Ok(Startup::Offsets(offsets.ok_or_else(|| options.malformed(name, expected))?))
        }
        Some(_) => {
            options.required("properties.group.id")?;
            Ok(Startup::Group)
        }
        None if has_group => Ok(Startup::Group),
        None => Ok(Startup::Earliest),
    }
}

fn specific_offsets(text: &str) -> Option<BTreeMap<PartitionId, Offset>> {
    let one = |part: &str| {
        let (partition, offset) = part.trim().split_once(',')?;
        let partition = partition.trim().strip_prefix("partition:")?.parse().ok()?;
        let offset = offset.trim().strip_prefix("offset:")?.parse().ok()?;
        Some((PartitionId::new(partition), Offset::new(offset)))
    };
    text.split(';').filter(|part| !part.trim().is_empty()).map(one).collect()
}

fn key(table: &TableDef, is_upsert: bool) -> Result<Option<Key>, OptionError> {
    let options = &table.options;
    if is_upsert {
        let format = Format::of(options, "key.")?;
        return Ok(Some(Key { fields: table.primary_key.clone(), format }));
    }
    let Some(fields) = options.get("key.fields") else { return Ok(None) };
    let fields: Vec<String> = fields.split(';').map(|field| field.trim().to_owned()).collect();
    let is_physical = |name: &String| {
        table.column(name).is_some_and(|column| column.kind == ColumnKind::Physical)
    };
    if !fields.iter().all(is_physical) {
        return Err(options.malformed("key.fields", "names of columns, separated by `;`"));
    }
    // A key of one column is its text unless a format is given.
    let format = match options.get("key.format") {
        None if fields.len() == 1 => Format::Raw,
        _ => Format::of(options, "key.")?,
    };
    Ok(Some(Key { fields, format }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specific_offsets_are_read_by_partition() {
        let offsets = specific_offsets("partition:0,offset:42; partition:1,offset:300;").unwrap();
        assert_eq!(offsets[&PartitionId::new(1)], Offset::new(300));
        assert_eq!(offsets.len(), 2);
        assert_eq!(specific_offsets("partition:0"), None);
    }

    #[test]
    fn the_own_log_is_known_by_its_addresses() {
        let own = ["127.0.0.1:40123".to_owned()];
        assert_eq!(address("localhost:9092", &own), Address::Here);
        assert_eq!(address("127.0.0.1:40123, localhost:9092", &own), Address::Here);
        let elsewhere = Address::Elsewhere("kafka:9092".to_owned());
        assert_eq!(address("kafka:9092", &own), elsewhere);
    }
}
