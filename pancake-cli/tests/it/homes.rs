//! Homes and ports that cannot be had, and tails that a crash has torn.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    net::TcpListener,
};

use crate::env::TestEnv;

#[test]
fn a_port_in_use_is_named_with_its_holder_and_the_way_out() {
    let env = TestEnv::idle();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let holder = format!("(pid {})", std::process::id());
    for (flag, other) in [("--port", "--kafka-port"), ("--kafka-port", "--port")] {
        let answer = env.run(["--json", "up", flag, &port, other, "0"]);
        let answer = answer.exits(3).says(&[&port, "is in use", "--any-port", flag]);
        if cfg!(target_os = "linux") {
            assert!(answer.stderr.contains(&holder), "{}", answer.stderr);
        }
        assert_eq!(answer.json()["error"]["code"], "port_in_use");
    }
    assert!(!env.home().join("run.json").exists(), "nothing runs, so nothing may say so");
}

#[test]
fn a_home_that_cannot_be_written_says_so() {
    let env = TestEnv::idle();
    fs::write(env.home(), "a file, not a directory").unwrap();
    let answer = env.run(["--json", "up", "--any-port"]).exits(3);
    let answer = answer.says(&["cannot write to", &env.home().display().to_string(), "--home DIR"]);
    assert_eq!(answer.json()["error"]["code"], "home_unwritable");
}

#[test]
fn a_second_workshop_on_a_home_names_the_first() {
    let env = TestEnv::up();
    let url = env.said("url").as_str().unwrap();
    let (address, _) = url.split_once("/login").unwrap();
    let pid = format!("pid {}", env.said("pid"));
    let answer = env.run(["--json", "up", "--any-port"]).exits(2);
    let answer = answer.says(&["is in use", &pid, address, "pancake down", "--any-port"]);
    assert_eq!(answer.json()["error"]["code"], "home_in_use");
    // The first one is none the worse for it.
    assert_eq!(env.ok(["--json", "status"]).json()["pid"], *env.said("pid"));
}

#[test]
fn a_home_of_a_newer_program_is_left_alone() {
    let env = TestEnv::idle();
    fs::create_dir_all(env.home()).unwrap();
    fs::write(env.home().join("VERSION"), "999\n").unwrap();
    env.run(["up", "--any-port"]).exits(2).says(&["newer pancake", "layout 999", "update pancake"]);
}

/// A crash may leave half a batch, or what the disk had there before.
#[test]
fn a_torn_tail_costs_no_acknowledged_record() {
    let mut env = TestEnv::up();
    env.ok(["topic", "create", "t"]);
    let log = env.home().join("log/t-0/00000000000000000000.log");
    let mut written: Vec<String> = Vec::new();
    for torn in [Torn::HalfABatch, Torn::Zeros, Torn::Noise] {
        let more: Vec<String> = (0..20).map(|n| format!("{torn:?} {n}")).collect();
        env.produce("t", &more);
        written.extend(more);
        env.kill();
        let whole = fs::read(&log).unwrap();
        let mut file = OpenOptions::new().append(true).open(&log).unwrap();
        file.write_all(&torn.tail(&whole)).unwrap();
        drop(file);
        env.start();
        assert_eq!(env.values("t"), written, "after {torn:?}");
        assert_eq!(fs::read(&log).unwrap(), whole, "the tail is cut where the records end");
    }
}

#[derive(Clone, Copy, Debug)]
enum Torn {
    HalfABatch,
    Zeros,
    Noise,
}

impl Torn {
    fn tail(self, whole: &[u8]) -> Vec<u8> {
        match self {
            Self::HalfABatch => whole[..80].to_vec(),
            Self::Zeros => vec![0; 4096],
            Self::Noise => {
                (0..1000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
            }
        }
    }
}
