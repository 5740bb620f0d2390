//! Groups over the wire, request by request.

use bytes::Bytes;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, GroupId, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest,
    OffsetFetchRequest, SyncGroupRequest,
    join_group_request::JoinGroupRequestProtocol,
    leave_group_request::MemberIdentity,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    sync_group_request::SyncGroupRequestAssignment,
};
use kafka_protocol::protocol::StrBytes;

use crate::{client::Client, harness::TestBroker, protocol::name};

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("g"))
}

fn join(member: &StrBytes, protocol: &'static str) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(StrBytes::from_static_str(protocol))
        .with_metadata(Bytes::from_static(b"subscription"));
    JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(10_000)
        .with_rebalance_timeout_ms(10_000)
        .with_member_id(member.clone())
        .with_protocol_type(StrBytes::from_static_str("consumer"))
        .with_protocols(vec![protocol])
}

/// Joins as a new member: told an id first, then in.
fn join_new(client: &mut Client) -> JoinGroupResponse {
    let told = client.call(&join(&StrBytes::default(), "range"), 5);
    assert_eq!(told.error_code, 79, "a new member is told its id first");
    assert!(told.member_id.starts_with("test-"), "{:?}", told.member_id);
    client.call(&join(&told.member_id, "range"), 5)
}

fn sync(
    joined: &JoinGroupResponse,
    assignments: &[(&StrBytes, &'static [u8])],
) -> SyncGroupRequest {
    let assign = |(member, bytes): &(&StrBytes, &'static [u8])| {
        SyncGroupRequestAssignment::default()
            .with_member_id((*member).clone())
            .with_assignment(Bytes::from_static(bytes))
    };
    SyncGroupRequest::default()
        .with_group_id(group())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(assignments.iter().map(assign).collect())
}

fn heartbeat(client: &mut Client, member: &StrBytes, generation: i32) -> i16 {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(member.clone())
        .with_generation_id(generation);
    client.call(&request, 3).error_code
}

#[test]
fn a_group_of_two_goes_through_a_rebalance() {
    let broker = TestBroker::start();
    let mut one = Client::connect(broker.address);
    let first = join_new(&mut one);
    assert_eq!((first.error_code, first.generation_id, first.members.len()), (0, 1, 1));
    assert_eq!(first.leader, first.member_id);
    let assigned = one.call(&sync(&first, &[(&first.member_id, b"all")]), 3);
    assert_eq!((assigned.error_code, &assigned.assignment[..]), (0, &b"all"[..]));
    assert_eq!(heartbeat(&mut one, &first.member_id, 1), 0);
    assert_eq!(heartbeat(&mut one, &first.member_id, 9), 22, "another generation");

    // A second member comes, and waits until the first has joined again.
    let mut two = Client::connect(broker.address);
    let told = two.call(&join(&StrBytes::default(), "range"), 5);
    two.send(&join(&told.member_id, "range"), 5);
    while heartbeat(&mut one, &first.member_id, 1) != 27 {}
    let again = one.call(&join(&first.member_id, "range"), 5);
    let second = two.receive::<JoinGroupRequest>(5);
    assert_eq!((again.generation_id, again.members.len()), (2, 2));
    assert_eq!((second.generation_id, second.members.len()), (2, 0), "only the leader sees them");
    two.send(&sync(&second, &[]), 3);
    let shares: [(&StrBytes, &[u8]); 2] =
        [(&first.member_id, b"left"), (&second.member_id, b"right")];
    let left = one.call(&sync(&again, &shares), 3);
    let right = two.receive::<SyncGroupRequest>(3);
    assert_eq!((&left.assignment[..], &right.assignment[..]), (&b"left"[..], &b"right"[..]));

    let view = broker.broker.group("g").expect("the group is there");
    assert_eq!((view.state.as_str(), view.members.len()), ("Stable", 2));
    assert_eq!(view.protocol.as_deref(), Some("range"));
    let described = one.call(&DescribeGroupsRequest::default().with_groups(vec![group()]), 4);
    assert_eq!(described.groups[0].group_state.as_str(), "Stable");
    assert_eq!(described.groups[0].members.len(), 2);
    let listed = one.call(&ListGroupsRequest::default(), 4);
    assert_eq!(listed.groups[0].group_id, group());

    // The second leaves, the first is called again and is alone.
    let leaving = MemberIdentity::default().with_member_id(second.member_id.clone());
    let leave = LeaveGroupRequest::default().with_group_id(group()).with_members(vec![leaving]);
    assert_eq!(two.call(&leave, 3).members[0].error_code, 0);
    assert_eq!(heartbeat(&mut two, &second.member_id, 2), 25, "it is no member any more");
    assert_eq!(heartbeat(&mut one, &first.member_id, 2), 27);
    assert_eq!(one.call(&join(&first.member_id, "range"), 5).members.len(), 1);
}

#[test]
fn who_does_not_fit_is_told_why() {
    let broker = TestBroker::start_with(|options| options.limits.group_members_max = 1);
    let mut client = Client::connect(broker.address);
    let short = join(&StrBytes::default(), "range").with_session_timeout_ms(1);
    assert_eq!(client.call(&short, 5).error_code, 26);
    let nameless = join(&StrBytes::default(), "range").with_group_id(GroupId::default());
    assert_eq!(client.call(&nameless, 5).error_code, 24);
    let stranger = join(&StrBytes::from_static_str("stranger"), "range");
    assert_eq!(client.call(&stranger, 5).error_code, 25);
    let first = join_new(&mut client);
    assert_eq!(first.error_code, 0);
    let mut other = Client::connect(broker.address);
    let foreign = join(&StrBytes::default(), "other-protocol");
    assert_eq!(other.call(&foreign, 5).error_code, 23);
    let second = join(&StrBytes::default(), "range");
    assert_eq!(other.call(&second, 5).error_code, 81, "the group is full");
}

#[test]
fn before_version_4_a_member_joins_at_once() {
    let broker = TestBroker::start();
    for version in 0..=3 {
        let mut client = Client::connect(broker.address);
        let joined = client.call(&join(&StrBytes::default(), "range"), version);
        assert_eq!((joined.error_code, joined.members.len()), (0, 1), "version {version}");
        let left =
            LeaveGroupRequest::default().with_group_id(group()).with_member_id(joined.member_id);
        assert_eq!(client.call(&left, 1).error_code, 0);
    }
}

#[test]
fn offsets_are_committed_fetched_and_deleted() {
    let broker = TestBroker::start();
    broker.create("t", 2);
    let mut client = Client::connect(broker.address);
    let commit = |topic, partition, offset, generation: i32| {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(partition)
            .with_committed_offset(offset)
            .with_committed_metadata(Some("note".into()));
        let topic = OffsetCommitRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(vec![partition]);
        OffsetCommitRequest::default()
            .with_group_id(group())
            .with_generation_id_or_member_epoch(generation)
            .with_topics(vec![topic])
    };
    let mut code = |request: &OffsetCommitRequest, version| {
        client.call(request, version).topics[0].partitions[0].error_code
    };
    for version in 2..=9 {
        assert_eq!(code(&commit("t", 1, 5, -1), version), 0, "version {version}");
    }
    assert_eq!(code(&commit("t", 2, 5, -1), 8), 3, "no such partition");
    assert_eq!(code(&commit("t", 1, 6, 3), 8), 25, "nobody is in the group");
    let fetch = OffsetFetchRequest::default().with_group_id(group()).with_topics(None);
    for version in 2..=7 {
        let fetched = client.call(&fetch, version);
        let found = &fetched.topics[0].partitions[0];
        let note = found.metadata.as_deref();
        assert_eq!((found.partition_index, found.committed_offset, note), (1, 5, Some("note")));
    }
    let many = OffsetFetchRequest::default().with_groups(vec![
        kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup::default()
            .with_group_id(group())
            .with_topics(None),
    ]);
    for version in 8..=9 {
        let fetched = client.call(&many, version);
        assert_eq!(fetched.groups[0].topics[0].partitions[0].committed_offset, 5);
    }
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![group()]);
    assert_eq!(client.call(&delete, 1).results[0].error_code, 0);
    assert_eq!(client.call(&delete, 1).results[0].error_code, 69, "it is gone");
    assert!(client.call(&fetch, 7).topics.is_empty());
}
