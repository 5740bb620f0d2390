//! A batch that comes again is not appended again.

use pancake_log::{AppendError, Log, LogOptions};
use pancake_testkit::SimStorage;
use pancake_types::Timestamp;

use crate::support::*;

#[track_caller]
fn check_taken(log: &Log, producer: (i64, i16, i32), values: &[&str], at: u64) {
    let appended = log.append(produced(producer, values), NOW).unwrap();
    assert_eq!((appended.base_offset, appended.duplicate), (offset(at), false));
}

#[track_caller]
fn check_duplicate(log: &Log, producer: (i64, i16, i32), values: &[&str], at: u64) {
    let end = log.end_offset();
    let appended = log.append(produced(producer, values), NOW).unwrap();
    assert_eq!((appended.base_offset, appended.duplicate), (offset(at), true));
    assert_eq!(appended.last_offset, offset(at + values.len() as u64 - 1));
    assert_eq!(log.end_offset(), end, "a duplicate adds nothing");
}

#[track_caller]
fn check_gap(log: &Log, producer: (i64, i16, i32), expected: i32) {
    let error = log.append(produced(producer, &["x"]), NOW).unwrap_err();
    let AppendError::OutOfOrderSequence { expected: found, .. } = error else { panic!("{error}") };
    assert_eq!(found, expected);
}

#[test]
fn a_repeated_batch_gets_its_old_place() {
    let (log, _) = open(&sim(1), small());
    check_taken(&log, (7, 0, 0), &["a", "b"], 0);
    check_taken(&log, (7, 0, 2), &["c"], 2);
    check_duplicate(&log, (7, 0, 0), &["a", "b"], 0);
    check_duplicate(&log, (7, 0, 2), &["c"], 2);
    check_gap(&log, (7, 0, 4), 3);
    check_gap(&log, (7, 0, 1), 3);
    // Another producer has numbers of its own, and one that is not known may begin anywhere.
    check_taken(&log, (8, 0, 41), &["d"], 3);
    check_taken(&log, (7, 0, 3), &["e"], 4);
    check_values(&log, &[(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e")]);
}

#[test]
fn five_batches_are_remembered() {
    let (log, _) = open(&sim(1), small());
    for sequence in 0..6 {
        check_taken(&log, (7, 0, sequence), &["x"], sequence as u64);
    }
    check_duplicate(&log, (7, 0, 1), &["x"], 1);
    check_gap(&log, (7, 0, 0), 6);
}

#[test]
fn sequence_numbers_wrap_to_zero() {
    let (log, _) = open(&sim(1), small());
    check_taken(&log, (7, 0, i32::MAX - 1), &["a", "b", "c"], 0);
    check_gap(&log, (7, 0, 2), 1);
    check_taken(&log, (7, 0, 1), &["d"], 3);
    check_taken(&log, (9, 0, i32::MAX), &["e"], 4);
    check_taken(&log, (9, 0, 0), &["f"], 5);
    check_duplicate(&log, (7, 0, i32::MAX - 1), &["a", "b", "c"], 0);
}

#[test]
fn an_old_epoch_is_fenced_and_a_new_one_begins_at_zero() {
    let (log, _) = open(&sim(1), small());
    check_taken(&log, (7, 1, 0), &["a"], 0);
    let error = log.append(produced((7, 0, 1), &["x"]), NOW).unwrap_err();
    assert!(matches!(error, AppendError::InvalidProducerEpoch { current: 1, found: 0, .. }));
    check_gap(&log, (7, 2, 1), 0);
    check_taken(&log, (7, 2, 0), &["b"], 1);
}

fn reopened(storage: &SimStorage, log: Log, options: LogOptions) -> Log {
    drop(log);
    storage.kill();
    open(storage, options).0
}

#[test]
fn a_batch_sent_again_after_a_kill_leaves_one_copy() {
    for synced in [false, true] {
        let storage = sim(1);
        let (log, _) = open(&storage, small());
        for sequence in 0..20 {
            check_taken(&log, (7, 3, sequence), &["x"], sequence as u64);
            if synced && sequence == 15 {
                log.sync().unwrap();
            }
        }
        let log = reopened(&storage, log, small());
        check_duplicate(&log, (7, 3, 19), &["x"], 19);
        check_duplicate(&log, (7, 3, 15), &["x"], 15);
        check_taken(&log, (7, 3, 20), &["y"], 20);
        // The recovery point alone remembers, too.
        log.close().unwrap();
        let log = reopened(&storage, log, small());
        check_duplicate(&log, (7, 3, 20), &["y"], 20);
        assert_eq!(values(&log).len(), 21);
    }
}

#[test]
fn the_longest_silent_producers_are_forgotten_past_the_limit() {
    let options = LogOptions { producers_max: 10, ..small() };
    let (log, _) = open(&sim(1), options);
    for id in 0..11 {
        check_taken(&log, (id, 0, 0), &["x"], id as u64);
    }
    // The first was forgotten, so its batch is new; the last is known.
    check_duplicate(&log, (10, 0, 0), &["x"], 10);
    check_taken(&log, (0, 0, 0), &["x"], 11);
}

#[test]
fn a_producer_is_forgotten_after_a_day_of_silence_whatever_its_records_say() {
    let day = LogOptions::default().producer_expiry_ms as i64;
    let later = |ms: i64| Timestamp::from_millis(NOW.millis() + ms);
    let storage = sim(1);
    let (log, _) = open(&storage, compacted());
    // The records are from 1970; the append is not.
    check_taken(&log, (7, 0, 0), &["x"], 0);
    log.delete_expired(later(day)).unwrap();
    check_duplicate(&log, (7, 0, 0), &["x"], 0);
    let log = reopened(&storage, log, compacted());
    // When it was last heard is not known, so the day begins now.
    log.delete_expired(later(3 * day)).unwrap();
    log.delete_expired(later(4 * day)).unwrap();
    check_duplicate(&log, (7, 0, 0), &["x"], 0);
    log.delete_expired(later(4 * day + 1)).unwrap();
    check_taken(&log, (7, 0, 0), &["x"], 1);
}
