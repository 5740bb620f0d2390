//! The broker as its own process uses it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use pancake_broker::{
    Broker, Durability, FetchError, GroupError, NewRecord, ProduceError, TopicError, TopicSpec,
};
use pancake_types::{Offset, PartitionId};

use crate::harness::{TestBroker, first, options, topic};

fn record(value: &str) -> NewRecord {
    NewRecord { value: Some(value.to_owned().into()), ..NewRecord::default() }
}

#[test]
fn records_topics_and_offsets_outlive_the_broker() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = BTreeMap::from([("retention.ms".to_owned(), "1000".to_owned())]);
    let id = {
        let broker = TestBroker::start_in(dir.path());
        let spec = TopicSpec { partitions: Some(3), config: config.clone() };
        let view = broker.broker.create_topic(&topic("t"), spec).expect("created");
        broker.fill("t", ["a".to_owned(), "b".to_owned()]);
        let commit = broker.broker.commit("g", &first("t"), Offset::new(1));
        commit.expect("committed");
        broker.runtime.block_on(broker.broker.close()).expect("closed");
        view.id
    };
    let broker = TestBroker::start_in(dir.path());
    let view = broker.broker.topic(&topic("t")).expect("the topic is there");
    assert_eq!((view.id, view.config, view.partitions.len()), (id, config, 3));
    assert_eq!(broker.values("t"), ["a", "b"]);
    let group = broker.broker.group("g").expect("the group is there");
    let offsets: Vec<_> = group.offsets.iter().map(|o| (o.committed.get(), o.lag)).collect();
    assert_eq!(offsets, [(1, 1)]);
}

#[test]
fn an_append_wakes_its_subscribers() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    let woken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&woken);
    let waker = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let subscription = broker.broker.on_append(&first("t"), waker).expect("subscribed");
    broker.fill("t", ["a".to_owned()]);
    broker.fill("t", ["b".to_owned()]);
    assert_eq!(woken.load(Ordering::SeqCst), 2);
    drop(subscription);
    broker.fill("t", ["c".to_owned()]);
    assert_eq!(woken.load(Ordering::SeqCst), 2);
}

#[test]
fn reading_goes_on_where_it_stopped() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    broker.fill("t", ["a".to_owned(), "b".to_owned()]);
    let durable = broker.broker.append(&first("t"), vec![record("c")], Durability::Fsync);
    assert_eq!(durable.expect("appended"), Offset::new(2));
    let read = broker.broker.read(&first("t"), Offset::new(1), 1).expect("read");
    let offsets: Vec<_> = read.records.iter().map(|r| r.offset.get()).collect();
    assert_eq!((offsets, read.next.get(), read.high_watermark.get()), (vec![1], 2, 3));
    let end = broker.broker.read(&first("t"), Offset::new(3), 1).expect("read");
    assert_eq!((end.records.len(), end.next.get()), (0, 3));
    let outside = broker.broker.read(&first("t"), Offset::new(4), 1);
    assert!(matches!(outside, Err(FetchError::Read { .. })), "{outside:?}");
}

#[test]
fn what_is_not_there_is_named() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    let other = topic("t").partition(PartitionId::new(1));
    let appended = broker.broker.append(&other, vec![record("x")], Durability::Cache);
    assert_eq!(appended.expect_err("no such partition").to_string(), "there is no partition t-1");
    let empty = broker.broker.append(&first("t"), Vec::new(), Durability::Cache);
    assert!(matches!(empty, Err(ProduceError::Empty)), "{empty:?}");
    let again = broker.broker.create_topic(&topic("t"), TopicSpec::default());
    assert!(matches!(again, Err(TopicError::Exists { .. })), "{again:?}");
    let config = BTreeMap::from([("retention".to_owned(), "1".to_owned())]);
    let spec = TopicSpec { partitions: None, config };
    let unknown = broker.broker.create_topic(&topic("u"), spec).expect_err("no such setting");
    assert_eq!(unknown.to_string(), "no setting is named `retention`");
    let group = broker.broker.delete_group("nobody");
    assert!(matches!(group, Err(GroupError::Unknown { .. })), "{group:?}");
}

#[test]
fn a_deleted_topic_is_gone_with_its_files_and_offsets_and_may_come_back_empty() {
    let dir = tempfile::tempdir().expect("a directory");
    let broker = TestBroker::start_in(dir.path());
    broker.create("t", 2);
    broker.fill("t", ["a".to_owned()]);
    broker.broker.commit("g", &first("t"), Offset::new(1)).expect("committed");
    broker.broker.delete_topic(&topic("t")).expect("deleted");
    assert!(broker.broker.topic(&topic("t")).is_none());
    assert!(broker.broker.group("g").is_none());
    assert!(!dir.path().join("t-0").exists());
    broker.create("t", 1);
    assert!(broker.values("t").is_empty());
}

#[test]
fn fifty_topics_open_again_without_having_been_closed() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let broker = TestBroker::start_in(dir.path());
        for n in 0..50 {
            broker.create(&format!("topic-{n}"), 1);
            broker.fill(&format!("topic-{n}"), [format!("value {n}")]);
        }
    }
    let broker = Broker::open(options(dir.path())).expect("it opens");
    let ends: Vec<_> =
        broker.topics().iter().map(|t| t.partitions[0].log_end_offset.get()).collect();
    assert_eq!(ends, [1; 50]);
}

#[test]
fn producer_ids_are_never_given_twice() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut ids = Vec::new();
    for _ in 0..3 {
        // Dropped without being closed, as after a kill.
        let broker = Broker::open(options(dir.path())).expect("it opens");
        ids.extend((0..3).map(|_| broker.new_producer_id().expect("an id")));
    }
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 9, "{ids:?}");
}
