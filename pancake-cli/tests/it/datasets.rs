//! Data sets that are not what they should be, or cannot be reached.

use std::{fs, net::TcpListener};

use serde_json::Value;

use crate::env::TestEnv;

const NAME: &str = "sms-spam";

/// The first file of the data set: its place in a mirror, and its length.
fn file(env: &TestEnv) -> (String, usize) {
    let shown: Value = env.ok(["--json", "dataset", "show", NAME]).json();
    let file = &shown["files"][0];
    (file["mirror"].as_str().unwrap().to_owned(), file["bytes"].as_u64().unwrap() as usize)
}

/// Pulls from a folder whose file has these bytes.
fn pull(env: &TestEnv, place: &str, bytes: &[u8]) -> crate::env::Answer {
    let path = env.dir().join("mirror").join(place);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    env.run(["--json", "dataset", "pull", NAME, "--mirror", "mirror"])
}

#[test]
fn a_damaged_file_is_refused_and_not_kept() {
    let env = TestEnv::idle();
    let (place, length) = file(&env);
    for wrong in [vec![b'x'; length], vec![b'x'; length + 1]] {
        let answer = pull(&env, &place, &wrong).exits(3).says(&["try another mirror"]);
        assert_eq!(answer.json()["error"]["code"], "wrong_checksum");
        let states = env.run(["--json", "dataset", "verify", NAME]).exits(1).json();
        assert_eq!(states[0]["state"], "absent", "{states}");
    }
}

#[test]
fn a_file_that_ends_too_early_is_not_taken_for_the_whole() {
    let env = TestEnv::idle();
    let (place, length) = file(&env);
    let answer = pull(&env, &place, &vec![b'x'; length / 2]).exits(3);
    answer.says(&[&format!("stopped after {} of {length} bytes", length / 2), "try again"]);
    let states = env.run(["--json", "dataset", "verify", NAME]).exits(1).json();
    assert_eq!(states[0]["state"], "absent", "{states}");
}

#[test]
fn an_address_that_does_not_answer_says_so() {
    let env = TestEnv::idle();
    // A port that was free a moment ago, and that nothing listens on.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mirror = format!("http://127.0.0.1:{port}/");
    let answer = env.run(["--json", "dataset", "pull", NAME, "--mirror", &mirror]).exits(3);
    let answer = answer.says(&[&mirror, "offline", "--mirror DIR"]);
    assert_eq!(answer.json()["error"]["code"], "offline");
}

#[test]
fn an_unknown_data_set_says_where_to_look() {
    let env = TestEnv::idle();
    for command in ["show", "pull", "verify", "generate"] {
        env.run(["dataset", command, "nix"]).exits(2).says(&["`nix`", "pancake dataset list"]);
    }
}
