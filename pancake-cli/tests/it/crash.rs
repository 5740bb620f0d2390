//! `kill -9` at the worst moment, and what the next start has.

use std::collections::BTreeMap;

use pancake_types::{Clock as _, SystemClock};
use serde_json::Value;

use crate::env::{TestEnv, table};

/// Rows of one part of the stream: every second has one event for each of three keys.
fn rows(seconds: std::ops::Range<u32>) -> Vec<String> {
    let row = |s: u32, k: &str| {
        format!(r#"{{"k":"{k}","ts":"2026-05-01 09:{:02}:{:02}"}}"#, s / 60, s % 60)
    };
    seconds.flat_map(|s| ["a", "b", "c"].map(|k| row(s, k))).collect()
}

/// A count per key and ten seconds, from topic `events` into topic `counts`.
fn count_per_window(env: &TestEnv) {
    env.ok(["topic", "create", "events"]);
    let columns = "k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND";
    let mut text = table("events", columns, "");
    text += &table("counts", "window_start TIMESTAMP(3), k STRING, n BIGINT", "");
    text += "INSERT INTO counts SELECT window_start, k, COUNT(*) FROM TABLE(TUMBLE(TABLE events, \
             DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;";
    env.sql(&text);
}

/// The last value of each window and key, as a topic at least once written is to be read.
fn folded(env: &TestEnv) -> BTreeMap<(String, String), u64> {
    let windows = env.values("counts").into_iter().map(|value| {
        let row: Value = serde_json::from_str(&value).unwrap();
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        ((text("window_start"), text("k")), row["n"].as_u64().unwrap())
    });
    windows.collect()
}

/// Watermark of an event at this second, two seconds of patience and the millisecond before it apart.
fn has_passed(job: &Value, second: i64) -> bool {
    const NINE: i64 = 1_777_626_000_000;
    job["watermark"].as_i64().is_some_and(|w| w >= NINE + second * 1000)
}

#[test]
fn a_job_killed_in_a_window_goes_on_as_if_nothing_had_been() {
    let mut env = TestEnv::up();
    count_per_window(&env);
    // The first window is out and the second half full when a checkpoint holds it.
    env.produce("events", &rows(0..15));
    let read = env.job_when("counts", |j| has_passed(j, 10) && j["rows_in"] == 45);
    let before = read["checkpoint"].as_u64().unwrap_or(0);
    let safe = env.job_when("counts", |j| j["checkpoint"].as_u64().is_some_and(|c| c > before + 1));
    env.ok(["topic", "consume", "events", "--group", "readers", "-n", "7"]);
    // Acknowledged, and perhaps read, but in no checkpoint.
    env.produce("events", &rows(15..27));
    env.kill();

    env.start();
    assert_eq!(env.values("events"), rows(0..27), "every acknowledged record, once, in order");
    let again = env.job_when("counts", |j| j["state"] == "running" && j["caught_up"] == true);
    assert_eq!(again["id"], safe["id"], "the same job, resumed by itself");
    assert!(again["rows_in"].as_u64().unwrap() < 81, "not from the beginning: {again:#}");
    let group = env.ok(["--json", "group", "describe", "readers"]).json();
    assert_eq!(group["offsets"][0]["committed"], 7, "{group}");

    env.produce("events", &rows(27..63));
    env.job_when("counts", |j| has_passed(j, 60) && j["caught_up"] == true);
    let whole = TestEnv::up();
    count_per_window(&whole);
    whole.produce("events", &rows(0..63));
    whole.job_when("counts", |j| has_passed(j, 60) && j["caught_up"] == true);
    assert_eq!(folded(&env), folded(&whole));
    let every_window = folded(&env);
    assert_eq!(every_window.len(), 6 * 3, "{every_window:?}");
    assert!(every_window.values().all(|n| *n == 10), "{every_window:?}");
    // The catalog is there: the table can be asked as before.
    let rows = env.sql("SELECT COUNT(*) AS n FROM events").json_lines();
    assert_eq!(rows[0]["row"]["n"], 189, "{rows:?}");
}

/// The promise is one second on a machine of one's own; what is asserted leaves room for a shared one.
#[test]
fn a_killed_workshop_is_soon_ready_again() {
    const READY_MS_MAX: u128 = 10_000;
    let mut env = TestEnv::up();
    for n in 0..12 {
        let lines: Vec<String> = (0..500).map(|i| format!(r#"{{"k":"key {i}"}}"#)).collect();
        env.produce(&format!("t{n}"), &lines);
    }
    for n in 0..3 {
        let mut text = table(&format!("t{n}"), "k STRING", "");
        text += &table(&format!("copy{n}"), "k STRING", "");
        let insert = format!("INSERT INTO copy{n} SELECT k FROM t{n};");
        env.sql(&(text + &insert));
        env.job_when(&format!("copy{n}"), |j| j["checkpoint"].is_u64());
    }
    env.kill();
    let clock = SystemClock::new();
    env.start();
    let seen = clock.monotonic().as_millis();
    let status = env.ok(["--json", "status"]).json();
    assert_eq!((&status["topics"], &status["jobs_running"]), (&15.into(), &3.into()), "{status}");
    let ready = env.said("ready_ms").as_u64().unwrap();
    eprintln!(
        "ready after {ready} ms ({seen} ms from outside), after kill -9 with 15 topics and 3 jobs"
    );
    assert!(seen < READY_MS_MAX && u128::from(ready) <= seen, "{ready} ms, {seen} ms from outside");
}

#[test]
fn a_clean_stop_loses_nothing_either() {
    let mut env = TestEnv::up();
    count_per_window(&env);
    env.produce("events", &rows(0..15));
    env.job_when("counts", |j| j["rows_in"] == 45);
    env.ok(["down"]);
    env.start();
    env.produce("events", &rows(15..23));
    env.job_when("counts", |j| has_passed(j, 20) && j["caught_up"] == true);
    let windows = folded(&env);
    assert_eq!(windows.len(), 2 * 3, "{windows:?}");
    assert!(windows.values().all(|n| *n == 10), "{windows:?}");
}
