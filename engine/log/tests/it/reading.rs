//! Reading: whole batches, from memory and disk, by offset and by time.

use bytes::Bytes;
use pancake_log::{Log, LogOptions, ReadError, TimestampType, batch::split};
use pancake_testkit::Fault;
use pancake_types::Timestamp;

use crate::support::*;

fn filled(options: LogOptions) -> Log {
    let (log, _) = open(&sim(1), options);
    for i in 0..40_i64 {
        let record = |n: i64| record(i * 10 + n, "k", Some(&format!("value {i}.{n}")));
        log.append(batch(&[record(0), record(1), record(2)]), NOW).unwrap();
    }
    log
}

#[track_caller]
fn check_batches(log: &Log, from: u64, bytes_max: usize, first_base: u64, next: u64) {
    let fetched = log.read(offset(from), bytes_max).unwrap();
    let bases: Vec<_> = split(&fetched.batches).map(|b| b.unwrap().0.base_offset.get()).collect();
    assert_eq!(bases.first().copied(), Some(first_base));
    assert_eq!(fetched.next, offset(next));
    assert_eq!(fetched.high_watermark, log.end_offset());
}

#[test]
fn whole_batches_come_and_the_first_in_any_case() {
    let tail = LogOptions { tail_cache_bytes_max: 1 << 20, ..LogOptions::default() };
    let part = LogOptions { tail_cache_bytes_max: 1000, ..small() };
    for options in [small(), tail, part] {
        let log = filled(options);
        let size = log.read(offset(0), 1).unwrap().batches.len();
        //                 from  bytes_max        first base, next
        check_batches(&log, 0, 0, 0, 3);
        check_batches(&log, 1, 1, 0, 3);
        check_batches(&log, 3, size, 3, 6);
        check_batches(&log, 118, 1 << 20, 117, 120);
        // Up to three that fit, fewer where a segment or the memory begins.
        let three = log.read(offset(4), size * 3 + 5).unwrap();
        assert!(three.batches.len() <= size * 3 + 5, "{}", three.batches.len());
        assert_eq!(records(&log).len(), 120);
    }
}

#[test]
fn memory_and_disk_give_the_same_bytes() {
    let tail = LogOptions { tail_cache_bytes_max: 1 << 20, ..LogOptions::default() };
    let disk = LogOptions { tail_cache_bytes_max: 0, ..LogOptions::default() };
    let (tail, disk) = (filled(tail), filled(disk));
    for from in 0..120 {
        for bytes_max in [0, 100, 333, 1000, 1 << 20] {
            let (a, b) = (tail.read(offset(from), bytes_max), disk.read(offset(from), bytes_max));
            assert_eq!(a.unwrap(), b.unwrap(), "from {from}, {bytes_max} bytes");
        }
    }
}

#[test]
fn readers_at_the_end_need_no_disk() {
    let storage = sim(1);
    let (log, _) = open(&storage, LogOptions::default());
    for i in 0..20 {
        append(&log, &[&format!("value {i}"), "other"]);
    }
    storage.fail_at(0, Fault::PowerCut);
    assert!(log.sync().is_err());
    assert_eq!(values(&log).len(), 40);
    for from in 0..40 {
        assert_eq!(log.read(offset(from), 1).unwrap().next, offset(from - from % 2 + 2));
    }
}

#[test]
fn beyond_the_ends_is_an_error_and_the_end_is_empty() {
    let log = filled(small());
    log.delete_before(offset(50)).unwrap();
    let end = log.read(offset(120), 100).unwrap();
    assert_eq!((end.batches, end.next), (Bytes::new(), offset(120)));
    for wrong in [49, 121] {
        let error = log.read(offset(wrong), 100).unwrap_err();
        let ReadError::OffsetOutOfRange { start, end, .. } = error else { panic!("{error}") };
        assert_eq!((start, end), (offset(50), offset(120)));
    }
}

#[track_caller]
fn check_at(log: &Log, at: i64, expected: Option<(i64, u64)>) {
    let found = log.offset_at(Timestamp::from_millis(at)).unwrap();
    assert_eq!(found.map(|(t, o)| (t.millis(), o.get())), expected, "at {at}");
}

#[test]
#[rustfmt::skip]
fn a_moment_leads_to_the_first_record_by_offset_that_is_late_enough() {
    for options in [small(), LogOptions::default()] {
        let log = filled(options);
        //            at    (timestamp, offset)
        check_at(&log, -5,  Some((0, 0)));
        check_at(&log, 2,   Some((2, 2)));
        check_at(&log, 3,   Some((10, 3)));
        check_at(&log, 201, Some((201, 61)));
        check_at(&log, 392, Some((392, 119)));
        check_at(&log, 393, None);
        let newest = log.max_timestamp().unwrap().unwrap();
        assert_eq!(newest, (Timestamp::from_millis(392), offset(119)));
        log.delete_before(offset(61)).unwrap();
        check_at(&log, 3,   Some((201, 61)));
    }
}

#[test]
fn moments_are_found_in_unordered_times_too() {
    let (log, _) = open(&sim(1), small());
    let times: Vec<i64> = (0..60).map(|i| (i * 37) % 100).collect();
    for time in &times {
        log.append(batch(&[record(*time, "k", Some("v"))]), NOW).unwrap();
    }
    for at in 0..101 {
        let expected = times.iter().position(|t| *t >= at);
        check_at(&log, at, expected.map(|i| (times[i], i as u64)));
    }
}

#[test]
fn the_log_can_give_records_its_own_time() {
    let options = LogOptions { timestamps: TimestampType::LogAppendTime, ..small() };
    let storage = sim(1);
    let (log, _) = open(&storage, options.clone());
    let appended = log.append(batch(&[record(5, "k", Some("v"))]), NOW).unwrap();
    assert_eq!(appended.log_append_time, Some(NOW));
    log.close().unwrap();
    let (log, _) = open(&storage, options);
    // Reading checks the checksum, which had to be made anew.
    assert_eq!(records(&log)[0].timestamp, NOW);
    assert_eq!(log.max_timestamp().unwrap(), Some((NOW, offset(0))));
}
