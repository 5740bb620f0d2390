//! Which texts parse, and what is said about those that do not.

use super::{ast::Kind, script, types};

#[track_caller]
fn check_parses(text: &str) {
    if let Err(error) = script(text) {
        panic!("{text}\n{error}");
    }
}

#[track_caller]
fn check_error(text: &str, line: u64, col: u64, words: &[&str]) {
    let error = script(text).expect_err("the text should not parse");
    let at = error.at.expect("the error has a place");
    assert_eq!((at.line, at.col), (line, col), "{error}");
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
}

#[test]
fn flinks_statements_parse() {
    for text in [
        "CREATE TABLE bid (auction BIGINT, price BIGINT) WITH ('connector'='kafka', 'a.b' = 'c')",
        "CREATE TABLE t (a STRING, b BYTES, `dateTime` TIMESTAMP(3), ts TIMESTAMP_LTZ(3))",
        "CREATE TABLE t (p ROW<id BIGINT, tags ARRAY<STRING>>, m MAP<STRING, INT>)",
        "CREATE TABLE t (a BIGINT, b AS a * 2, o BIGINT METADATA FROM 'offset' VIRTUAL)",
        "CREATE TABLE t (ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)",
        "CREATE TABLE t (a BIGINT, PRIMARY KEY (a) NOT ENFORCED)",
        "CREATE TABLE t (a BIGINT PRIMARY KEY NOT ENFORCED, b STRING NOT NULL COMMENT 'x')",
        "CREATE TABLE t (a BIGINT) COMMENT 'c' PARTITIONED BY (a) WITH ('connector' = 'x')",
        "CREATE TABLE t WITH ('x'='y') LIKE base (INCLUDING ALL OVERWRITING OPTIONS)",
        "CREATE TABLE t (WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) LIKE o (OVERWRITING WATERMARKS)",
        "CREATE TEMPORARY VIEW v (a, b) AS SELECT 1, 2",
        "DROP TABLE IF EXISTS t; DROP VIEW v; SHOW TABLES; SHOW CREATE TABLE t; DESCRIBE t",
        "SET 'execution.runtime-mode' = 'streaming'; SET; RESET 'pipeline.name'; RESET",
        "INSERT INTO s SELECT auction, price FROM bid",
        "INSERT INTO s (a, b) VALUES (1, 2), (3, 4)",
        "INSERT INTO s (SELECT a FROM t)",
        "SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND))",
        "SELECT * FROM TABLE(TUMBLE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '10' MINUTES))",
        "SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))",
        "SELECT COUNT(DISTINCT b) FILTER (WHERE p < 10) FROM bid -- comment ; here",
        "EXPLAIN PLAN FOR SELECT 1; EXPLAIN INSERT INTO s SELECT 1",
        "WITH a AS (SELECT 1 AS x) SELECT x FROM a; VALUES (1, 'a'); (SELECT 1)",
        "SELECT TIMESTAMP '2026-05-01 09:00:00', DATE '2026-05-01', INTERVAL '1' DAY",
        "SELECT * FROM default_catalog.default_database.t",
    ] {
        check_parses(text);
    }
}

#[test]
fn errors_carry_place_and_suggestion() {
    check_error("SELCT * FROM t", 1, 1, &["found `SELCT`", "`SELECT`"]);
    check_error("SELECT *\nFORM orders", 2, 1, &["`FROM`"]);
    check_error("SELECT a FORM orders", 1, 10, &["`FROM`"]);
    check_error("SELECT a FROM t\n  WEHRE a = 1", 2, 3, &["`WHERE`"]);
    check_error("SELECT a, COUNT(*) FROM t GRUOP BY a", 1, 27, &["`GROUP`"]);
    check_error("SELECT 1;\n\nSELECT (1", 3, 10, &["the statement ends here"]);
    check_error("CREATE TABEL t (a INT)", 1, 8, &["`TABLE`"]);
    check_error("CREATE TABLE t (a BIGINT, PRIMARY KEY (a))", 1, 42, &["NOT ENFORCED"]);
    check_error("CREATE TABLE t (a BIGINT) WITH (connector = 'x')", 1, 33, &["single quotes"]);
    check_error("SELECT * FROM t /*+ OPTIONS('a'='b') */", 1, 17, &["hints"]);
    check_error("SELECT \"a\" FROM t", 1, 8, &["'a' for a string", "backticks"]);
    check_error("INSERT OVERWRITE t SELECT 1", 1, 8, &["not supported yet"]);
    check_error("SELECT 'open", 1, 8, &["nterminated"]);
}

#[test]
fn reserved_words_need_backticks() {
    check_error("SELECT day FROM t", 1, 8, &["reserved", "`day`"]);
    check_error("SELECT COUNT(*) AS count FROM t", 1, 20, &["reserved"]);
    check_error("CREATE TABLE t (a INT,\n  value INT)", 2, 3, &["reserved"]);
    check_error("SELECT t.dateTime FROM t", 1, 10, &["reserved"]);
    check_error("SELECT user FROM t", 1, 8, &["reserved", "`user`"]);
    check_error("SELECT timestamp FROM t", 1, 8, &["reserved", "`timestamp`"]);
    check_error("SELECT interval, a FROM t", 1, 16, &["where `interval` is a name"]);
    check_parses("SELECT `day`, COUNT(*) AS `count` FROM t WHERE `value` > 1");
    check_parses("SELECT CURRENT_DATE, name, id, ts, score, item, title FROM t");
}

#[test]
fn statements_keep_their_text_and_place() {
    let statements = script("SELECT 1; -- one\n  INSERT INTO t VALUES (';', 2);;").unwrap();
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0].text(), "SELECT 1");
    assert_eq!(statements[1].text(), "INSERT INTO t VALUES (';', 2)");
    assert_eq!((statements[1].at().line, statements[1].at().col), (2, 3));
}

#[track_caller]
fn check_type(written: &str, canonical: &str) {
    let text = format!("CREATE TABLE t (a {written})");
    let statements = script(&text).unwrap_or_else(|error| panic!("{written}: {error}"));
    let Kind::CreateTable(table) = &statements[0].kind else { panic!("{written}") };
    let super::ast::ColumnSpecKind::Physical(data_type) = &table.columns[0].kind else {
        panic!("{written}")
    };
    let (_, text) = types::resolve(data_type).unwrap_or_else(|| panic!("{data_type:?}"));
    assert_eq!(text, canonical);
}

#[test]
#[rustfmt::skip]
fn types_resolve() {
    check_type("INT", "INT");
    check_type("INTEGER", "INT");
    check_type("VARCHAR", "STRING");
    check_type("STRING", "STRING");
    check_type("BYTES", "BYTES");
    check_type("VARCHAR(20)", "VARCHAR(20)");
    check_type("DECIMAL(5, 2)", "DECIMAL(5, 2)");
    check_type("DECIMAL", "DECIMAL(10, 0)");
    check_type("TIMESTAMP", "TIMESTAMP(6)");
    check_type("TIMESTAMP(3)", "TIMESTAMP(3)");
    check_type("TIMESTAMP_LTZ(3)", "TIMESTAMP_LTZ(3)");
    check_type("TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP_LTZ(3)");
    check_type("DOUBLE", "DOUBLE");
    check_type("FLOAT", "FLOAT");
    check_type("ARRAY<INT>", "ARRAY<INT>");
    check_type("ROW<a INT, b ROW<c STRING>>", "ROW<`a` INT, `b` ROW<`c` STRING>>");
    check_type("MAP<STRING, ARRAY<INT>>", "MAP<STRING, ARRAY<INT>>");
}
