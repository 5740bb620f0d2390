//! Bytes that no client should send: the connection ends, the broker lives.

use kafka_protocol::messages::ApiVersionsRequest;

use crate::{client::Client, harness::TestBroker};

/// A frame with its length in front.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut frame = (bytes.len() as u32).to_be_bytes().to_vec();
    frame.extend(bytes);
    frame
}

#[track_caller]
fn check_closed(what: &str, bytes: &[u8]) {
    let broker = TestBroker::start();
    let mut client = Client::connect(broker.address);
    client.write(bytes);
    assert!(client.is_closed(), "{what}: the connection stays open");
    let mut next = Client::connect(broker.address);
    let answer = next.call(&ApiVersionsRequest::default(), 0);
    assert_eq!(answer.error_code, 0, "{what}: the broker does not answer any more");
}

#[test]
fn hostile_frames_close_their_connection_and_harm_nobody() {
    check_closed("a negative length", &[0xff; 8]);
    check_closed("an empty frame", &[0; 4]);
    check_closed("a frame of 2 GiB", &[0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 1]);
    check_closed("a Produce of 2 GiB", &[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 9]);
    check_closed("an unknown API", &framed(&[0x03, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff]));
    check_closed("a version beyond ours", &framed(&[0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff]));
    check_closed("a negative version", &framed(&[0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff]));
    let array = [0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff];
    check_closed("an array of 2 billion elements", &framed(&array));
    let compact = [0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    check_closed("a compact array of 4 billion elements", &framed(&compact));
    let text = [0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, b'a'];
    check_closed("a text longer than its frame", &framed(&text));
}

#[test]
fn half_a_frame_costs_nothing_and_others_are_served() {
    let broker = TestBroker::start();
    let mut half = Client::connect(broker.address);
    half.write(&[0x05, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3]);
    let mut other = Client::connect(broker.address);
    for _ in 0..10 {
        assert_eq!(other.call(&ApiVersionsRequest::default(), 3).error_code, 0);
    }
    drop(half);
}

#[test]
fn a_frame_that_stalls_is_closed() {
    let broker = TestBroker::start_with(|options| {
        options.limits.stall_max = std::time::Duration::from_millis(50);
    });
    let mut half = Client::connect(broker.address);
    half.write(&[0, 0, 0, 100, 0, 3]);
    assert!(half.is_closed());
    // A connection that is silent between requests may stay as long as it likes.
    let mut silent = Client::connect(broker.address);
    let mut stalled = Client::connect(broker.address);
    stalled.write(&[0]);
    assert!(stalled.is_closed());
    assert_eq!(silent.call(&ApiVersionsRequest::default(), 3).error_code, 0);
}
