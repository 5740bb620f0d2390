//! librdkafka as its users use it: producers, groups, rebalances, administration.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{
        AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer},
    producer::{BaseRecord, Producer, ThreadedProducer},
    util::Timeout,
};
use tokio::time::timeout;

use crate::harness::{PATIENCE, TestBroker};

fn config(broker: &TestBroker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.address.to_string());
    config
}

/// Produces numbered texts with keys and waits for their acknowledgements.
fn produce(broker: &TestBroker, topic: &str, range: std::ops::Range<u32>, set: &[(&str, &str)]) {
    let mut config = config(broker);
    for (key, value) in set {
        config.set(*key, *value);
    }
    let producer: ThreadedProducer<_> = config.create().expect("a producer");
    for n in range {
        let (key, value) = (format!("key {n}"), format!("value {n}"));
        let record = BaseRecord::to(topic).key(&key).payload(&value);
        producer.send(record).map_err(|(e, _)| e).expect("there is room");
    }
    producer.flush(Timeout::After(PATIENCE)).expect("all are acknowledged");
}

fn consumer(broker: &TestBroker, group: &str, topics: &[&str]) -> StreamConsumer {
    let consumer: StreamConsumer = config(broker)
        .set("group.id", group)
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "200")
        .create()
        .expect("a consumer");
    consumer.subscribe(topics).expect("subscribed");
    consumer
}

async fn take(consumer: &StreamConsumer, count: usize) -> Vec<String> {
    let mut values = Vec::new();
    while values.len() < count {
        let received = timeout(PATIENCE, consumer.recv()).await;
        let message = received.expect("a record comes in time").expect("a record");
        values.push(String::from_utf8_lossy(message.payload().unwrap_or_default()).into_owned());
    }
    values
}

fn numbered(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("value {n}")).collect()
}

#[test]
fn a_group_resumes_from_its_committed_offsets() {
    let broker = TestBroker::start();
    produce(&broker, "t", 0..10, &[]);
    let _entered = broker.runtime.enter();
    let first = consumer(&broker, "g", &["t"]);
    assert_eq!(broker.runtime.block_on(take(&first, 10)), numbered(0..10));
    first.commit_consumer_state(CommitMode::Sync).expect("committed");
    drop(first);
    produce(&broker, "t", 10..15, &[]);
    let second = consumer(&broker, "g", &["t"]);
    assert_eq!(broker.runtime.block_on(take(&second, 5)), numbered(10..15));
    let other = consumer(&broker, "another group", &["t"]);
    assert_eq!(broker.runtime.block_on(take(&other, 15)), numbered(0..15));
}

#[test]
fn two_members_share_the_partitions() {
    let broker = TestBroker::start();
    broker.create("t", 4);
    let _entered = broker.runtime.enter();
    let one = consumer(&broker, "g", &["t"]);
    produce(&broker, "t", 0..40, &[]);
    broker.runtime.block_on(take(&one, 40));
    let two = consumer(&broker, "g", &["t"]);
    broker.runtime.block_on(async {
        // Polling carries the rebalance; it is done when each has half of the partitions.
        let shared = async {
            while partitions(&one) != 2 || partitions(&two) != 2 {
                let poll = Duration::from_millis(50);
                let _polled = tokio::join!(timeout(poll, one.recv()), timeout(poll, two.recv()));
            }
        };
        timeout(PATIENCE, shared).await.expect("the partitions are shared in time");
    });
    let view = broker.broker.group("g").expect("the group is there");
    let mut assigned: Vec<_> =
        view.members.iter().flat_map(|m| &m.assignment).map(ToString::to_string).collect();
    assigned.sort();
    assert_eq!(assigned, ["t-0", "t-1", "t-2", "t-3"]);
}

fn partitions(consumer: &StreamConsumer) -> usize {
    consumer.assignment().map_or(0, |list| list.count())
}

