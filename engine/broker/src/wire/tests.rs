//! Every API in every version beside another implementation of the protocol, and hostile bytes.

use std::collections::HashSet;

use bytes::{Bytes, BytesMut};
use kafka_protocol::{messages, protocol};
use proptest::prelude::*;

use super::{
    DecodeError, Reader, Version, Wire, Writer,
    api::{self, each_api},
    message::{Api, Dice},
};

/// Oldest version that both sides describe: the other one has dropped the oldest.
fn oldest<A: Api>() -> i16 {
    match A::KEY {
        0 => 3,
        _ => *A::VERSIONS.start(),
    }
}

fn encode<T: Wire>(message: &T, v: Version) -> Bytes {
    let mut w = Writer::default();
    message.encode(&mut w, v);
    w.finish().concat()
}

fn decode<T: Wire>(bytes: Bytes, v: Version) -> Result<T, DecodeError> {
    let mut r = Reader::new(bytes);
    let message = T::decode(&mut r, v)?;
    assert_eq!(r.left(), 0, "bytes left over");
    Ok(message)
}

/// Ours → theirs → bytes again: equal bytes, and they decode to the same message.
#[track_caller]
fn check_same<Ours, Theirs>(dice: &mut Dice, v: Version)
where
    Ours: Wire + PartialEq + std::fmt::Debug,
    Theirs: protocol::Encodable + protocol::Decodable + std::fmt::Debug,
{
    let ours = Ours::sample(dice, v);
    let bytes = encode(&ours, v);
    let mut rest = bytes.clone();
    let theirs = Theirs::decode(&mut rest, v.number)
        .unwrap_or_else(|e| panic!("version {}: {e}; {ours:?}", v.number));
    assert!(rest.is_empty(), "version {}: {} bytes unread of {ours:?}", v.number, rest.len());
    check_names(&format!("{ours:?}"), &format!("{theirs:?}"));
    let mut again = BytesMut::new();
    theirs.encode(&mut again, v.number).unwrap_or_else(|e| panic!("{e}: {theirs:?}"));
    assert_eq!(again.freeze(), bytes, "version {}: {ours:?} is not {theirs:?}", v.number);
    assert_eq!(decode::<Ours>(bytes, v).as_ref(), Ok(&ours), "version {}", v.number);
}

/// Two fields of one type that trade their names encode to the same bytes, so the names are compared too.
#[track_caller]
fn check_names(ours: &str, theirs: &str) {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let names = |text: &str| -> Vec<String> {
        let before = text.split(": ").map(|part| part.rsplit(|c| !is_name(c)).next());
        before.map(|name| name.unwrap_or_default().to_owned()).filter(|n| !n.is_empty()).collect()
    };
    // A tagged field, which we skip, with the name of another.
    let theirs = theirs.replace("ReplicaState { replica_id:", "");
    let (mut ours, mut theirs) = (names(ours), names(&theirs));
    let both: HashSet<_> = ours.iter().filter(|n| theirs.contains(n)).cloned().collect();
    ours.retain(|name| both.contains(name));
    theirs.retain(|name| both.contains(name));
    assert_eq!(ours, theirs, "fields come in another order");
}

fn check_api<A, Request, Response>(entropy: &[u8])
where
    A: Api,
    Request: protocol::Encodable + protocol::Decodable + std::fmt::Debug,
    Response: protocol::Encodable + protocol::Decodable + std::fmt::Debug,
{
    for number in oldest::<A>()..=*A::VERSIONS.end() {
        let v = Version::of::<A>(number);
        check_same::<A::Request, Request>(&mut Dice::new(entropy.to_vec()), v);
        check_same::<A::Response, Response>(&mut Dice::new(entropy.to_vec()), v);
        check_hostile::<A::Request>(entropy, v);
    }
}

/// Whatever the bytes are, decoding ends with a message or an error; so does every cut of a good message.
fn check_hostile<Request: Wire>(entropy: &[u8], v: Version) {
    let decode = |bytes: Bytes| drop(Request::decode(&mut Reader::new(bytes), v));
    decode(Bytes::copy_from_slice(entropy));
    let good = encode(&Request::sample(&mut Dice::new(entropy.to_vec()), v), v);
    for cut in 0..good.len().min(200) {
        decode(good.slice(..cut));
    }
}

macro_rules! compare {
    ($($module:ident $name:ident;)*) => { $(
        #[test]
        fn $module() {
            proptest!(ProptestConfig::with_cases(64), |(entropy: Vec<u8>)| {
                pair::$module(&entropy);
            });
        }
    )*
        mod pair {
            use super::{api, check_api, messages};
            $(
                pub(super) fn $module(entropy: &[u8]) {
                    check_api::<
                        api::$module::$name,
                        theirs!(messages, $name, Request),
                        theirs!(messages, $name, Response),
                    >(entropy);
                }
            )*
        }
    };
}

