//! Records that a table cannot hold, and topics that a client may not write.

use crate::env::{TestEnv, table};

const ROW: &str = r#"{"k":"a"}"#;

fn copy(env: &TestEnv, from: &str, to: &str, options: &str) {
    let mut text = table(from, "k STRING", options);
    text += &table(to, "k STRING", "");
    let insert = format!("INSERT INTO {to} SELECT k FROM {from};");
    env.sql(&(text + &insert));
}

#[test]
fn malformed_records_are_skipped_and_counted_where_the_table_says_so() {
    let env = TestEnv::up();
    env.produce("dirty", &[ROW, "no json", ROW, "{\"k\":", ROW].map(str::to_owned));
    copy(&env, "dirty", "clean", ", 'json.ignore-parse-errors' = 'true'");
    let job = env.job_when("clean", |j| j["rows_in"] == 3 && j["caught_up"] == true);
    assert_eq!(job["state"], "running");
    assert_eq!(job["malformed"], 2, "{job:#}");
    assert!(job["first_malformed"].as_str().unwrap().starts_with("dirty-0@1: "), "{job:#}");
    assert_eq!(env.job_when("clean", |j| j["rows_out"] == 3)["malformed"], 2);
    assert_eq!(env.values("clean"), [ROW; 3]);
    // People see it too, not only programs.
    let shown = env.ok(["job", "show", "clean"]).stdout;
    assert!(shown.contains("dirty-0@1"), "{shown}");
}

#[test]
fn a_malformed_record_fails_the_job_by_default_and_says_where_it_is() {
    let env = TestEnv::up();
    env.produce("dirty", &[ROW, ROW, "no json", ROW].map(str::to_owned));
    copy(&env, "dirty", "clean", "");
    let job = env.job_when("clean", |j| j["state"] == "failed");
    let error = job["error"].as_str().unwrap();
    for part in ["`dirty`", "row 2 of `dirty-0`"] {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
    let shown = env.ok(["job", "show", "clean"]).stdout;
    assert!(shown.contains("row 2 of `dirty-0`"), "{shown}");
}

#[test]
fn a_client_may_not_write_what_belongs_to_the_workshop() {
    let env = TestEnv::up();
    let internal = || env.ok(["--json", "topic", "describe", "_pancake.progress"]).json();
    let before = internal();
    let answer =
        env.run(["--json", "topic", "produce", "_pancake.progress", "--value", "{}"]).exits(2);
    answer.says(&["`_pancake.progress`", "authorization", "belong to the workshop"]);
    assert_eq!(internal(), before);
    let answer = env.run(["topic", "delete", "_pancake.jobs"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let answer = env.run(["topic", "create", "_pancake.mine"]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
}
