//! Bytes that are no honest request, sent to the running program.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::env::TestEnv;

const METADATA: i16 = 3;
const FETCH: i16 = 1;
const WAIT_MAX: Duration = Duration::from_mins(1);

/// A frame: length, key and version of the API, correlation id, client `x`, body.
fn frame(api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    inner.extend(api.to_be_bytes());
    inner.extend(version.to_be_bytes());
    inner.extend(7_i32.to_be_bytes());
    inner.extend([0, 1, b'x']);
    inner.extend(body);
    let mut whole = (inner.len() as i32).to_be_bytes().to_vec();
    whole.extend(inner);
    whole
}

#[test]
fn hostile_frames_end_their_connection_and_nothing_else() {
    let env = TestEnv::up();
    let two_gib = 0x7fff_ffff_i32.to_be_bytes();
    // Replica, wait, least and most bytes, isolation; then the number of topics.
    let fetch = [&[0xff; 4][..], &[0; 8], &[0, 0, 4, 0, 0][..], &two_gib].concat();
    let hostile = [
        ("an array of 2^31 - 1 topics", frame(METADATA, 1, &two_gib)),
        ("a fetch of 2^31 - 1 topics", frame(FETCH, 4, &fetch)),
        ("a frame of 2 GiB", [two_gib.to_vec(), vec![b'x'; 1000]].concat()),
        ("a frame of a negative length", [0xff; 64].to_vec()),
        ("an API that does not exist", frame(9999, 0, b"")),
        ("a request cut short", frame(METADATA, 1, &[0, 0])),
        ("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()),
    ];
    for (what, bytes) in &hostile {
        let mut socket = TcpStream::connect(("127.0.0.1", env.kafka_port())).unwrap();
        socket.set_read_timeout(Some(WAIT_MAX)).unwrap();
        socket.write_all(bytes).unwrap();
        // The end comes as an end or as a reset, never as a wait for what will not come.
        let mut rest = Vec::new();
        if let Err(error) = socket.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{what}");
        }
        assert!(rest.len() < 100, "{what} was answered with {} bytes", rest.len());
    }
    // Half a frame, from many clients at once: some go away, some just stay.
    let mut staying = Vec::new();
    for n in 0..64_i32 {
        let mut socket = TcpStream::connect(("127.0.0.1", env.kafka_port())).unwrap();
        socket.write_all(&(90_i32 << 20).to_be_bytes()).unwrap();
        socket.write_all(b"half").unwrap();
        if n % 2 == 0 {
            socket.shutdown(Shutdown::Both).unwrap();
        }
        staying.push(socket);
    }
    let lines = ["one".to_owned(), "two".to_owned()];
    env.produce("after", &lines);
    assert_eq!(env.values("after"), lines);
    if let Some(kilobytes) = resident_kilobytes(env.said("pid").as_u64().unwrap()) {
        assert!(kilobytes < 1 << 20, "{kilobytes} KB: memory was taken for bytes that never came");
    }
    drop(staying);
}

/// Memory of a process, where the system tells.
fn resident_kilobytes(pid: u64) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
