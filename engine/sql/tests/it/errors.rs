//! What is said about SQL that cannot be: the place, and what was probably meant.

use crate::memory::Lab;

fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.ok(
        "CREATE TABLE orders (stand STRING, price DECIMAL(5, 2), ts TIMESTAMP(3), raw TIMESTAMP(3),
              WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka');
            CREATE TABLE counts (stand STRING NOT NULL, n BIGINT) WITH ('connector' = 'kafka');
            CREATE TABLE totals (stand STRING, n BIGINT, PRIMARY KEY (stand) NOT ENFORCED)
              WITH ('connector' = 'upserts');
            CREATE VIEW v AS SELECT stand FROM orders",
    );
    lab
}

/// The error of a text: `line:col` (or `-`), and words that it must say.
#[track_caller]
fn check(text: &str, place: &str, words: &[&str]) {
    let error = lab().error(text);
    let at = error.at.map_or("-".to_owned(), |at| format!("{}:{}", at.line, at.col));
    assert_eq!(at, place, "{text}\n{error}");
    let said = error.to_string();
    for word in words {
        assert!(said.contains(word), "`{word}` is missing: {said}");
    }
}

#[test]
fn unknown_names_are_shown_with_the_nearest_known_one() {
    check("SELECT *\nFROM ordrs", "2:6", &["`ordrs`", "did you mean `orders`"]);
    check("SELECT stnd FROM orders", "1:8", &["`stnd`", "did you mean `stand`"]);
    check("SELECT\n  o.prise FROM orders o", "2:5", &["`prise`", "did you mean `price`"]);
    check("SELECT Stand FROM orders", "1:8", &["`Stand`", "did you mean `stand`"]);
    check("SELECT UPER(stand) FROM orders", "1:8", &["`UPER`", "did you mean `UPPER`"]);
    check("INSERT INTO conts SELECT 'a', 1", "1:13", &["did you mean `counts`"]);
    check("INSERT INTO counts (stand, m) VALUES ('a', 1)", "1:28", &["no column `m`"]);
    check("DROP TABLE order_s", "1:12", &["did you mean `orders`"]);
    check("DESCRIBE nothing", "1:10", &["no table or view `nothing`", "SHOW TABLES"]);
    check("SET 'parallelism.defalt' = '2'", "1:1", &["did you mean `parallelism.default`"]);
    check(
        "SELECT * FROM TABLE(TUMBEL(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))",
        "1:21",
        &["did you mean `TUMBLE`"],
    );
    check(
        "SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(tss), INTERVAL '1' MINUTE))",
        "1:53",
        &["did you mean `ts`"],
    );
    check("SELECT CAST(price AS STRNG) FROM orders", "1:22", &["STRNG"]);
}

#[test]
fn what_makes_no_sense_is_explained() {
    check("SELECT stand, COUNT(*) FROM orders GROUP BY price", "1:8", &["`stand`", "GROUP BY"]);
    check("CREATE TABLE orders (a INT) WITH ('connector' = 'memory')", "1:14", &["exists already"]);
    check("CREATE TABLE t (a INT)", "1:14", &["'connector'"]);
    check("CREATE TABLE t (a INT) WITH ('connector' = 'kafak')", "1:30", &["did you mean `kafka`"]);
    check(
        "CREATE TABLE t (a INT)\nWITH ('connector' = 'kafka', 'topik' = 'x')",
        "2:30",
        &["unknown option `topik`", "did you mean `topic`"],
    );
    check("CREATE TABLE t (a SRTING) WITH ('connector' = 'kafka')", "1:17", &["SRTING", "STRING"]);
    check(
        "CREATE TABLE t (a STRING, WATERMARK FOR a AS a) WITH ('connector' = 'kafka')",
        "1:41",
        &["TIMESTAMP(3)"],
    );
    check("CREATE TABLE t (a INT, a INT) WITH ('connector' = 'kafka')", "1:17", &["twice"]);
    check("DROP VIEW orders", "1:11", &["is a table"]);
    check("INSERT INTO v VALUES ('a')", "1:13", &["is a view"]);
    check("INSERT INTO counts VALUES ('a', 1, 2)", "1:1", &["3 columns", "takes 2"]);
    check("INSERT INTO counts VALUES ('a', 'b')", "1:1", &["`n` of `counts` is BIGINT", "STRING"]);
    check("INSERT INTO counts (n) VALUES (1)", "1:1", &["NOT NULL"]);
    check(
        "SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(raw), INTERVAL '1' MINUTE))",
        "1:53",
        &["no watermark"],
    );
    check("SELECT 1 / 0 AS x", "-", &["ivide by zero"]);
}

#[test]
fn what_cannot_run_on_a_stream_is_refused_by_name() {
    check("SELECT * FROM orders ORDER BY price", "1:1", &["ORDER BY", "batch"]);
    check("SELECT * FROM orders LIMIT 3", "1:1", &["LIMIT", "batch"]);
    check("SELECT a.stand FROM orders a JOIN orders b ON a.stand = b.stand", "1:1", &["a join"]);
    check(
        "INSERT INTO counts SELECT stand, COUNT(*) FROM orders GROUP BY stand",
        "1:13",
        &["takes new rows only", "upsert-kafka"],
    );
    check(
        "INSERT INTO counts SELECT stand, COUNT(*)
         FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
         GROUP BY window_start, stand",
        "3:10",
        &["window_end"],
    );
    check(
        "INSERT INTO counts SELECT stand, COUNT(*) AS n
         FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY stand",
        "1:13",
        &["takes new rows only"],
    );
}
