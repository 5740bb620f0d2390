//! Queries that run on, from SQL to what the sink took.

use pancake_dataflow::JobStatus;
use pancake_sql::Outcome;

use crate::memory::{Lab, fold, read, run_job};

fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.ok("CREATE TABLE orders (
          stand STRING, price DECIMAL(5, 2), n INT, ts TIMESTAMP(3),
          WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
        ) WITH ('connector' = 'memory');
        CREATE TABLE out_a (window_start TIMESTAMP(3), stand STRING, n BIGINT) WITH ('connector' = 'memory');
        CREATE TABLE out_c (stand STRING, n BIGINT) WITH ('connector' = 'changes');
        CREATE TABLE out_u (stand STRING, n BIGINT, PRIMARY KEY (stand) NOT ENFORCED)
          WITH ('connector' = 'upserts');
        INSERT INTO orders VALUES
          ('north', 7.50, 1, TIMESTAMP '2026-05-01 09:00:10'),
          ('south', 8, 2, TIMESTAMP '2026-05-01 09:00:59.999'),
          ('north', 2.5, 3, TIMESTAMP '2026-05-01 09:01:03'),
          ('west', 2.5, 4, TIMESTAMP '2026-05-01 09:00:30'),
          ('north', 1, 5, TIMESTAMP '2026-05-01 09:01:01')");
    lab
}

#[track_caller]
fn run(lab: &mut Lab, text: &str) {
    let Outcome::Job(job) = lab.ok(text) else { panic!("{text} makes no job") };
    let status = run_job(&job, 1, 1);
    assert!(matches!(status, JobStatus::Finished), "{:?}", status.error());
}

#[test]
fn windows_close_with_the_watermark_and_late_rows_are_dropped() {
    let mut lab = lab();
    run(
        &mut lab,
        "SET 'parallelism.default' = '2';
         INSERT INTO out_a SELECT window_start, stand, COUNT(*)
         FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
         GROUP BY window_start, window_end, stand",
    );
    assert_eq!(
        lab.folded("out_a"),
        [
            r#"{"window_start":"2026-05-01 09:00:00.000","stand":"north","n":1}"#,
            r#"{"window_start":"2026-05-01 09:00:00.000","stand":"south","n":1}"#,
            r#"{"window_start":"2026-05-01 09:01:00.000","stand":"north","n":2}"#,
        ]
    );
}

#[test]
fn a_group_without_a_window_updates_its_rows() {
    let mut lab = lab();
    run(
        &mut lab,
        "INSERT INTO out_c SELECT stand, SUM(n) FROM orders WHERE stand = 'north' GROUP BY stand",
    );
    assert_eq!(
        lab.changes("out_c"),
        [
            r#"+I {"stand":"north","n":1}"#,
            r#"-U {"stand":"north","n":1}"#,
            r#"+U {"stand":"north","n":4}"#,
            r#"-U {"stand":"north","n":4}"#,
            r#"+U {"stand":"north","n":9}"#,
        ]
    );
    run(
        &mut lab,
        "INSERT INTO out_u SELECT stand, SUM(n) FROM orders WHERE stand = 'north' GROUP BY stand",
    );
    assert_eq!(
        lab.changes("out_u"),
        [
            r#"+I {"stand":"north","n":1}"#,
            r#"+U {"stand":"north","n":4}"#,
            r#"+U {"stand":"north","n":9}"#,
        ]
    );
}

#[test]
fn a_select_gives_its_changes_to_the_reader() {
    let mut lab = lab();
    let Outcome::StreamRows(rows) = lab.ok("SELECT stand, n + 1 AS m FROM orders WHERE n < 3")
    else {
        panic!("a SELECT on a stream gives rows")
    };
    let batches = read(rows, 2);
    assert_eq!(fold(&batches), [r#"{"stand":"north","m":2}"#, r#"{"stand":"south","m":3}"#]);
}

#[test]
fn groups_of_groups_and_unions_and_distinct_run() {
    let mut lab = lab();
    let cases = [
        (
            "SELECT n AS stand, COUNT(*) AS n FROM (SELECT stand, COUNT(*) AS n FROM orders GROUP BY stand) GROUP BY n",
            vec![r#"{"stand":1,"n":2}"#, r#"{"stand":3,"n":1}"#],
        ),
        (
            "SELECT DISTINCT stand FROM orders",
            vec![r#"{"stand":"north"}"#, r#"{"stand":"south"}"#, r#"{"stand":"west"}"#],
        ),
        (
            "SELECT stand FROM orders WHERE n = 1 UNION ALL SELECT stand FROM orders WHERE n = 2",
            vec![r#"{"stand":"north"}"#, r#"{"stand":"south"}"#],
        ),
        ("SELECT COUNT(*) AS n, MAX(price) AS p FROM orders", vec![r#"{"n":5,"p":8.0}"#]),
        (
            "SELECT stand, window_start FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) WHERE n = 4",
            vec![r#"{"stand":"west","window_start":"2026-05-01 09:00:00.000"}"#],
        ),
        (
            "SELECT window_end, AVG(price) AS p FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end HAVING COUNT(*) > 2",
            vec![r#"{"window_end":"2026-05-01 10:00:00.000","p":4.3}"#],
        ),
    ];
    for (text, expected) in cases {
        let Outcome::StreamRows(rows) = lab.ok(text) else { panic!("{text}") };
        assert_eq!(fold(&read(rows, 2)), expected, "{text}");
    }
}

#[test]
fn a_job_is_called_by_its_sink_or_by_the_option() {
    let mut lab = lab();
    let text = "INSERT INTO out_c SELECT stand, n FROM orders";
    let Outcome::Job(job) = lab.ok(text) else { panic!("no job") };
    assert_eq!((job.name.as_str(), job.sink.as_deref()), ("out_c", Some("out_c")));
    let Outcome::Job(job) = lab.ok(&format!("SET 'pipeline.name' = 'mine'; {text}")) else {
        panic!("no job")
    };
    assert_eq!(job.name, "mine");
}
