//! What clients rely on that the protocol's messages alone do not say.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{
        ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, ListOffsetsRequest,
        MetadataRequest, ProduceRequest, ProduceResponse, TopicName,
        fetch_request::{FetchPartition, FetchTopic},
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        metadata_request::MetadataRequestTopic,
        produce_request::{PartitionProduceData, TopicProduceData},
    },
    protocol::{Decodable, StrBytes},
};
use pancake_log::batch::{BatchBuilder, NewRecord, Producer};
use pancake_types::{Clock, SystemClock};
use uuid::Uuid;

use crate::{
    client::Client,
    harness::{TestBroker, first},
};

pub(crate) fn name(topic: &str) -> TopicName {
    StrBytes::from_string(topic.to_owned()).into()
}

/// A batch of one record.
pub(crate) fn batch(value: &str, producer: Option<Producer>) -> Bytes {
    let mut builder = BatchBuilder::new();
    if let Some(producer) = producer {
        builder = builder.producer(producer);
    }
    builder.push(&NewRecord { value: Some(value.to_owned().into()), ..NewRecord::default() });
    builder.build()
}

pub(crate) fn produce(topic: &str, records: Bytes, acks: i16) -> ProduceRequest {
    let data = PartitionProduceData::default().with_index(0).with_records(Some(records));
    let topic = TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![data]);
    ProduceRequest::default().with_acks(acks).with_timeout_ms(1000).with_topic_data(vec![topic])
}

/// Error and offset of the only partition in a response.
pub(crate) fn produced(response: &ProduceResponse) -> (i16, i64) {
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

fn fetch(topic: &str, offset: i64, wait_ms: i32, min_bytes: i32) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(0)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default().with_topic(name(topic)).with_partitions(vec![partition]);
    FetchRequest::default()
        .with_max_wait_ms(wait_ms)
        .with_min_bytes(min_bytes)
        .with_max_bytes(1 << 20)
        .with_topics(vec![topic])
}

/// Error and bytes of the only partition in a response.
fn fetched(response: &FetchResponse) -> (i16, usize) {
    let partition = &response.responses[0].partitions[0];
    (partition.error_code, partition.records.as_ref().map_or(0, Bytes::len))
}

fn metadata(topics: &[&str]) -> MetadataRequest {
    let topic = |t: &&str| MetadataRequestTopic::default().with_name(Some(name(t)));
    MetadataRequest::default().with_topics(Some(topics.iter().map(topic).collect()))
}

#[test]
fn api_versions_at_an_unknown_version_is_answered_in_version_0() {
    let broker = TestBroker::start();
    let mut client = Client::connect(broker.address);
    // Version 99 and nothing that this broker could decode behind the client id.
    client.write(&[0, 0, 0, 11, 0, 18, 0, 99, 0, 0, 0, 7, 0, 0, 1]);
    let mut frame = client.frame();
    assert_eq!(frame.split_to(4), [0, 0, 0, 7][..], "the correlation id");
    let response = ApiVersionsResponse::decode(&mut frame, 0).expect("version 0");
    assert_eq!(response.error_code, ResponseError::UnsupportedVersion.code());
    let range = |key| {
        let found = response.api_keys.iter().find(|api| api.api_key == key);
        found.map(|api| (api.min_version, api.max_version))
    };
    assert_eq!(range(0), Some((0, 12)), "old librdkafka needs Produce from 0");
    assert_eq!(range(11), Some((0, 9)), "old librdkafka needs JoinGroup from 0");
    assert_eq!(range(18), Some((0, 4)));
    // And the connection goes on.
    for version in 0..=4 {
        assert_eq!(client.call(&ApiVersionsRequest::default(), version).error_code, 0);
    }
}

#[test]
fn metadata_advertises_what_the_client_connected_to_and_creates_topics() {
    let broker = TestBroker::start();
    let mut client = Client::connect(broker.address);
    for version in 0..=13 {
        let topic = format!("made-by-version-{version}");
        let response = client.call(&metadata(&[&topic]), version);
        let address = (response.brokers[0].host.to_string(), response.brokers[0].port);
        assert_eq!(address, ("127.0.0.1".to_owned(), i32::from(broker.address.port())));
        assert_eq!((response.topics[0].error_code, response.topics[0].partitions.len()), (0, 1));
    }
    let unwanted = metadata(&["no"]).with_allow_auto_topic_creation(false);
    assert_eq!(client.call(&unwanted, 9).topics[0].error_code, 3);
    assert_eq!(client.call(&metadata(&["a/b"]), 9).topics[0].error_code, 17, "an invalid name");
    assert_eq!(client.call(&metadata(&["_pancake.x"]), 9).topics[0].error_code, 29);
    let all = MetadataRequest::default().with_topics(None);
    assert_eq!(client.call(&all, 9).topics.len(), 14);
}

#[test]
fn acks_0_has_no_response_and_responses_keep_the_order_of_requests() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    let mut client = Client::connect(broker.address);
    client.send(&produce("t", batch("first", None), 0), 9);
    client.send(&produce("t", batch("second", None), 1), 9);
    client.send(&metadata(&["t"]), 9);
    client.send(&produce("t", batch("third", None), -1), 3);
    assert_eq!(produced(&client.receive::<ProduceRequest>(9)), (0, 1));
    assert_eq!(client.receive::<MetadataRequest>(9).topics.len(), 1);
    assert_eq!(produced(&client.receive::<ProduceRequest>(3)), (0, 2));
    assert_eq!(broker.values("t"), ["first", "second", "third"]);
}

