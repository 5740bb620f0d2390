//! Tests of every kind of check.

use serde_json::json;

use super::*;
use crate::{
    toy::{Toy, lab_of_checks},
    workspace,
    world::*,
};

fn desk() -> Desk {
    Desk { attendee: "me".into(), lab: "01-c".into() }
}

fn judged(toy: &Toy, checks: &str, id: &str) -> CheckReport {
    let lab = lab_of_checks(checks);
    let vars = BTreeMap::from([("user".to_owned(), "ada".to_owned())]);
    Judge { lab: &lab, world: toy, desk: &desk(), variant: None, vars: &vars }.judge(id)
}

/// Judges check `c` and compares verdict and all that is said.
#[track_caller]
fn check(toy: &Toy, spec: &str, verdict: Verdict, says: &str) {
    let report = judged(toy, &format!("  c:\n    {}\n", spec.trim().replace('\n', "\n    ")), "c");
    assert_eq!((report.verdict, report.said().as_str()), (verdict, says));
}

fn add(toy: &Toy, topic: &str, values: &[&str]) {
    let records: Vec<NewRecord> =
        values.iter().map(|v| NewRecord { key: None, value: (*v).to_owned() }).collect();
    toy.produce(topic, &records).unwrap();
}

#[test]
fn topic_counts_and_shapes() {
    let toy = Toy::default();
    let spec = "topic: {name: 't-{user}', records: \">= 2\", every: {key: not_null, value: {json: {page: string}}}}\n\
        fail: \"{actual.records} of 2, {actual.null_keys} without key; run it\"\n\
        hints_when: [{if: \"!actual.exists\", say: \"no topic {user}\"}]";
    check(&toy, spec, Verdict::Fail, "0 of 2, 0 without key; run it no topic ada");
    add(&toy, "t-ada", &[r#"{"page": "a"}"#, "x"]);
    check(&toy, spec, Verdict::Fail, "2 of 2, 2 without key; run it");
    let any =
        "topic: {name: t-ada, records: 2, any: {value: {json: {page: string}}}}\nfail: run it";
    check(&toy, any, Verdict::Pass, "Passed.");
    let none = "topic: {name: t-ada, any: {value: {json: {pages: string}}}}\nfail: \"{actual.first_malformed}\"";
    check(
        &toy,
        none,
        Verdict::Fail,
        r#"partition 0, offset 0: `{"page": "a"}` has no field `pages`"#,
    );
}

#[test]
fn group_members_and_lag() {
    let toy = Toy::default();
    let spec =
        "group: {id: g, topic: t, lag: 0, members: \">= 1\"}\nfail: \"lag {actual.lag}, run it\"";
    check(&toy, spec, Verdict::Fail, "lag nothing, run it");
    let offset = |topic: &str, committed| GroupOffset {
        topic: topic.into(),
        partition: 0,
        committed,
        end: 9,
    };
    let group = |committed| GroupFacts {
        id: "g".into(),
        state: "stable".into(),
        members: 1,
        offsets: vec![offset("t", committed), offset("u", 0)],
    };
    toy.put_group(group(7));
    check(&toy, spec, Verdict::Fail, "lag 2, run it");
    toy.put_group(group(9));
    check(&toy, spec, Verdict::Pass, "Passed.");
}

#[test]
fn job_state_and_counts() {
    let toy = Toy::default();
    let spec = "job: {name: j, state: [running, finished], rows_out: 1, malformed: 0}\n\
        fail: run it\nhints_when: [{if: \"actual.state == 'failed'\", say: \"{actual.error}\"}]";
    check(&toy, spec, Verdict::Fail, "run it");
    toy.run_sql(&desk(), "ADD t 1\nCOPY t AS j").unwrap();
    check(&toy, spec, Verdict::Pass, "Passed.");
    toy.change_job("j", |job| {
        job.state = "failed".into();
        job.error = Some("no such column".into());
    });
    check(&toy, spec, Verdict::Fail, "run it no such column");
}

#[test]
fn query_rows_and_conditions() {
    let toy = Toy::default();
    let spec = "query: {sql: ROWS t, equals: expected/a.csv, ignore_order: true}\n\
        fail: \"{diff.rows} of {expected.rows} differ: {diff.first}; look\"";
    check(&toy, spec, Verdict::Fail, "This cannot be judged yet: no table `t`.");
    add(&toy, "t", &[r#"["south", 3]"#, r#"["north", 1]"#]);
    check(&toy, spec, Verdict::Fail, "1 of 2 differ: stand south: n is 3, not 2; look");
    check(
        &toy,
        &spec.replace("ignore_order: true", "ignore_order: true, tolerance: 1"),
        Verdict::Pass,
        "Passed.",
    );
    let every =
        "query: {sql: ROWS t, every: \"row.n < 3\", rows: 2}\nfail: \"not {diff.first}; look\"";
    check(&toy, every, Verdict::Fail, "not stand south, n 3; look");
    let expect = "query: {sql: COUNT t, equals: [[2]]}\nexpect: actual.data[0].n == http.status / 100\n\
        also: {http: {get: /x}}\nfail: look";
    check(&toy, expect, Verdict::Pass, "Passed.");
    check(&toy, &expect.replace("/ 100", "/ 10"), Verdict::Fail, "look");
}

#[test]
fn model_metrics_before_and_after_updates() {
    let toy = Toy::default();
    let spec = "model: {name: m, metrics: {ndcg_at_10: \">= 0.3\"}, serving: 1, test_table: held, served: {ndcg_at_10: \">= 0.3\"}}\n\
        fail: \"offline {actual.metrics.ndcg_at_10:.2}, served {actual.served.ndcg_at_10:.2}, wanted {expected.ndcg_at_10}; train\"";
    check(&toy, spec, Verdict::Fail, "offline nothing, served nothing, wanted >= 0.3; train");
    let version = |ndcg| VersionFacts {
        version: 1,
        metrics: [("ndcg_at_10".to_owned(), ndcg)].into(),
        ..VersionFacts::default()
    };
    let model = |ndcg, updates| ModelFacts {
        name: "m".into(),
        versions: vec![version(ndcg)],
        serving: Some(1),
        updates,
        ..ModelFacts::default()
    };
    toy.put_model(model(0.299, 0));
    check(&toy, spec, Verdict::Fail, "offline 0.30, served nothing, wanted >= 0.3; train");
    toy.put_model(model(0.41, 0));
    check(&toy, spec, Verdict::Fail, "offline 0.41, served 0.20, wanted >= 0.3; train");
    toy.put_model(model(0.41, 5));
    check(&toy, spec, Verdict::Pass, "Passed.");
}

#[test]
fn http_status_and_body() {
    let toy = Toy::default();
    let spec = "http: {get: '/r/{user}'}\nexpect: \"size(actual.body.items.filter(i, i.startsWith('jazz'))) >= 2\"\nfail: \"{actual.status}; ask\"";
    check(&toy, spec, Verdict::Pass, "Passed.");
    check(&toy, &spec.replace(">= 2", ">= 3"), Verdict::Fail, "200; ask");
    check(&toy, "http: {get: /nowhere}\nfail: \"{actual.status}; ask\"", Verdict::Fail, "404; ask");
    check(&toy, "http: {get: /nowhere, status: \">= 400\"}\nfail: ask", Verdict::Pass, "Passed.");
}

#[test]
fn answers_as_words_numbers_and_patterns() {
    let toy = Toy::default();
    let (word, number, pattern) = (
        "answer: {quiz: q, is: [made, Taken]}\nfail: \"you said {actual.answer}; look\"",
        "answer: {quiz: q, number: 1596, tolerance: 1}\nfail: look",
        "answer: {quiz: q, matches: 'a+b'}\nfail: look",
    );
    check(&toy, word, Verdict::Fail, "Quiz `q` has no answer yet. Choose one.");
    let answer = |text: &str| workspace::put_answer((&toy, &toy), &desk(), "q", text).unwrap();
    answer("seen");
    check(&toy, word, Verdict::Fail, "you said seen; look");
    answer("taken");
    check(&toy, word, Verdict::Pass, "Passed.");
    answer("1,597");
    check(&toy, number, Verdict::Pass, "Passed.");
    answer("1598");
    check(&toy, number, Verdict::Fail, "look");
    answer("aab");
    check(&toy, pattern, Verdict::Pass, "Passed.");
    answer("aabc");
    check(&toy, pattern, Verdict::Fail, "look");
}

#[test]
fn files_by_pattern_lines_and_content() {
    let toy = Toy::default();
    let spec = "file: {path: a.txt, matches: 'b.d', lines: \"<= 2\"}\nfail: \"{actual.lines} lines; write\"";
    check(&toy, spec, Verdict::Fail, "0 lines; write");
    toy.write_file(&desk(), "a.txt", b"x\nbed\n").unwrap();
    check(&toy, spec, Verdict::Pass, "Passed.");
    toy.write_file(&desk(), "a.txt", b"x\nbed\ny\n").unwrap();
    check(&toy, spec, Verdict::Fail, "3 lines; write");
    let same = "file: {path: a.txt, equals: expected/a.csv}\nfail: write";
    check(&toy, same, Verdict::Fail, "write");
    toy.write_file(&desk(), "a.txt", b"stand,n\nnorth,1\nsouth,2\n").unwrap();
    check(&toy, same, Verdict::Pass, "Passed.");
}

#[test]
fn a_check_is_blocked_by_what_it_needs_and_by_nothing_else() {
    let toy = Toy::default();
    let checks = "  a: {topic: {name: t, records: 1}, fail: run}\n  b: {needs: [a], topic: {name: t}, fail: run}\n";
    let report = judged(&toy, checks, "b");
    assert_eq!(report.verdict, Verdict::Blocked);
    assert!(report.message.starts_with("First pass `a`"), "{}", report.message);
    add(&toy, "t", &["1"]);
    assert_eq!(judged(&toy, checks, "b").verdict, Verdict::Pass);
    let circle = "  a: {needs: [b], topic: {name: t}, fail: run}\n  b: {needs: [a], topic: {name: t}, fail: run}\n";
    assert_eq!(judged(&toy, circle, "a").verdict, Verdict::Blocked);
}

#[test]
fn a_broken_world_is_our_error() {
    let toy = Toy::default();
    toy.break_down();
    check(
        &toy,
        "topic: {name: t}\nfail: run",
        Verdict::Error,
        "toy did not answer: it is broken. This is our fault: your try is not counted.",
    );
}

#[test]
fn a_wait_has_a_reason_and_a_bound() {
    let toy = Toy::default();
    let spec = "on: {job: j, watermark: \">= 1970-01-01 00:00:05\"}\nquery: {sql: COUNT j, equals: [[1]]}\nfail: look\ndeadline_s: 7";
    check(&toy, spec, Verdict::Fail, "This cannot be judged yet: no table `j`.");
    toy.run_sql(&desk(), "ADD t 1\nCOPY t AS j").unwrap();
    toy.change_job("j", |job| job.caught_up = false);
    let before = toy.monotonic();
    check(
        &toy,
        spec,
        Verdict::Blocked,
        "This is judged when job `j` reaches 1970-01-01 00:00:05; it has seen no event yet. Check again in a moment.",
    );
    let waited = toy.monotonic().saturating_sub(before);
    assert!((7..8).contains(&waited.as_secs()), "{waited:?}");
    toy.change_job("j", |job| job.caught_up = true);
    check(
        &toy,
        spec,
        Verdict::Blocked,
        "This is judged when job `j` reaches 1970-01-01 00:00:05; it has seen no event yet. Let the clock run on, then check again.",
    );
    assert!(toy.monotonic().saturating_sub(before) < waited * 2, "a still world is not waited for");
}

#[test]
fn a_model_that_follows_is_waited_for() {
    let toy = Toy::default();
    let spec = "on: {model: m}\nmodel: {name: m, updates: 3}\nfail: \"{actual.updates}; look\"\ndeadline_s: 2";
    let model =
        |lag| ModelFacts { name: "m".into(), updates: 2, online_lag: lag, ..ModelFacts::default() };
    toy.put_model(model(Some(1_200)));
    check(
        &toy,
        spec,
        Verdict::Blocked,
        "Model `m` has 1,200 events still to learn from. Check again in a moment.",
    );
    for lag in [Some(0), None] {
        toy.put_model(model(lag));
        check(&toy, spec, Verdict::Fail, "2; look");
    }
}

#[test]
fn what_is_lost_is_said() {
    let toy = Toy::default();
    add(&toy, "t", &["1", "2"]);
    let spec = "topic: {name: t, records: 1}\nlost_if: actual.records > 1\nfail: \"{actual.records}; run\"";
    check(&toy, spec, Verdict::Fail, "2; run Nothing you run can mend this: reset the step.");
    let report = judged(
        &toy,
        "  c: {topic: {name: t, records: 2}, pass: \"{actual.records} there\", fail: run}\n",
        "c",
    );
    assert_eq!((report.message.as_str(), &report.actual["partitions"]), ("2 there", &json!(1)));
}