macro_rules! theirs {
    ($m:ident, Produce, Request) => {
        $m::ProduceRequest
    };
    ($m:ident, Produce, Response) => {
        $m::ProduceResponse
    };
    ($m:ident, Fetch, Request) => {
        $m::FetchRequest
    };
    ($m:ident, Fetch, Response) => {
        $m::FetchResponse
    };
    ($m:ident, ListOffsets, Request) => {
        $m::ListOffsetsRequest
    };
    ($m:ident, ListOffsets, Response) => {
        $m::ListOffsetsResponse
    };
    ($m:ident, Metadata, Request) => {
        $m::MetadataRequest
    };
    ($m:ident, Metadata, Response) => {
        $m::MetadataResponse
    };
    ($m:ident, OffsetCommit, Request) => {
        $m::OffsetCommitRequest
    };
    ($m:ident, OffsetCommit, Response) => {
        $m::OffsetCommitResponse
    };
    ($m:ident, OffsetFetch, Request) => {
        $m::OffsetFetchRequest
    };
    ($m:ident, OffsetFetch, Response) => {
        $m::OffsetFetchResponse
    };
    ($m:ident, FindCoordinator, Request) => {
        $m::FindCoordinatorRequest
    };
    ($m:ident, FindCoordinator, Response) => {
        $m::FindCoordinatorResponse
    };
    ($m:ident, JoinGroup, Request) => {
        $m::JoinGroupRequest
    };
    ($m:ident, JoinGroup, Response) => {
        $m::JoinGroupResponse
    };
    ($m:ident, Heartbeat, Request) => {
        $m::HeartbeatRequest
    };
    ($m:ident, Heartbeat, Response) => {
        $m::HeartbeatResponse
    };
    ($m:ident, LeaveGroup, Request) => {
        $m::LeaveGroupRequest
    };
    ($m:ident, LeaveGroup, Response) => {
        $m::LeaveGroupResponse
    };
    ($m:ident, SyncGroup, Request) => {
        $m::SyncGroupRequest
    };
    ($m:ident, SyncGroup, Response) => {
        $m::SyncGroupResponse
    };
    ($m:ident, DescribeGroups, Request) => {
        $m::DescribeGroupsRequest
    };
    ($m:ident, DescribeGroups, Response) => {
        $m::DescribeGroupsResponse
    };
    ($m:ident, ListGroups, Request) => {
        $m::ListGroupsRequest
    };
    ($m:ident, ListGroups, Response) => {
        $m::ListGroupsResponse
    };
    ($m:ident, ApiVersions, Request) => {
        $m::ApiVersionsRequest
    };
    ($m:ident, ApiVersions, Response) => {
        $m::ApiVersionsResponse
    };
    ($m:ident, CreateTopics, Request) => {
        $m::CreateTopicsRequest
    };
    ($m:ident, CreateTopics, Response) => {
        $m::CreateTopicsResponse
    };
    ($m:ident, DeleteTopics, Request) => {
        $m::DeleteTopicsRequest
    };
    ($m:ident, DeleteTopics, Response) => {
        $m::DeleteTopicsResponse
    };
    ($m:ident, DeleteRecords, Request) => {
        $m::DeleteRecordsRequest
    };
    ($m:ident, DeleteRecords, Response) => {
        $m::DeleteRecordsResponse
    };
    ($m:ident, InitProducerId, Request) => {
        $m::InitProducerIdRequest
    };
    ($m:ident, InitProducerId, Response) => {
        $m::InitProducerIdResponse
    };
    ($m:ident, OffsetForLeaderEpoch, Request) => {
        $m::OffsetForLeaderEpochRequest
    };
    ($m:ident, OffsetForLeaderEpoch, Response) => {
        $m::OffsetForLeaderEpochResponse
    };
    ($m:ident, DescribeConfigs, Request) => {
        $m::DescribeConfigsRequest
    };
    ($m:ident, DescribeConfigs, Response) => {
        $m::DescribeConfigsResponse
    };
    ($m:ident, CreatePartitions, Request) => {
        $m::CreatePartitionsRequest
    };
    ($m:ident, CreatePartitions, Response) => {
        $m::CreatePartitionsResponse
    };
    ($m:ident, DeleteGroups, Request) => {
        $m::DeleteGroupsRequest
    };
    ($m:ident, DeleteGroups, Response) => {
        $m::DeleteGroupsResponse
    };
    ($m:ident, IncrementalAlterConfigs, Request) => {
        $m::IncrementalAlterConfigsRequest
    };
    ($m:ident, IncrementalAlterConfigs, Response) => {
        $m::IncrementalAlterConfigsResponse
    };
    ($m:ident, OffsetDelete, Request) => {
        $m::OffsetDeleteRequest
    };
    ($m:ident, OffsetDelete, Response) => {
        $m::OffsetDeleteResponse
    };
    ($m:ident, DescribeCluster, Request) => {
        $m::DescribeClusterRequest
    };
    ($m:ident, DescribeCluster, Response) => {
        $m::DescribeClusterResponse
    };
}

each_api!(compare);

#[test]
fn an_array_of_two_billion_elements_is_an_error_at_once() {
    let v = Version::of::<api::metadata::Metadata>(1);
    let bytes = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
    let result = decode::<api::metadata::MetadataRequest>(bytes, v);
    assert_eq!(result, Err(DecodeError::Count { count: 0x7fff_ffff, left: 0 }));
}

#[test]
fn tagged_fields_are_skipped() {
    let v = Version::of::<api::heartbeat::Heartbeat>(4);
    let mut bytes = encode(&api::heartbeat::HeartbeatRequest::default(), v).to_vec();
    assert_eq!(bytes.pop(), Some(0));
    bytes.extend([1, 200, 1, 3, b'x', b'y', b'z']);
    let decoded = decode::<api::heartbeat::HeartbeatRequest>(bytes.into(), v);
    assert_eq!(decoded, Ok(api::heartbeat::HeartbeatRequest::default()));
}
