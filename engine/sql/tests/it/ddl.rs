//! Tables and views made, shown, dropped and restored.

use pancake_sql::{Catalog, CatalogEvent, Outcome};

use crate::memory::Lab;

const ORDERS: &str = "CREATE TABLE orders (
    stand STRING, pancake STRING, price DECIMAL(5, 2), ordered_at TIMESTAMP(3),
    WATERMARK FOR ordered_at AS ordered_at - INTERVAL '2' SECOND
  ) WITH ('connector' = 'kafka', 'topic' = 'orders', 'properties.bootstrap.servers' = 'localhost:9092',
          'format' = 'json', 'scan.startup.mode' = 'earliest-offset')";

#[track_caller]
fn created(lab: &mut Lab, text: &str) -> String {
    match lab.ok(text) {
        Outcome::Changed { event: CatalogEvent::Created { ddl, .. }, .. } => ddl,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_ddl_of_a_table_makes_it_again() {
    let mut lab = Lab::new();
    let ddl = created(&mut lab, ORDERS);
    let catalog = Catalog::new();
    let connectors = pancake_sql::connector::Connectors::new();
    assert!(catalog.restore(&ddl, &connectors).is_err(), "the connector is not there");
    let mut again = Lab::new();
    assert_eq!(created(&mut again, &ddl), ddl);
    assert_eq!(again.session.catalog().table("orders").unwrap().ddl, ddl);
}

#[test]
fn every_kind_of_column_survives_being_written_out() {
    let mut lab = Lab::new();
    let ddl = created(
        &mut lab,
        "CREATE TABLE `odd ``name` (
           a BIGINT NOT NULL COMMENT 'x', b AS a * 2 + CHAR_LENGTH('it''s'), o BIGINT METADATA FROM 'offset' VIRTUAL,
           ts TIMESTAMP_LTZ(3) METADATA, days AS TIMESTAMPDIFF(DAY, ts, TIMESTAMP '2026-01-01 00:00:00'),
           r ROW<x INT, tags ARRAY<STRING>>, m MAP<STRING, DECIMAL(9, 4)>, p STRING,
           WATERMARK FOR ts AS ts - INTERVAL '1.5' SECOND, PRIMARY KEY (a, p) NOT ENFORCED
         ) PARTITIONED BY (p) WITH ('connector' = 'memory', 'topic' = 'it''s')",
    );
    let mut again = Lab::new();
    assert_eq!(created(&mut again, &ddl), ddl);
    assert!(ddl.contains("INTERVAL '1.500' SECOND") && ddl.contains("VIRTUAL"), "{ddl}");
}

#[test]
fn explain_shows_the_plan_and_the_job() {
    let mut lab = Lab::new();
    lab.ok(ORDERS);
    let text = lab.rows("EXPLAIN SELECT stand, COUNT(*) FROM orders GROUP BY stand").join("");
    assert!(
        text.contains("== Plan ==") && text.contains("GroupAggregate x1 <- 1 by key"),
        "{text}"
    );
}

#[test]
fn like_takes_over_what_it_is_told_to() {
    let mut lab = Lab::new();
    lab.ok(ORDERS);
    let ddl = created(
        &mut lab,
        "CREATE TABLE patient_orders (
           WATERMARK FOR ordered_at AS ordered_at - INTERVAL '10' SECOND
         ) LIKE orders (OVERWRITING WATERMARKS)",
    );
    assert!(ddl.contains("- INTERVAL '10' SECOND") && ddl.contains("'topic' = 'orders'"), "{ddl}");
    lab.ok("CREATE TABLE counts (window_start TIMESTAMP(3), stand STRING, n BIGINT)
            WITH ('connector' = 'kafka', 'topic' = 'counts', 'format' = 'json')");
    let ddl = created(
        &mut lab,
        "CREATE TABLE patient_counts WITH ('topic' = 'patient_counts') LIKE counts (OVERWRITING OPTIONS)",
    );
    assert!(ddl.contains("'topic' = 'patient_counts'") && ddl.contains("`n` BIGINT"), "{ddl}");
    let error = lab.error("CREATE TABLE x (WATERMARK FOR ordered_at AS ordered_at) LIKE orders");
    assert!(error.to_string().contains("OVERWRITING WATERMARKS"), "{error}");
    let ddl = created(
        &mut lab,
        "CREATE TABLE bare WITH ('connector' = 'memory') LIKE orders (EXCLUDING ALL)",
    );
    assert!(
        !ddl.contains("WATERMARK") && !ddl.contains("topic") && ddl.contains("`price`"),
        "{ddl}"
    );
}

#[test]
fn show_and_describe_tell_what_is_there() {
    let mut lab = Lab::new();
    lab.ok(ORDERS);
    lab.ok("CREATE VIEW dear AS SELECT stand, price FROM orders WHERE price > 8");
    assert_eq!(lab.rows("SHOW TABLES"), [r#"{"table name":"dear"}"#, r#"{"table name":"orders"}"#]);
    assert_eq!(lab.rows("SHOW VIEWS"), [r#"{"view name":"dear"}"#]);
    let columns = lab.rows("DESCRIBE orders").join("\n");
    assert!(
        columns.contains("TIMESTAMP(3) *ROWTIME*") && columns.contains("DECIMAL(5, 2)"),
        "{columns}"
    );
    assert!(lab.rows("SHOW CREATE TABLE orders")[0].contains("CREATE TABLE `orders`"));
    assert!(lab.rows("SHOW FUNCTIONS").len() > 100);
    lab.ok("DROP VIEW dear; DROP TABLE orders; DROP TABLE IF EXISTS orders");
    assert_eq!(lab.rows("SHOW TABLES"), [""; 0]);
}
