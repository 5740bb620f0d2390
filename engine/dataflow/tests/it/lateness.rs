//! Late rows: dropped, counted, and the same ones however rows are batched.

use pancake_dataflow::{JobHandle, Pause, Simulation, ops::WindowKind};

use crate::support::{Outside, Row, Setup, options};

fn run(rows: &[Row], window: WindowKind, batch_rows: usize) -> (Vec<(i64, i64)>, u64) {
    let mut setup = Setup::new(vec![rows.to_vec()]);
    setup.window = window;
    setup.delay_ms = 10;
    let outside = Outside::default();
    let simulation = Simulation::new(0);
    let graph = setup.graph(&outside);
    let job = JobHandle::start(&graph, &options(batch_rows), &simulation).unwrap();
    assert_eq!(simulation.run(100_000), Pause::Done);
    let stats = job.stats();
    let late = stats.vertices[1].subtasks.iter().map(|subtask| subtask.gauges.late_rows).sum();
    let windows = outside.lock().unwrap().written.iter().map(|row| (row.0, row.2)).collect();
    (windows, late)
}

#[track_caller]
fn check(times: &[i64], window: WindowKind, windows: &[(i64, i64)], late: u64) {
    let rows: Vec<Row> = times.iter().map(|time| (*time, 1, 1)).collect();
    for batch_rows in [1, 2, 3, 16, 8192] {
        let got = run(&rows, window, batch_rows);
        assert_eq!(got, (windows.to_vec(), late), "in batches of {batch_rows}");
    }
}

#[test]
fn a_row_is_late_once_its_last_window_is_final() {
    let tumble = WindowKind::Tumble { size_ms: 100 };
    // The watermark reaches 99 with the row at 109, and not with the one at 108.
    check(&[0, 108, 50], tumble, &[(0, 2), (100, 1)], 0);
    check(&[0, 109, 50], tumble, &[(0, 1), (100, 1)], 1);
    check(&[0, 109, 100, 99, 98], tumble, &[(0, 1), (100, 2)], 2);
    // A late row of one window does not make a window that is open forget it.
    check(&[250, 99, 201], tumble, &[(200, 2)], 1);
}

#[test]
fn a_row_counts_in_those_of_its_windows_that_are_not_final() {
    let hop = WindowKind::Hop { size_ms: 200, slide_ms: 100 };
    // At watermark 99 the window [-100, 100) is gone, [0, 200) is not.
    check(&[0, 109, 50], hop, &[(-100, 1), (0, 3), (100, 1)], 0);
    check(&[0, 209, 50], hop, &[(-100, 1), (0, 1), (100, 1), (200, 1)], 1);
}

#[test]
fn times_before_1970_fall_into_windows_too() {
    check(&[-1, -100, -101], WindowKind::Tumble { size_ms: 100 }, &[(-100, 2)], 1);
}
