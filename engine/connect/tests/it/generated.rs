//! `datagen`, `print` and `blackhole`.

use std::sync::{Arc, Mutex};

use arrow::datatypes::{DataType, TimeUnit};
use pancake_connect::{Datagen, Printer};
use pancake_dataflow::{ChangeBatch, Polled, RowKind, SourceOutput};
use pancake_sql::connector::{Connector, StreamRequest, TableDef};
use pancake_testkit::SimClock;

use crate::support::{World, all_lines, lines, table};

fn clicks(more: &[(&str, &str)]) -> TableDef {
    let mut options = vec![("connector", "datagen")];
    options.extend_from_slice(more);
    let columns = [
        ("id", DataType::Int64),
        ("price", DataType::Decimal128(5, 2)),
        ("page", DataType::Utf8),
        ("at", DataType::Timestamp(TimeUnit::Millisecond, None)),
    ];
    table("clicks", &columns, &options)
}

const RANGE: [(&str, &str); 4] = [
    ("fields.id.min", "1"),
    ("fields.id.max", "6"),
    ("fields.page.length", "4"),
    ("number-of-rows", "3000"),
];

#[test]
fn made_up_rows_depend_on_the_seed_alone() {
    let world = World::new();
    let rows = all_lines(world.scan(&clicks(&RANGE), None));
    assert_eq!(rows.len(), 3_000);
    assert_eq!(rows, all_lines(world.scan(&clicks(&RANGE), None)));
    let other = [&RANGE[..], &[("seed", "7")]].concat();
    assert_ne!(rows, all_lines(world.scan(&clicks(&other), None)));
    let ids = all_lines(world.scan(&clicks(&RANGE), Some(&[0])));
    for id in 1..=6 {
        let count = ids.iter().filter(|found| **found == id.to_string()).count();
        assert!((400..600).contains(&count), "{id} came {count} times");
    }
    let first: Vec<&str> = rows[0].split('|').collect();
    assert_eq!(first[0], ids[0], "a projection changes a column");
    assert_eq!(first[2].len(), 4);
}

#[test]
fn a_sequence_ends_the_table() {
    let world = World::new();
    let sequence =
        [("fields.id.kind", "sequence"), ("fields.id.start", "5"), ("fields.id.end", "9")];
    let rows = all_lines(world.scan(&clicks(&sequence), Some(&[0])));
    assert_eq!(rows, ["5", "6", "7", "8", "9"]);
}

#[test]
fn rows_come_at_their_rate_and_a_restart_goes_on() {
    let clock = Arc::new(SimClock::new(pancake_types::Timestamp::from_millis(0)));
    let datagen = Datagen::new(Arc::<SimClock>::clone(&clock));
    let table = clicks(&[("rows-per-second", "10"), ("fields.id.min", "0")]);
    let source = datagen.source(&table).unwrap();
    let request = StreamRequest { projection: Some(vec![0]), parallelism: 2, subtask: 0 };
    let mut reading = source.stream(&request).unwrap();
    reading.open(Vec::new()).unwrap();
    let mut poll = || {
        let mut out = SourceOutput::new();
        let polled = reading.poll(1_000, &mut out).unwrap();
        let rows: Vec<_> = out.take_batches().iter().flat_map(|(_, b)| lines(b.rows())).collect();
        (polled, rows, reading.snapshot().unwrap())
    };
    assert_eq!(poll().1.len(), 1);
    assert!(matches!(poll().0, Polled::PendingFor(_)));
    clock.advance(std::time::Duration::from_secs(2));
    let (_, _, positions) = poll();
    clock.advance(std::time::Duration::from_secs(1));
    let next = poll().1;
    assert_eq!(next.len(), 10);
    let mut restored = source.stream(&request).unwrap();
    restored.open(positions).unwrap();
    let mut out = SourceOutput::new();
    restored.poll(1, &mut out).unwrap();
    assert_eq!(lines(out.take_batches()[0].1.rows())[0], next[0]);
    let other = StreamRequest { subtask: 1, ..request };
    let mut idle = source.stream(&other).unwrap();
    assert!(idle.open(Vec::new()).unwrap().is_empty());
    assert_eq!(idle.poll(1, &mut SourceOutput::new()).unwrap(), Polled::Finished);
}

#[test]
fn printed_rows_look_as_flinks_do_and_a_black_hole_takes_all() {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let lines_of = Arc::clone(&printed);
    let world =
        World::printing(Printer::new(move |line| lines_of.lock().unwrap().push(line.to_owned())));
    let batch = world.scan(&clicks(&RANGE), Some(&[0])).next().unwrap().unwrap().slice(0, 2);
    let ids = lines(&batch);
    let kinds = [RowKind::Insert, RowKind::Delete];
    let changes = ChangeBatch::with_kinds(batch, &kinds).unwrap();
    let options = [("connector", "print"), ("print-identifier", "out")];
    let print = table("shown", &[("id", DataType::Int64)], &options);
    world.write(&print, changes.clone());
    let expected = [format!("out> +I[{}]", ids[0]), format!("out> -D[{}]", ids[1])];
    assert_eq!(*printed.lock().unwrap(), expected);
    let hole = table("hole", &[("id", DataType::Int64)], &[("connector", "blackhole")]);
    world.write(&hole, changes);
    assert!(world.connector(&hole).source(&hole).is_err());
}
