//! Expressions as a real Flink evaluated them: type and value, measured.
//!
//! * The answers of Flink are data beside the repository (`../shared/data/flink-golden`); without them the test says so
//!   and is skipped.
//! * `tests/it/flink_agrees.txt` lists the expressions that agree. What is in it must agree; what newly agrees is to be
//!   added with `FLINK_AGREES=write`, so the list only grows.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use pancake_sql::{Outcome, render::text_value};

use crate::memory::Lab;

struct Case {
    expression: String,
    data_type: String,
    value: String,
}

fn cases() -> Option<Vec<Case>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/flink-golden");
    let text = fs::read_to_string(root.join("expressions.tsv")).ok()?;
    let unescape =
        |text: &str| text.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\");
    let case = |line: &str| {
        let mut fields = line.split('\t').map(unescape);
        let (expression, data_type) = (fields.next()?, fields.next()?);
        Some(Case { expression, data_type, value: fields.next()? })
    };
    Some(text.lines().skip(1).filter_map(case).collect())
}

/// A type of Flink's as this engine can tell it: lengths of text are not kept, and times have milliseconds or finer.
fn known(data_type: &str) -> String {
    let data_type = data_type.trim_end_matches(" NOT NULL");
    if data_type.starts_with("CHAR(") || data_type.starts_with("VARCHAR(") {
        return "STRING".to_owned();
    }
    data_type.replace("TIMESTAMP(0)", "TIMESTAMP(3)").replace(" NOT NULL", "")
}

fn views(lab: &mut Lab) {
    lab.ok("CREATE VIEW two_rows_and_null AS SELECT * FROM (VALUES
              (CAST(1 AS BIGINT), CAST(1.00 AS DECIMAL(10,2)), CAST('a' AS STRING)),
              (CAST(2 AS BIGINT), CAST(2.50 AS DECIMAL(10,2)), CAST('b' AS STRING)),
              (CAST(NULL AS BIGINT), CAST(NULL AS DECIMAL(10,2)), CAST(NULL AS STRING))) AS t(b, d, s);
            CREATE VIEW one_row_and_nulls AS SELECT * FROM (VALUES
              (CAST(7 AS INT), CAST(7 AS BIGINT), CAST(2.50 AS DECIMAL(10,2)), CAST(2.5 AS DOUBLE),
               CAST('straße' AS STRING), CAST(TIMESTAMP '2024-02-29 12:34:56.789' AS TIMESTAMP(3)),
               CAST(DATE '2024-02-29' AS DATE), CAST(TIME '12:34:56' AS TIME)),
              (CAST(NULL AS INT), CAST(NULL AS BIGINT), CAST(NULL AS DECIMAL(10,2)), CAST(NULL AS DOUBLE),
               CAST(NULL AS STRING), CAST(NULL AS TIMESTAMP(3)), CAST(NULL AS DATE), CAST(NULL AS TIME)))
              AS t(i, b, d, f, s, ts, dt, tm)");
}

/// What this engine makes of an expression: its type and its values, or `error`.
fn evaluate(lab: &mut Lab, expression: &str) -> Result<(String, String), String> {
    let text = format!("SELECT {expression}");
    let rows = match lab.run(&text).map_err(|error| error.to_string())? {
        Outcome::Rows(rows) => rows,
        other => return Err(format!("{other:?}")),
    };
    let schema = rows.schema();
    let data_type = pancake_sql::sql_type(schema.field(0).data_type());
    let mut values = vec![];
    for batch in rows.collect(1_000).map_err(|error| error.to_string())? {
        values.extend((0..batch.num_rows()).map(|row| text_value(batch.column(0), row)));
    }
    Ok((data_type, values.join("; ")))
}

#[test]
fn expressions_agree_with_flink() {
    let Some(cases) = cases() else {
        eprintln!("skipped: ../shared/data/flink-golden is not there");
        return;
    };
    let mut lab = Lab::new();
    lab.ok("SET 'execution.runtime-mode' = 'batch'");
    views(&mut lab);
    let list = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/flink_agrees.txt");
    let listed: BTreeSet<String> =
        fs::read_to_string(&list).unwrap_or_default().lines().map(str::to_owned).collect();
    let (mut agree, mut report) = (BTreeSet::new(), String::new());
    for case in &cases {
        let ours = evaluate(&mut lab, &case.expression);
        let same = match &ours {
            Ok((data_type, value)) => *data_type == known(&case.data_type) && *value == case.value,
            Err(_) => case.data_type == "error",
        };
        if same {
            agree.insert(case.expression.clone());
        } else {
            let flink = format!("{} {}", known(&case.data_type), case.value);
            let _ = writeln!(report, "{}\n  Flink: {flink}\n  ours:  {ours:?}", case.expression);
        }
    }
    if std::env::var("FLINK_AGREES").as_deref() == Ok("write") {
        let all: Vec<&str> = agree.union(&listed).map(String::as_str).collect();
        fs::write(&list, all.join("\n") + "\n").unwrap();
    }
    println!("{} of {} expressions agree with Flink\n{report}", agree.len(), cases.len());
    let missing: Vec<&String> = listed.difference(&agree).collect();
    assert!(missing.is_empty(), "these agreed and do not any more: {missing:#?}\n{report}");
    assert!(listed.len() >= AGREE_MIN, "the list has {} expressions", listed.len());
}

/// The list may only grow.
const AGREE_MIN: usize = 288;