#[test]
fn a_duplicate_gets_the_old_offset_and_a_gap_an_error() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    let mut client = Client::connect(broker.address);
    let mut send = |base_sequence: i32, value: &str| {
        let producer = Producer { id: 7, epoch: 0, base_sequence };
        produced(&client.call(&produce("t", batch(value, Some(producer)), -1), 9))
    };
    assert_eq!(send(0, "a"), (0, 0));
    assert_eq!(send(1, "b"), (0, 1));
    assert_eq!(send(0, "a"), (0, 0), "sent again");
    assert_eq!(send(3, "d").0, ResponseError::OutOfOrderSequenceNumber.code());
    assert_eq!(broker.values("t"), ["a", "b"]);
}

#[test]
fn what_is_not_for_clients_is_refused_with_the_right_code() {
    let broker = TestBroker::start();
    broker.create("_pancake.x", 1);
    broker.fill("_pancake.x", ["ours".to_owned()]);
    broker.create("t", 1);
    let mut client = Client::connect(broker.address);
    let mut send = |topic, batch: Bytes| produced(&client.call(&produce(topic, batch, -1), 9)).0;
    assert_eq!(send("_pancake.x", batch("theirs", None)), 29);
    assert_eq!(send("unknown", batch("x", None)), 3);
    let mut damaged = batch("x", None).to_vec();
    damaged[62] ^= 1;
    assert_eq!(send("t", damaged.into()), ResponseError::CorruptMessage.code());
    assert_eq!(send("t", Bytes::from_static(b"not a batch at all")), 2);
    assert_eq!(send("t", batch(&"x".repeat(2 << 20), None)), 10, "too large");
    let transactional =
        produce("t", batch("x", None), -1).with_transactional_id(Some(name("tx").0.into()));
    assert_eq!(produced(&client.call(&transactional, 9)).0, 53);
    // Clients may read what they may not write.
    assert_eq!(fetched(&client.call(&fetch("_pancake.x", 0, 0, 1), 11)).0, 0);
    assert_eq!(broker.values("_pancake.x"), ["ours"]);
    assert!(broker.values("t").is_empty());
}

#[test]
fn a_fetch_waits_for_an_append_and_not_longer() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    let mut client = Client::connect(broker.address);
    let clock = SystemClock::new();
    for version in 4..=12 {
        let offset = i64::from(version) - 4;
        client.send(&fetch("t", offset, 20_000, 1), version);
        broker.fill("t", [format!("for version {version}")]);
        let begun = clock.monotonic();
        let (error, bytes) = fetched(&client.receive::<FetchRequest>(version));
        assert!(error == 0 && bytes > 0, "version {version}: {error}, {bytes} bytes");
        assert!(
            clock.monotonic() < begun + Duration::from_secs(10),
            "it slept to the end of its wait"
        );
    }
    let none = client.call(&fetch("t", 9, 10, 1), 11);
    assert_eq!(fetched(&none), (0, 0), "the wait is over");
    let outside = client.call(&fetch("t", 10, 20_000, 1), 11);
    assert_eq!(fetched(&outside).0, ResponseError::OffsetOutOfRange.code());
}

#[test]
fn a_fetch_returns_the_whole_first_batch_even_if_it_is_larger() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    broker.fill("t", (0..100).map(|n| format!("record {n} of one batch")));
    let mut client = Client::connect(broker.address);
    let mut request = fetch("t", 57, 0, 1).with_max_bytes(1);
    request.topics[0].partitions[0].partition_max_bytes = 1;
    let (error, bytes) = fetched(&client.call(&request, 11));
    assert!(error == 0 && bytes > 1000, "{error}, {bytes} bytes");
}

#[test]
fn a_fetch_by_topic_id_finds_the_topic_of_metadata() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    broker.fill("t", ["x".to_owned()]);
    let mut client = Client::connect(broker.address);
    let id = client.call(&metadata(&["t"]), 12).topics[0].topic_id;
    let mut by_id = |id, version| {
        let mut request = fetch("t", 0, 0, 1);
        request.topics[0].topic = TopicName::default();
        request.topics[0].topic_id = id;
        let response = client.call(&request, version);
        assert_eq!(response.responses[0].topic_id, id);
        fetched(&response)
    };
    for version in 13..=17 {
        let (error, bytes) = by_id(id, version);
        assert!(error == 0 && bytes > 0, "version {version}");
    }
    assert_eq!(by_id(Uuid::from_u128(1), 13).0, ResponseError::UnknownTopicId.code());
}

#[test]
fn offsets_are_found_by_time_and_at_the_ends() {
    let broker = TestBroker::start();
    broker.create("t", 1);
    for at in [1000, 3000, 2000] {
        let record = pancake_broker::NewRecord {
            value: Some("x".into()),
            timestamp: Some(pancake_types::Timestamp::from_millis(at)),
            ..pancake_broker::NewRecord::default()
        };
        let durability = pancake_broker::Durability::Cache;
        broker.broker.append(&first("t"), vec![record], durability).expect("appended");
    }
    let mut client = Client::connect(broker.address);
    let mut offset_at = |timestamp, version| {
        let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
        let topic =
            ListOffsetsTopic::default().with_name(name("t")).with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default().with_topics(vec![topic]);
        let response = client.call(&request, version);
        let found = &response.topics[0].partitions[0];
        assert_eq!(found.error_code, 0);
        (found.timestamp, found.offset)
    };
    for version in 1..=10 {
        assert_eq!(offset_at(-1, version), (-1, 3), "latest");
        assert_eq!(offset_at(-2, version), (-1, 0), "earliest");
        assert_eq!(offset_at(0, version), (1000, 0));
        assert_eq!(offset_at(1001, version), (3000, 1));
        assert_eq!(offset_at(3001, version), (-1, -1), "nothing is that late");
    }
    assert_eq!(offset_at(-3, 7), (3000, 1), "the largest timestamp");
}
