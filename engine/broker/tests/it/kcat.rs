//! kcat, as people type it.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::harness::{TestBroker, installed};

/// Runs kcat with an input and gives its output.
fn kcat(broker: &TestBroker, args: &[&str], input: &str) -> String {
    let mut child = Command::new("kcat")
        .args(["-b", &broker.address.to_string(), "-q", "-m", "20"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kcat starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("kcat reads");
    let output = child.wait_with_output().expect("kcat ends");
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kcat {args:?}: {talk}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn kcat_produces_consumes_and_resumes_in_a_group() {
    let Some(_) = installed("kcat", &["-V"]) else { return };
    let broker = TestBroker::start();
    kcat(&broker, &["-P", "-t", "t", "-K:", "-z", "snappy"], "a:1\nb:2\n");
    kcat(&broker, &["-P", "-t", "t", "-K:", "-X", "enable.idempotence=true"], "c:3\n");
    let all = kcat(&broker, &["-C", "-t", "t", "-e", "-f", "%o %k=%s\\n"], "");
    assert_eq!(all, "0 a=1\n1 b=2\n2 c=3\n");
    let last = kcat(&broker, &["-C", "-t", "t", "-o", "-1", "-e", "-f", "%s\\n"], "");
    assert_eq!(last, "3\n");
    let group = ["-e", "-X", "auto.offset.reset=earliest", "-f", "%s\\n", "-G", "g", "t"];
    assert_eq!(kcat(&broker, &group, ""), "1\n2\n3\n");
    kcat(&broker, &["-P", "-t", "t"], "4\n");
    assert_eq!(kcat(&broker, &group, ""), "4\n", "it goes on behind what it has committed");
    let listed = kcat(&broker, &["-L"], "");
    assert!(listed.contains("topic \"t\" with 1 partitions"), "{listed}");
}