#[test]
fn every_codec_and_the_idempotent_producer_pass_through() {
    let broker = TestBroker::start();
    for codec in ["none", "gzip", "snappy", "lz4"] {
        produce(&broker, codec, 0..500, &[("compression.type", codec), ("linger.ms", "20")]);
        assert_eq!(broker.values(codec), numbered(0..500), "{codec}: read in process");
        let consumer = assigned(&broker, codec, Offset::Offset(499));
        let last = consumer.poll(PATIENCE).expect("in time").expect("a record");
        assert_eq!((last.offset(), last.payload()), (499, Some(&b"value 499"[..])), "{codec}");
    }
    produce(&broker, "idempotent", 0..500, &[("enable.idempotence", "true")]);
    assert_eq!(broker.values("idempotent"), numbered(0..500));
}

fn assigned(broker: &TestBroker, topic: &str, from: Offset) -> BaseConsumer {
    let consumer: BaseConsumer =
        config(broker).set("group.id", "unused").create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, from).expect("a partition");
    consumer.assign(&list).expect("assigned");
    consumer
}

#[test]
fn keys_go_to_the_partition_that_the_broker_would_choose() {
    let broker = TestBroker::start();
    broker.create("t", 7);
    produce(&broker, "t", 0..50, &[("partitioner", "murmur2_random")]);
    let mut found = BTreeSet::new();
    for partition in
        broker.broker.topic(&crate::harness::topic("t")).expect("it is there").partitions
    {
        let at = crate::harness::topic("t").partition(partition.id);
        let read = broker.broker.read(&at, partition.log_start_offset, 1 << 20).expect("read");
        for record in read.records {
            let key = record.key.expect("a key");
            assert_eq!(pancake_broker::partition_for_key(&key, 7), partition.id.get(), "{key:?}");
            found.insert(key);
        }
    }
    assert_eq!(found.len(), 50);
}

#[test]
fn topics_are_administered() {
    let broker = TestBroker::start();
    let admin: AdminClient<DefaultClientContext> = config(&broker).create().expect("a client");
    let options = AdminOptions::new();
    broker.runtime.block_on(async {
        let new = NewTopic::new("t", 2, TopicReplication::Fixed(1)).set("retention.ms", "1234");
        let created = admin.create_topics([&new], &options).await.expect("answered");
        assert_eq!(created, [Ok("t".to_owned())]);
        let again = admin.create_topics([&new], &options).await.expect("answered");
        assert!(format!("{again:?}").contains("TopicAlreadyExists"), "{again:?}");
        let grown = admin.create_partitions([&NewPartitions::new("t", 5)], &options).await;
        assert_eq!(grown.expect("answered"), [Ok("t".to_owned())]);
        let described = admin.describe_configs([&ResourceSpecifier::Topic("t")], &options).await;
        let settings = described.expect("answered").remove(0).expect("a topic");
        let value = |name: &str| settings.get(name).and_then(|entry| entry.value.clone());
        assert_eq!(value("retention.ms").as_deref(), Some("1234"));
        assert_eq!(value("cleanup.policy").as_deref(), Some("delete"));
        assert!(settings.entries.len() > 25, "{} settings", settings.entries.len());
        let deleted = admin.delete_topics(&["t"], &options).await.expect("answered");
        assert_eq!(deleted, [Ok("t".to_owned())]);
    });
    assert!(broker.broker.topics().is_empty());
}

#[test]
fn a_write_to_an_internal_topic_is_refused() {
    let broker = TestBroker::start();
    broker.create("_pancake.x", 1);
    let producer: BaseConsumer = config(&broker).set("group.id", "g").create().expect("a client");
    let metadata = producer.fetch_metadata(Some("_pancake.x"), PATIENCE).expect("readable");
    assert_eq!(metadata.topics()[0].partitions().len(), 1);
    let producer: ThreadedProducer<_> = config(&broker).create().expect("a producer");
    let record = BaseRecord::<(), str>::to("_pancake.x").payload("x");
    producer.send(record).map_err(|(e, _)| e).expect("queued");
    producer.flush(Timeout::After(PATIENCE)).expect("answered");
    assert!(broker.values("_pancake.x").is_empty());
}
