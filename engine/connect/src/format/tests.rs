//! Rows in and out of each format, and what becomes of malformed ones.

use std::sync::Arc;

use super::*;
use arrow::{
    array::RecordBatch,
    datatypes::{Field, Schema, TimeUnit},
};

fn orders() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("stand", DataType::Utf8, false),
        Field::new("price", DataType::Decimal128(5, 2), true),
        Field::new("ordered_at", DataType::Timestamp(TimeUnit::Millisecond, None), true),
        Field::new("n", DataType::Int64, true),
    ]))
}

fn format(options: &[(&str, &str)]) -> Format {
    Format::of(&options.iter().copied().collect::<Options>(), "").unwrap()
}

fn decode(format: &Format, projection: &[usize], rows: &[&str]) -> Decoded {
    let rows: Vec<&[u8]> = rows.iter().map(|row| row.as_bytes()).collect();
    format.decoder(&orders(), projection).unwrap().decode(&rows).unwrap()
}

fn lines(batch: &RecordBatch) -> Vec<String> {
    texts(batch).unwrap().into_iter().map(|cells| cells.join("|")).collect()
}

const ALL: [usize; 4] = [0, 1, 2, 3];
const NORTH: &str = r#"{"stand":"north","price":7.50,"ordered_at":"2026-05-01 09:00:00.068","n":3,"more":{"a":[1]}}"#;

#[test]
fn json_becomes_columns_in_the_order_asked_for() {
    let json = format(&[("format", "json")]);
    let decoded = decode(&json, &ALL, &[NORTH, r#" {"n":"4","stand":7} "#]);
    assert_eq!(lines(&decoded.batch), ["north|7.50|2026-05-01 09:00:00.068|3", "7|null|null|4"]);
    assert_eq!(lines(&decode(&json, &[3, 0], &[NORTH]).batch), ["3|north"]);
    assert_eq!(decode(&json, &[], &[NORTH, NORTH]).batch.num_rows(), 2);
    let iso = r#"{"stand":"a","ordered_at":"2026-05-01T09:00:00.068"}"#;
    assert_eq!(lines(&decode(&json, &[2], &[iso]).batch), ["2026-05-01 09:00:00.068"]);
}

#[track_caller]
fn check_malformed(row: &str, says: &str) {
    let rows = [NORTH, row, NORTH, NORTH];
    let decoded = decode(&format(&[("format", "json")]), &ALL, &rows);
    assert_eq!(decoded.batch.num_rows(), 3, "{row}: good rows are lost");
    let [malformed] = &decoded.malformed[..] else { panic!("{row}: {:?}", decoded.malformed) };
    assert_eq!(malformed.row, 1);
    assert!(malformed.reason.contains(says), "{row}: {}", malformed.reason);
}

#[test]
fn a_malformed_row_takes_no_other_with_it() {
    check_malformed(r#"{"stand":"north","#, "ends too early");
    check_malformed("pancakes", "");
    check_malformed("", "not exactly one");
    check_malformed(&format!("{NORTH}{NORTH}"), "not exactly one");
    check_malformed("[1,2]", "");
    check_malformed(r#"{"stand":"a","n":"many"}"#, "many");
    check_malformed(r#"{"stand":"a","ordered_at":"noon"}"#, "noon");
    check_malformed(r#"{"price":1.0}"#, "stand");
}

#[test]
fn two_halves_do_not_make_a_row() {
    let json = format(&[("format", "json")]);
    let decoded = decode(&json, &[0], &[r#"{"stand":"#, r#""north"}"#, NORTH]);
    assert_eq!(lines(&decoded.batch), ["north"]);
    assert_eq!(decoded.malformed.iter().map(|m| m.row).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn many_malformed_rows_among_many_are_found() {
    let rows: Vec<String> = (0..1_000)
        .map(|n| if n % 33 == 0 { "{".to_owned() } else { format!(r#"{{"stand":"s","n":{n}}}"#) })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let decoded = decode(&format(&[("format", "json")]), &[3], &rows);
    let expected: Vec<String> = (0..1_000).filter(|n| n % 33 != 0).map(|n| n.to_string()).collect();
    assert_eq!(lines(&decoded.batch), expected);
    assert_eq!(decoded.malformed.len(), 31);
}

#[test]
fn ignoring_errors_makes_fields_null_and_missing_fields_can_fail() {
    let lenient = format(&[("format", "json"), ("json.ignore-parse-errors", "true")]);
    assert!(lenient.ignores_errors());
    let decoded = decode(&lenient, &ALL, &[r#"{"stand":"a","n":"many"}"#, "{"]);
    assert_eq!(lines(&decoded.batch), ["a|null|null|null"]);
    assert_eq!(decoded.malformed.len(), 1);
    let strict = format(&[("format", "json"), ("json.fail-on-missing-field", "true")]);
    let decoded = decode(&strict, &[0, 3], &[r#"{"stand":"a"}"#, r#"{"stand":"b","n":null}"#]);
    assert_eq!(lines(&decoded.batch), ["b|null"]);
    assert_eq!(decoded.malformed[0].reason, "field `n` is missing");
}

#[test]
fn csv_becomes_columns() {
    let csv = format(&[("format", "csv"), ("csv.field-delimiter", ";")]);
    let rows =
        [r#""no;rth";7.50;2026-05-01 09:00:00.068;3"#, "south;;;", "a;b", "x;1;1970-01-01;y"];
    let decoded = decode(&csv, &ALL, &rows);
    assert_eq!(
        lines(&decoded.batch),
        ["no;rth|7.50|2026-05-01 09:00:00.068|3", "south|null|null|null"]
    );
    assert_eq!(decoded.malformed.iter().map(|m| m.row).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(decode(&csv, &[], &rows[..2]).batch.num_rows(), 2);
}

#[track_caller]
fn check_encoded(options: &[(&str, &str)], expected: &[&str]) {
    let rows = [NORTH, r#"{"stand":"so\"u,th"}"#];
    let batch = decode(&format(&[("format", "json")]), &ALL, &rows).batch;
    let encoded = Encoder::new(format(options), ALL.to_vec()).encode(&batch).unwrap();
    let encoded: Vec<_> =
        encoded.into_iter().map(|r| String::from_utf8(r.unwrap()).unwrap()).collect();
    assert_eq!(encoded, expected);
}

#[test]
fn rows_are_written_as_flink_writes_them() {
    check_encoded(
        &[("format", "json")],
        &[
            r#"{"stand":"north","price":7.50,"ordered_at":"2026-05-01 09:00:00.068","n":3}"#,
            r#"{"stand":"so\"u,th","price":null,"ordered_at":null,"n":null}"#,
        ],
    );
    check_encoded(
        &[
            ("format", "json"),
            ("json.timestamp-format.standard", "ISO-8601"),
            ("json.encode.ignore-null-fields", "true"),
        ],
        &[
            r#"{"stand":"north","price":7.50,"ordered_at":"2026-05-01T09:00:00.068","n":3}"#,
            r#"{"stand":"so\"u,th"}"#,
        ],
    );
    check_encoded(
        &[("format", "csv")],
        &["north,7.50,2026-05-01 09:00:00.068,3", r#""so""u,th",,,"#],
    );
}

#[test]
fn an_unknown_format_is_refused() {
    let options = Options::from_iter([("format", "avro")]);
    let error = Format::of(&options, "").unwrap_err().to_string();
    assert!(error.contains("`json`, `csv`, `raw`"), "{error}");
}
