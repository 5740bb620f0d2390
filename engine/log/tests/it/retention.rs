//! Room is made from the front: by age, by size, by hand; and it stays made.

use pancake_log::{Cleanup, Log, LogOptions, MaintenanceError, Retention};
use pancake_types::Timestamp;

use crate::support::*;

fn keep(ms: Option<u64>, bytes: Option<u64>) -> LogOptions {
    LogOptions { retention: Retention { ms, bytes }, ..small() }
}

/// Forty batches, one second apart.
fn filled(log: &Log) {
    for i in 0..40 {
        log.append(batch(&[record(i * 1000, "k", Some("some value"))]), NOW).unwrap();
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn segments_go_when_their_newest_record_is_too_old() {
    let (log, _) = open(&sim(1), keep(Some(30_000), None));
    filled(&log);
    assert_eq!(log.delete_expired(at(30)).unwrap().segments, 0);
    let before = log.segments();
    let gone = log.delete_expired(at(50)).unwrap();
    let newest_gone = log.start_offset().get() - 1;
    assert!(gone.segments > 1, "{before:?}");
    assert!(newest_gone < 20, "records of second 20 and later stay, {newest_gone} went");
    assert_eq!(log.segments().len(), before.len() - gone.segments);
    // At last all of it, the active segment too.
    log.delete_expired(at(100)).unwrap();
    assert_eq!((log.start_offset(), log.end_offset()), (offset(40), offset(40)));
    assert_eq!(log.size_bytes(), 0);
    assert_eq!(append(&log, &["next"]).base_offset, offset(40));
}

#[test]
fn the_oldest_segments_go_when_the_log_is_too_large() {
    let (log, _) = open(&sim(1), keep(None, Some(1500)));
    filled(&log);
    log.delete_expired(at(0)).unwrap();
    let (size, first) = (log.size_bytes(), log.segments()[0].size_bytes);
    assert!(size >= 1500 && size - first < 1500, "{size}, first {first}");
}

#[test]
fn a_compacted_log_is_left_alone() {
    let options = LogOptions { cleanup: Cleanup::Compact, ..keep(Some(1), Some(1)) };
    let (log, _) = open(&sim(1), options);
    filled(&log);
    assert_eq!(log.delete_expired(at(1_000_000)).unwrap().segments, 0);
}

#[test]
fn a_deleted_start_stays_deleted_through_every_crash() {
    for seed in 0..20 {
        let storage = sim(seed);
        let (log, _) = open(&storage, small());
        filled(&log);
        assert_eq!(log.delete_before(offset(17)).unwrap(), offset(17));
        assert_eq!(log.delete_before(offset(3)).unwrap(), offset(17), "never back");
        let error = log.delete_before(offset(41)).unwrap_err();
        assert!(matches!(error, MaintenanceError::OffsetOutOfRange { .. }));
        storage.crash();
        let (log, _) = open(&storage, small());
        assert_eq!((log.start_offset(), log.end_offset()), (offset(17), offset(40)));
        assert_eq!(values(&log).len(), 23);
        log.delete_before(offset(40)).unwrap();
        storage.crash();
        let (log, _) = open(&storage, small());
        assert_eq!((log.start_offset(), log.end_offset()), (offset(40), offset(40)));
    }
}

#[test]
fn a_segment_is_closed_when_it_is_old_although_it_is_small() {
    let options = LogOptions { segment_ms_max: 1000, ..LogOptions::default() };
    let (log, _) = open(&sim(1), options);
    for ms in [0, 999, 1000, 1500, 2000] {
        let now = Timestamp::from_millis(ms);
        log.append(batch(&[record(1, "k", Some("v"))]), now).unwrap();
    }
    let bases: Vec<_> = log.segments().iter().map(|s| s.base_offset.get()).collect();
    assert_eq!(bases, [0, 2, 4]);
}
