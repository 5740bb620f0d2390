//! What an acknowledgement is worth: the broker runs in a process of its own and is killed with signal 9.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use kafka_protocol::messages::{
    GroupId, InitProducerIdRequest, OffsetCommitRequest,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
};
use pancake_log::batch::Producer;

use crate::{
    client::Client,
    harness::{TestBroker, first, topic},
    protocol::{batch, name, produce, produced},
};

const DIR: &str = "PANCAKE_TEST_CHILD_DIR";

/// A broker in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
    // Kept open, so that the child never writes into a pipe without a reader.
    _output: BufReader<ChildStdout>,
}

impl Process {
    fn start(dir: &Path) -> Self {
        let this = std::env::current_exe().expect("the test binary");
        let mut child = Command::new(this)
            .args(["--exact", "--nocapture", "crash::broker_process"])
            .env(DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let address = output
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split("serves ").nth(1)?.parse().ok())
            .expect("the child says where it serves");
        Self { child, address, _output: output }
    }

    fn kill(mut self) {
        self.child.kill().expect("killed with signal 9");
        self.child.wait().expect("it ends");
    }
}

/// The body of the process that the other tests here start and kill; by itself it does nothing.
#[test]
fn broker_process() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let broker = TestBroker::start_in(Path::new(&dir));
    println!("serves {}", broker.address);
    // Until the parent kills this process, or goes away itself.
    std::io::stdin().lines().for_each(drop);
}

#[test]
fn a_batch_sent_again_after_kill_9_leaves_one_copy() {
    let dir = tempfile::tempdir().expect("a directory");
    let process = Process::start(dir.path());
    let mut client = Client::connect(process.address);
    create(&mut client);
    let init = InitProducerIdRequest::default().with_transactional_id(None);
    let given = client.call(&init, 4);
    assert_eq!(given.error_code, 0);
    let id = given.producer_id.0;
    let send = |client: &mut Client, base_sequence, value: &str| {
        let producer = Producer { id, epoch: 0, base_sequence };
        produced(&client.call(&produce("t", batch(value, Some(producer)), -1), 9))
    };
    assert_eq!(send(&mut client, 0, "a"), (0, 0));
    assert_eq!(send(&mut client, 1, "b"), (0, 1));
    process.kill();

    let process = Process::start(dir.path());
    let mut client = Client::connect(process.address);
    // The acknowledgement of "b" was lost on its way, so the producer sends it again.
    assert_eq!(send(&mut client, 1, "b"), (0, 1));
    assert_eq!(send(&mut client, 2, "c"), (0, 2));
    let other = client.call(&init, 4).producer_id.0;
    assert_ne!(other, id, "an id was given out twice");
    process.kill();
    assert_eq!(TestBroker::start_in(dir.path()).values("t"), ["a", "b", "c"]);
}

#[test]
fn committed_offsets_and_topics_survive_kill_9() {
    let dir = tempfile::tempdir().expect("a directory");
    let process = Process::start(dir.path());
    let mut client = Client::connect(process.address);
    create(&mut client);
    for n in 0..10 {
        client.call(&produce("t", batch(&n.to_string(), None), 1), 9);
    }
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(7)
        .with_committed_metadata(Some("a note".into()));
    let topics =
        OffsetCommitRequestTopic::default().with_name(name("t")).with_partitions(vec![partition]);
    let commit =
        OffsetCommitRequest::default().with_group_id(GroupId("g".into())).with_topics(vec![topics]);
    assert_eq!(client.call(&commit, 8).topics[0].partitions[0].error_code, 0);
    process.kill();

    let broker = TestBroker::start_in(dir.path());
    let offsets = broker.broker.group("g").expect("the group is there").offsets;
    let offset = offsets.iter().find(|o| o.partition == first("t")).expect("its offset is there");
    let found = (offset.committed.get(), offset.metadata.as_str(), offset.lag);
    assert_eq!(found, (7, "a note", 3));
    assert!(broker.broker.topic(&topic("t")).is_some());
}

/// Has topic `t` created by asking for it.
fn create(client: &mut Client) {
    use kafka_protocol::messages::{MetadataRequest, metadata_request::MetadataRequestTopic};
    let topic = MetadataRequestTopic::default().with_name(Some(name("t")));
    let asked = MetadataRequest::default().with_topics(Some(vec![topic]));
    assert_eq!(client.call(&asked, 9).topics[0].error_code, 0);
}
