//! Tables over files and directories.

use std::{fs, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::DataType,
};
use pancake_dataflow::{CheckpointId, Polled};
use pancake_sql::connector::TableDef;

use crate::support::{World, all_lines, first_error, table};

fn counts(path: &str, format: &str, more: &[(&str, &str)]) -> TableDef {
    let mut options = vec![("connector", "filesystem"), ("path", path), ("format", format)];
    options.extend_from_slice(more);
    table("counts", &[("stand", DataType::Utf8), ("n", DataType::Int64)], &options)
}

fn rows(range: std::ops::Range<i64>) -> RecordBatch {
    let stands: StringArray = range.clone().map(|n| Some(format!("stand, {n}"))).collect();
    let numbers: Int64Array = range.map(Some).collect();
    let columns: [(&str, ArrayRef); 2] = [("stand", Arc::new(stands)), ("n", Arc::new(numbers))];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn texts(range: std::ops::Range<i64>) -> Vec<String> {
    range.map(|n| format!("stand, {n}|{n}")).collect()
}

#[track_caller]
fn check_round_trip(format: &str) {
    let world = World::new();
    let path = world.home.path().join("out").display().to_string();
    let table = counts(&path, format, &[]);
    let source = |table: &TableDef| world.connector(table).source(table);
    world.write(&table, rows(0..100));
    world.write(&table, rows(100..110));
    let mut all = all_lines(world.scan(&table, None));
    all.sort();
    let mut expected = texts(0..110);
    expected.sort();
    assert_eq!(all, expected, "{format}");
    assert_eq!(source(&table).unwrap().splits(), 2, "a second INSERT adds a file");
    let numbers = all_lines(world.scan(&table, Some(&[1])));
    assert_eq!(numbers.len(), 110);
    assert!(numbers.contains(&"109".to_owned()));

    let mut reading = world.open(&table, Vec::new());
    let mut seen = Vec::new();
    while seen.len() < 30 {
        seen.extend(reading.poll(7).1);
    }
    let positions = reading.source.snapshot().unwrap();
    let mut restored = world.open(&table, positions);
    loop {
        let (polled, more) = restored.poll(50);
        seen.extend(more);
        if polled == Polled::Finished {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, expected, "{format}: rows are lost or doubled by a restart");
}

#[test]
fn every_format_is_read_as_it_was_written_also_after_a_restart() {
    check_round_trip("json");
    check_round_trip("csv");
    check_round_trip("parquet");
}

#[test]
fn files_appear_when_their_checkpoint_is_durable() {
    let world = World::new();
    let path = world.home.path().join("out").display().to_string();
    let table = counts(&path, "json", &[]);
    let visible = || all_lines(world.scan(&table, None)).len();
    let sink = world.connector(&table).sink(&table).unwrap();
    let mut writing = sink.open(0, 1).unwrap();
    writing.write(&rows(0..3).into()).unwrap();
    assert_eq!(visible(), 0);
    let prepared = writing.prepare(CheckpointId::new(1)).unwrap();
    writing.write(&rows(3..5).into()).unwrap();
    assert_eq!(visible(), 0);
    drop(writing);
    let mut restored = sink.open(0, 1).unwrap();
    restored.restore(vec![prepared.clone()]).unwrap();
    assert_eq!(visible(), 3, "what was prepared is committed after a restart");
    restored.restore(vec![prepared]).unwrap();
    assert_eq!(visible(), 3, "committing again changes nothing");
}

#[test]
fn a_file_with_a_header_and_malformed_lines_is_read() {
    let world = World::new();
    let path = world.home.path().join("in.csv");
    fs::write(&path, "stand,n\nnorth,1\n\nsouth,many\nwest,3\n").unwrap();
    let path = path.display().to_string();
    let header = ("csv.ignore-first-line", "true");
    let error = first_error(world.scan(&counts(&path, "csv", &[header]), None)).to_string();
    assert!(error.contains("in.csv line 4"), "{error}");
    let lenient = counts(&path, "csv", &[header, ("csv.ignore-parse-errors", "true")]);
    assert_eq!(all_lines(world.scan(&lenient, None)), ["north|1", "west|3"]);
    let mut reading = world.open(&lenient, Vec::new());
    assert_eq!(reading.poll(100).1, ["north|1", "west|3"]);
    assert_eq!(reading.source.gauges().skipped_rows, 1);
    assert!(reading.source.first_skipped().unwrap().contains("line 4"));
}

#[test]
fn packed_files_are_unpacked_and_hidden_ones_passed_over() {
    let world = World::new();
    let dir = world.home.path().join("in");
    fs::create_dir(&dir).unwrap();
    let packed = fs::File::create(dir.join("a.json.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, b"{\"stand\":\"north\",\"n\":1}\n").unwrap();
    packed.finish().unwrap();
    fs::write(dir.join(".b.json"), "{\"stand\":\"hidden\"}\n").unwrap();
    fs::write(dir.join("_c.json"), "{\"stand\":\"hidden\"}\n").unwrap();
    let table = counts(&format!("file://{}", dir.display()), "json", &[]);
    assert_eq!(all_lines(world.scan(&table, None)), ["north|1"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let world = World::new();
    let absent = counts("/nowhere/at/all", "json", &[]);
    let error = world.connector(&absent).source(&absent).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "there is no file or directory /nowhere/at/all");
    assert!(world.refuse(&counts("s3://a/b", "json", &[])).contains("a path or a file:// address"));
    assert!(world.refuse(&counts("/tmp", "xml", &[])).contains("one of `json`"));
    let file = world.home.path().join("a.json");
    fs::write(&file, "").unwrap();
    let table = counts(&file.display().to_string(), "json", &[]);
    let sink = world.connector(&table).sink(&table).unwrap().open(0, 1);
    assert!(sink.is_err_and(|error| error.to_string().contains("counts")));
}
