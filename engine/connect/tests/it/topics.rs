//! Tables over topics of the process's own log.

use std::sync::atomic::Ordering;

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, TimeUnit},
};
use pancake_broker::{Durability, NewRecord, partition_for_key};
use pancake_dataflow::{
    ChangeBatch, CheckpointId, Polled, RowKind, SinkError, SourceError, SourceOutput,
};
use pancake_sql::connector::{Accepts, TableDef};
use pancake_types::{Offset, TopicName};
use std::sync::Arc;

use crate::support::{
    World, all_lines, at, first_error, line_of, lines, metadata, moment, order, orders, table,
};

fn produce_orders(world: &World, topic: &str, count: u32) {
    for second in 0..count {
        world.produce(topic, second % 3, &[&order("north", second)]);
    }
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

fn north(seconds: std::ops::Range<u32>) -> Vec<String> {
    seconds.map(|second| line_of("north", second)).collect()
}

#[test]
fn a_stream_waits_for_appends_and_never_polls() {
    let world = World::new();
    world.topic("orders", 3);
    produce_orders(&world, "orders", 20);
    let mut reading = world.open(&orders("orders", &[]), Vec::new());
    assert_eq!(sorted(reading.drain()), north(0..20));
    let woken = reading.woken.load(Ordering::SeqCst);
    assert_eq!(reading.poll(100), (Polled::Pending, Vec::new()));
    world.produce("orders", 1, &[&order("west", 20)]);
    assert!(reading.woken.load(Ordering::SeqCst) > woken, "the append woke nobody");
    assert_eq!(reading.poll(100).1, [line_of("west", 20)]);
}

#[test]
fn a_poll_takes_no_more_rows_than_asked_for() {
    let world = World::new();
    world.topic("orders", 1);
    let values: Vec<String> = (0..10).map(|second| order("north", second)).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    world.produce("orders", 0, &values);
    let mut reading = world.open(&orders("orders", &[]), Vec::new());
    assert_eq!(reading.poll(4).1, north(0..4));
    assert_eq!(reading.source.gauges().backlog_rows, 6);
    assert_eq!(reading.poll(100).1, north(4..10));
}

#[test]
fn a_restored_source_goes_on_with_the_next_record() {
    let world = World::new();
    world.topic("orders", 3);
    produce_orders(&world, "orders", 12);
    let table = orders("orders", &[]);
    let mut reading = world.open(&table, Vec::new());
    let mut seen = reading.poll(6).1;
    let positions = reading.source.snapshot().unwrap();
    drop(reading);
    produce_orders(&world, "orders", 3);
    let rest = world.open(&table, positions).drain();
    seen.extend(rest);
    assert_eq!(sorted(seen), sorted([north(0..12), north(0..3)].concat()));
}

#[test]
fn a_position_that_retention_took_away_is_passed_over() {
    let world = World::new();
    world.topic("orders", 1);
    for second in 0..6 {
        world.produce("orders", 0, &[&order("north", second)]);
    }
    let table = orders("orders", &[]);
    let mut reading = world.open(&table, Vec::new());
    let positions = reading.source.snapshot().unwrap();
    world.broker.delete_before(&at("orders", 0), Offset::new(4)).unwrap();
    assert_eq!(world.open(&table, positions).drain(), north(4..6));
}

#[track_caller]
fn check_startup(more: &[(&str, &str)], expected: &[String]) {
    let world = World::new();
    world.topic("orders", 1);
    for second in 0..4 {
        let record = NewRecord {
            value: Some(order("north", second).into()),
            timestamp: Some(moment(&format!("2026-05-01 09:00:0{second}"))),
            ..NewRecord::default()
        };
        world.broker.append(&at("orders", 0), vec![record], Durability::Cache).unwrap();
    }
    world.broker.commit("readers", &at("orders", 0), Offset::new(1)).unwrap();
    assert_eq!(world.open(&orders("orders", more), Vec::new()).drain(), expected, "{more:?}");
}

#[test]
fn reading_begins_where_the_startup_mode_says() {
    let mode = |mode| ("scan.startup.mode", mode);
    let millis = moment("2026-05-01 09:00:02").millis().to_string();
    check_startup(&[], &north(0..4));
    check_startup(&[mode("latest-offset")], &[]);
    let at_millis = ("scan.startup.timestamp-millis", millis.as_str());
    check_startup(&[mode("timestamp"), at_millis], &north(2..4));
    let offsets = ("scan.startup.specific-offsets", "partition:0,offset:3");
    check_startup(&[mode("specific-offsets"), offsets], &north(3..4));
    let group = |id| ("properties.group.id", id);
    check_startup(&[mode("group-offsets"), group("readers")], &north(1..4));
    check_startup(&[mode("group-offsets"), group("others")], &north(0..4));
}

#[test]
fn a_complete_checkpoint_commits_the_groups_offsets() {
    let world = World::new();
    world.topic("orders", 1);
    for second in 0..5 {
        world.produce("orders", 0, &[&order("north", second)]);
    }
    let table = orders("orders", &[("properties.group.id", "readers")]);
    let mut reading = world.open(&table, Vec::new());
    reading.poll(2);
    reading.source.snapshot().unwrap();
    reading.poll(2);
    assert!(world.broker.group("readers").is_none_or(|group| group.offsets.is_empty()));
    reading.source.on_checkpoint_complete(CheckpointId::new(1)).unwrap();
    let group = world.broker.group("readers").unwrap();
    assert_eq!(group.offsets[0].committed, Offset::new(2));
}

#[test]
fn malformed_records_are_skipped_and_counted_or_fail() {
    let world = World::new();
    world.topic("orders", 1);
    world.produce("orders", 0, &[&order("north", 0), "{\"stand\":", &order("north", 1), "7"]);
    let lenient = orders("orders", &[("json.ignore-parse-errors", "true")]);
    let mut reading = world.open(&lenient, Vec::new());
    assert_eq!(reading.drain(), north(0..2));
    assert_eq!(reading.source.gauges().skipped_rows, 2);
    let first = reading.source.first_skipped().unwrap();
    assert!(first.starts_with("orders-0@1: "), "{first}");

    let strict = orders("orders", &[]);
    let mut reading = world.open(&strict, Vec::new());
    let error = reading.source.poll(100, &mut SourceOutput::new()).unwrap_err();
    assert!(matches!(error, SourceError::Decode { row: 1, .. }), "{error}");
    let error = first_error(world.scan(&strict, None)).to_string();
    assert!(error.contains("orders-0 offset 1"), "{error}");
    assert_eq!(all_lines(world.scan(&lenient, None)), north(0..2));
}

#[test]
fn metadata_lies_beside_the_values() {
    let world = World::new();
    world.topic("orders", 2);
    world.produce("orders", 1, &["junk", &order("north", 0)]);
    let record = NewRecord {
        key: Some("west".into()),
        value: Some(order("west", 1).into()),
        timestamp: Some(moment("2026-05-01 09:00:09")),
        ..NewRecord::default()
    };
    world.broker.append(&at("orders", 1), vec![record], Durability::Cache).unwrap();
    let mut table = orders("orders", &[("json.ignore-parse-errors", "true")]);
    metadata(&mut table, "at", "offset", DataType::Int64);
    metadata(&mut table, "part", "partition", DataType::Int32);
    metadata(&mut table, "sold_by", "key", DataType::Utf8);
    let zone = Some("+00:00".into());
    metadata(&mut table, "ts", "timestamp", DataType::Timestamp(TimeUnit::Millisecond, zone));
    let rows = all_lines(world.scan(&table, Some(&[3, 4, 5, 0])));
    assert_eq!(rows, ["1|1|null|north", "2|1|west|west"]);
    assert_eq!(all_lines(world.scan(&table, Some(&[6])))[1], "2026-05-01 09:00:09.000");
}

#[test]
fn a_bounded_stream_ends_at_the_last_record_of_its_start() {
    let world = World::new();
    world.topic("orders", 2);
    world.produce("orders", 0, &[&order("north", 0)]);
    let table = orders("orders", &[("scan.bounded.mode", "latest-offset")]);
    assert!(world.connector(&table).source(&table).unwrap().is_bounded());
    let mut reading = world.open(&table, Vec::new());
    world.produce("orders", 0, &[&order("north", 1)]);
    assert_eq!(reading.poll(100).1, north(0..1));
    assert_eq!(reading.poll(100).0, Polled::Finished);
}

fn counts(topic: &str, more: &[(&str, &str)]) -> TableDef {
    let mut options = vec![
        ("connector", "kafka"),
        ("topic", topic),
        ("properties.bootstrap.servers", "127.0.0.1:40123"),
        ("format", "json"),
    ];
    options.extend_from_slice(more);
    table("counts", &[("stand", DataType::Utf8), ("n", DataType::Int64)], &options)
}

fn rows(rows: &[(&str, i64)]) -> RecordBatch {
    let stands: StringArray = rows.iter().map(|(stand, _)| Some(*stand)).collect();
    let numbers: Int64Array = rows.iter().map(|(_, n)| Some(*n)).collect();
    let columns: [(&str, ArrayRef); 2] = [("stand", Arc::new(stands)), ("n", Arc::new(numbers))];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn what_a_sink_writes_a_source_reads() {
    let world = World::new();
    let table = counts("counts", &[]);
    world.write(&table, rows(&[("north", 3), ("west", 1)]));
    assert_eq!(all_lines(world.scan(&table, None)), ["north|3", "west|1"]);
    let read = world.broker.read(&at("counts", 0), Offset::ZERO, 1 << 20).unwrap();
    assert_eq!(read.records[0].value.as_deref(), Some(&br#"{"stand":"north","n":3}"#[..]));
    assert_eq!(read.records[0].key, None);
}

#[test]
fn a_keyed_row_goes_where_kafkas_clients_would_send_it() {
    let world = World::new();
    world.topic("counts", 4);
    let table = counts("counts", &[("key.fields", "stand")]);
    let stands = ["north", "south", "west", "east", "central"];
    world.write(&table, rows(&stands.map(|stand| (stand, 1))));
    for stand in stands {
        let partition = partition_for_key(stand.as_bytes(), 4);
        let read = world.broker.read(&at("counts", partition), Offset::ZERO, 1 << 20).unwrap();
        let found =
            read.records.iter().any(|record| record.key.as_deref() == Some(stand.as_bytes()));
        assert!(found, "{stand} is not in partition {partition}");
    }
}

#[test]
fn many_rows_are_cut_into_appends_that_the_log_takes() {
    let world = World::new();
    let table = counts("counts", &[]);
    let long = "x".repeat(200_000);
    let many: Vec<(&str, i64)> = (0..12).map(|n| (long.as_str(), n)).collect();
    world.write(&table, rows(&many));
    assert_eq!(all_lines(world.scan(&table, Some(&[1]))).len(), 12);
}

#[test]
fn an_appending_table_refuses_updates_and_an_upserting_one_keeps_keys() {
    let world = World::new();
    let kinds = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];
    let changes = [("north", 1), ("north", 1), ("north", 2), ("west", 5)];
    let changes = ChangeBatch::with_kinds(rows(&changes), &kinds).unwrap();
    let appending = counts("counts", &[]);
    let sink = world.connector(&appending).sink(&appending).unwrap();
    assert_eq!(sink.accepts(), Accepts::Appends);
    let error = sink.open(0, 1).unwrap().write(&changes).unwrap_err();
    assert!(matches!(error, SinkError::Retraction { kind: RowKind::UpdateBefore, .. }), "{error}");

    let mut upserting = counts("latest", &[("value.format", "json"), ("key.format", "json")]);
    upserting.options.set("connector", "upsert-kafka");
    upserting.options.unset("format");
    upserting.primary_key = vec!["stand".to_owned()];
    let sink = world.connector(&upserting).sink(&upserting).unwrap();
    assert_eq!(sink.accepts(), Accepts::Upserts);
    world.write(&upserting, changes);
    let read = world.broker.read(&at("latest", 0), Offset::ZERO, 1 << 20).unwrap();
    let text = |bytes: &Option<bytes::Bytes>| {
        bytes.as_ref().map_or("-".to_owned(), |b| String::from_utf8(b.to_vec()).unwrap())
    };
    let records: Vec<_> =
        read.records.iter().map(|r| format!("{} {}", text(&r.key), text(&r.value))).collect();
    assert_eq!(
        records,
        [
            r#"{"stand":"north"} {"stand":"north","n":1}"#,
            r#"{"stand":"north"} {"stand":"north","n":2}"#,
            r#"{"stand":"west"} -"#,
        ]
    );
}

#[track_caller]
fn check_refused(table: &TableDef, says: &str) {
    let message = World::new().refuse(table);
    assert!(message.contains(says), "{message}");
}

#[test]
fn wrong_options_are_named() {
    check_refused(
        &orders("orders", &[("topc", "x")]),
        "unknown option `topc`; did you mean `topic`?",
    );
    check_refused(&orders("a/b", &[]), "option `topic` is `a/b`; it must be a topic's name");
    check_refused(&orders("orders", &[("format", "avro")]), "one of `json`, `csv`, `raw`");
    check_refused(&orders("orders", &[("scan.startup.mode", "earliest")]), "`earliest-offset`");
    let timestamp = [("scan.startup.mode", "timestamp")];
    check_refused(&orders("orders", &timestamp), "`scan.startup.timestamp-millis` is missing");
    let exactly_once = [("sink.delivery-guarantee", "exactly-once")];
    check_refused(&orders("orders", &exactly_once), "at-least-once");
    check_refused(&orders("orders", &[("format", "raw")]), "exactly one");
    let mut keyed = orders("orders", &[]);
    keyed.primary_key = vec!["stand".to_owned()];
    check_refused(&keyed, "`upsert-kafka` keeps one row for each key");
    let mut with_headers = orders("orders", &[]);
    metadata(&mut with_headers, "h", "headers", DataType::Utf8);
    check_refused(&with_headers, "metadata `headers`");
}

#[test]
fn a_topic_that_is_not_there_is_named_with_the_nearest() {
    let world = World::new();
    world.topic("orders", 1);
    let table = orders("order", &[]);
    let error = world.connector(&table).source(&table).unwrap_err();
    let message =
        std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
    assert_eq!(message, "topic `order` does not exist; did you mean `orders`?");
    assert!(world.broker.topic(&TopicName::new("order").unwrap()).is_none());
}

#[test]
fn only_the_columns_asked_for_are_read() {
    let world = World::new();
    world.topic("orders", 1);
    world.produce("orders", 0, &[&order("north", 0), r#"{"stand":"x","price":"free"}"#]);
    let table = orders("orders", &[]);
    assert_eq!(all_lines(world.scan(&table, Some(&[0]))), ["north", "x"]);
    let counted: usize = world.scan(&table, Some(&[])).map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(counted, 2);
    assert_eq!(lines(&rows(&[("a", 1)])), ["a|1"]);
}
