//! Every bound is reached once.

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest, metadata_request};

use crate::{
    client::Client,
    harness::TestBroker,
    protocol::{batch, name, produce, produced},
};

#[test]
fn one_connection_too_many_is_closed_and_a_free_one_is_served_again() {
    let broker = TestBroker::start_with(|options| options.limits.connections_max = 2);
    let mut served: Vec<_> = (0..2).map(|_| Client::connect(broker.address)).collect();
    for client in &mut served {
        client.call(&ApiVersionsRequest::default(), 0);
    }
    assert!(Client::connect(broker.address).is_closed());
    served.pop();
    let mut client = loop {
        // The broker notices the free place when it has read the end of the closed connection.
        let mut client = Client::connect(broker.address);
        client.write(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        if !client.is_closed() {
            break client;
        }
    };
    client.frame();
}

#[test]
fn topics_stop_at_the_limit_of_partitions() {
    let broker = TestBroker::start_with(|options| options.limits.partitions_max = 2);
    let mut client = Client::connect(broker.address);
    let mut create = |topic: &str| {
        let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![topic]));
        client.call(&request, 9).topics[0].error_code
    };
    assert_eq!([create("a"), create("b"), create("c")], [0, 0, 37]);
    assert_eq!(create("a"), 0, "one that is there is found");
}

#[test]
fn memory_for_requests_is_shared_and_given_back() {
    let broker = TestBroker::start_with(|options| options.limits.in_flight_bytes_max = 8 * 1024);
    broker.create("t", 1);
    let mut clients: Vec<_> = (0..4).map(|_| Client::connect(broker.address)).collect();
    // Each is larger than all memory that there is, so they go one after another.
    let large = "x".repeat(64 * 1024);
    for client in &mut clients {
        client.send(&produce("t", batch(&large, None), 1), 9);
    }
    for client in &mut clients {
        assert_eq!(produced(&client.receive::<kafka_protocol::messages::ProduceRequest>(9)).0, 0);
    }
    assert_eq!(broker.values("t").len(), 4);
}
