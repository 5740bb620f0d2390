//! Queries that end.

use std::time::Duration;

use pancake_sql::{Limits, Outcome};

use crate::memory::Lab;

fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.ok("SET 'execution.runtime-mode' = 'batch';
        CREATE TABLE orders (
          stand STRING, price DECIMAL(5, 2), n INT, at_ms BIGINT,
          ordered_at AS TO_TIMESTAMP_LTZ(at_ms, 3), twice AS n * 2, ts TIMESTAMP(3),
          WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
        ) WITH ('connector' = 'memory');
        INSERT INTO orders VALUES
          ('north', 7.50, 1, 0, TIMESTAMP '2026-05-01 09:00:00'),
          ('south', 8, 2, 61000, TIMESTAMP '2026-05-01 09:00:59.999'),
          ('north', 2.5, 3, 120000, TIMESTAMP '2026-05-01 09:01:00')");
    lab
}

#[track_caller]
fn check(text: &str, rows: &[&str]) {
    assert_eq!(lab().rows(text), rows, "{text}");
}

#[test]
fn values_are_written_and_read() {
    let mut lab = lab();
    match lab.ok("INSERT INTO orders (n, stand) VALUES (9, 'west')") {
        Outcome::Written { table, rows } => assert_eq!((table.as_str(), rows), ("orders", 1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        lab.rows("SELECT stand, price, n, twice FROM orders WHERE n > 2"),
        [
            r#"{"stand":"north","price":2.5,"n":3,"twice":6}"#,
            r#"{"stand":"west","price":null,"n":9,"twice":18}"#
        ]
    );
}

#[test]
fn queries_give_flinks_rows() {
    check("SELECT COUNT(*) FROM orders", &[r#"{"EXPR$0":3}"#]);
    check("SELECT MAX(ordered_at) AS m FROM orders", &[r#"{"m":"1970-01-01 00:02:00.000"}"#]);
    check("SELECT 7 / 2 AS a, 7.0 / 2 AS b, 1 + 1.5 AS c", &[r#"{"a":3,"b":3.5,"c":2.5}"#]);
    check(
        "SELECT stand, SUM(n) AS s, AVG(price) AS p FROM orders GROUP BY stand HAVING COUNT(*) > 1",
        &[r#"{"stand":"north","s":4,"p":5.0}"#],
    );
    check("SELECT upper(stand) AS s FROM orders LIMIT 1", &[r#"{"s":"NORTH"}"#]);
    check("WITH t AS (SELECT n FROM orders) SELECT SUM(n) AS n FROM t", &[r#"{"n":6}"#]);
    check(
        "SELECT a.stand FROM orders AS a JOIN orders AS b ON a.n = b.n + 2",
        &[r#"{"stand":"north"}"#],
    );
}

#[test]
fn windows_are_cut_as_in_a_stream() {
    check(
        "SELECT COUNT(*) AS n FROM TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE) AS w
         WHERE w.window_start < TIMESTAMP '2026-05-01 09:01:00'",
        &[r#"{"n":2}"#],
    );
    check(
        "SELECT COUNT(*) AS n FROM TABLE(TUMBLE(DATA => TABLE orders, TIMECOL => DESCRIPTOR(ts),
           SIZE => INTERVAL '10' MINUTES)) GROUP BY window_start, window_end",
        &[r#"{"n":3}"#],
    );
    check(
        "SELECT COUNT(*) AS n
         FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' MINUTES, INTERVAL '1' MINUTE))
         GROUP BY window_start, window_end",
        &[r#"{"n":1}"#, r#"{"n":2}"#],
    );
    check(
        "SELECT window_start, window_end, window_time, COUNT(*) AS n
         FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
         GROUP BY window_start, window_end, window_time",
        &[
            r#"{"window_start":"2026-05-01 09:00:00.000","window_end":"2026-05-01 09:01:00.000","window_time":"2026-05-01 09:00:59.999","n":2}"#,
            r#"{"window_start":"2026-05-01 09:01:00.000","window_end":"2026-05-01 09:02:00.000","window_time":"2026-05-01 09:01:59.999","n":1}"#,
        ],
    );
    check(
        "SELECT window_start, SUM(n) AS n
         FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '30' SECOND, INTERVAL '1' MINUTE))
         GROUP BY window_start, window_end",
        &[
            r#"{"window_start":"2026-05-01 08:59:30.000","n":1}"#,
            r#"{"window_start":"2026-05-01 09:00:00.000","n":3}"#,
            r#"{"window_start":"2026-05-01 09:00:30.000","n":5}"#,
            r#"{"window_start":"2026-05-01 09:01:00.000","n":3}"#,
        ],
    );
    check(
        "SELECT window_start, window_end, COUNT(*) AS n
         FROM TABLE(CUMULATE(TABLE orders, DESCRIPTOR(ts), INTERVAL '30' SECOND, INTERVAL '1' MINUTE))
         WHERE n < 3 GROUP BY window_start, window_end",
        &[
            r#"{"window_start":"2026-05-01 09:00:00.000","window_end":"2026-05-01 09:00:30.000","n":1}"#,
            r#"{"window_start":"2026-05-01 09:00:00.000","window_end":"2026-05-01 09:01:00.000","n":2}"#,
        ],
    );
}

#[test]
fn views_are_queries_with_a_name() {
    let mut lab = lab();
    lab.ok("CREATE VIEW v (who, many) AS SELECT stand, SUM(n) FROM orders GROUP BY stand;
            CREATE VIEW w AS SELECT who FROM v WHERE many > 2");
    assert_eq!(lab.rows("SELECT * FROM w"), [r#"{"who":"north"}"#]);
}

#[test]
fn a_heavy_query_ends_in_an_error_and_leaves_the_rest_alone() {
    let limits = Limits { time_max: Duration::from_millis(300), ..Limits::default() };
    let mut lab = Lab::with_limits(limits);
    let digits = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let product: Vec<String> = (0..14).map(|i| format!("{digits} AS t{i} (d{i})")).collect();
    let error = lab.error(&format!("SELECT SUM(d0 + d13) FROM {}", product.join(" CROSS JOIN ")));
    assert!(error.message.contains("took longer"), "{error}");
    assert_eq!(lab.rows("SELECT 1 AS x"), [r#"{"x":1}"#]);
}

#[test]
fn memory_is_capped() {
    let limits = Limits { memory_bytes_max: 1 << 20, ..Limits::default() };
    let mut lab = Lab::with_limits(limits);
    let digits = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
    let product: Vec<String> = (0..6).map(|i| format!("{digits} AS t{i} (d{i})")).collect();
    let side = format!(
        "SELECT d0 + 10 * d1 + 100 * d2 + 1000 * d3 + 10000 * d4 + 100000 * d5 AS k FROM {}",
        product.join(" CROSS JOIN ")
    );
    let error = lab.error(&format!("SELECT COUNT(*) FROM ({side}) a JOIN ({side}) b ON a.k = b.k"));
    assert!(error.message.contains("memory"), "{error}");
}
