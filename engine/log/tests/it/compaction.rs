//! Compaction keeps the last record of each key, in its place, through crashes.

use std::collections::BTreeMap;

use pancake_log::{AppendError, InvalidRecord, Log, LogOptions, batch::NewRecord};
use pancake_testkit::{Fault, SimRng, for_seeds};
use pancake_types::Timestamp;

use crate::support::*;

type Kept = BTreeMap<String, (u64, Option<String>)>;

/// Last offset and value per key, of a list of records in offset order.
fn last_per_key(records: &[(u64, String, Option<String>)]) -> Kept {
    records.iter().map(|(o, k, v)| (k.clone(), (*o, v.clone()))).collect()
}

fn in_log(log: &Log) -> Vec<(u64, String, Option<String>)> {
    let all = records(log);
    let key = |r: &pancake_log::batch::Record| text(r.key.as_ref()).unwrap();
    all.iter().map(|r| (r.offset.get(), key(r), text(r.value.as_ref()))).collect()
}

fn random_records(rng: &mut SimRng, count: u64) -> Vec<NewRecord> {
    let one = |rng: &mut SimRng| {
        let key = format!("key {}", rng.below(7));
        let value = format!("value {}", rng.below(1000));
        record(rng.below(1000) as i64, &key, (!rng.one_in(5)).then_some(value.as_str()))
    };
    (0..count).map(|_| one(rng)).collect()
}

fn fill(log: &Log, rng: &mut SimRng) {
    for _ in 0..30 {
        let count = 1 + rng.below(4);
        log.append(batch(&random_records(rng, count)), NOW).unwrap();
    }
}

#[test]
fn exactly_the_last_record_of_each_key_stays() {
    for_seeds(60, |seed, rng| {
        let storage = sim(seed);
        let (log, _) = open(&storage, compacted());
        fill(&log, rng);
        log.roll().unwrap();
        let before = in_log(&log);
        let done = log.compact(NOW).unwrap();
        let after = in_log(&log);
        assert_eq!(last_per_key(&after), last_per_key(&before));
        assert_eq!(after.len(), last_per_key(&before).len(), "one record per key");
        assert_eq!(done.records_before as usize, before.len());
        assert_eq!(done.records_after as usize, after.len());
        // A second time there is nothing to do, and a reopened log has the same.
        log.compact(NOW).unwrap();
        assert_eq!(in_log(&log), after);
        assert_eq!(log.end_offset().get(), before.len() as u64, "offsets stay");
        storage.crash();
        let (log, recovery) = open(&storage, compacted());
        assert_eq!(in_log(&log), after);
        assert_eq!(recovery.truncated_bytes, 0);
    });
}

#[test]
fn the_active_segment_is_left_alone_and_small_segments_are_merged() {
    let (log, _) = open(&sim(1), compacted());
    for i in 0..40 {
        append(&log, &[&format!("value {i}")]);
    }
    let before = log.segments();
    let active = before.last().unwrap().clone();
    // The first time makes them small.
    log.compact(NOW).unwrap();
    log.compact(NOW).unwrap();
    let after = log.segments();
    assert!(before.len() > 4 && after.len() == 2, "{after:?}");
    assert_eq!(after.last().unwrap(), &active);
    let in_active = in_log(&log).iter().filter(|(o, ..)| *o >= active.base_offset.get()).count();
    assert_eq!(in_active as u64, active.end_offset.since(active.base_offset));
}

#[test]
fn a_tombstone_goes_only_after_readers_had_time_to_see_it() {
    let options = LogOptions { tombstone_ms: 1000, ..compacted() };
    let (log, _) = open(&sim(1), options);
    let now = |ms| Timestamp::from_millis(ms);
    log.append(batch(&[record(1, "a", Some("1")), record(2, "b", Some("2"))]), now(0)).unwrap();
    log.append(batch(&[record(3, "a", None)]), now(0)).unwrap();
    log.roll().unwrap();
    let kept = [(1, "b".to_owned(), Some("2".to_owned())), (2, "a".to_owned(), None)];
    for ms in [50_000, 50_999] {
        log.compact(now(ms)).unwrap();
        assert_eq!(in_log(&log), kept, "at {ms}");
        assert_eq!(records(&log)[1].timestamp, Timestamp::from_millis(3), "its time stays");
    }
    log.compact(now(51_000)).unwrap();
    assert_eq!(in_log(&log), kept[..1]);
}

#[test]
fn a_crash_at_any_step_leaves_the_old_or_the_new() {
    let mut finished = 0;
    for cut in 0..40 {
        for seed in 0..4 {
            let storage = sim(seed);
            let (log, _) = open(&storage, compacted());
            fill(&log, &mut SimRng::new(seed));
            log.sync().unwrap();
            let before = in_log(&log);
            storage.fail_at(cut, Fault::PowerCut);
            finished += u32::from(log.compact(NOW).is_ok());
            storage.crash();
            let (log, _) = open(&storage, compacted());
            assert_eq!(last_per_key(&in_log(&log)), last_per_key(&before), "cut at {cut}");
            assert_eq!(log.end_offset().get(), before.len() as u64);
            // And the next compaction comes to the end.
            log.roll().unwrap();
            log.compact(NOW).unwrap();
            assert_eq!(in_log(&log).len(), last_per_key(&before).len(), "cut at {cut}");
        }
    }
    assert!(finished < 120, "most cuts must fall into the compaction; {finished} came after");
}

#[test]
fn a_producer_is_known_after_its_records_are_gone() {
    let storage = sim(1);
    let (log, _) = open(&storage, compacted());
    log.append(produced((7, 0, 0), &["old"]), NOW).unwrap();
    append(&log, &["new"]);
    log.roll().unwrap();
    log.compact(NOW).unwrap();
    check_values(&log, &[(1, "new")]);
    log.close().unwrap();
    // Even if the recovery point is lost and all is read again.
    for name in ["recovery-point", "recovery-point.cache"] {
        let path = dir().join(name);
        if storage.bytes(&path).is_some() {
            pancake_types::Storage::remove_file(&storage, &path).unwrap();
        }
    }
    let (log, recovery) = open(&storage, compacted());
    assert_eq!(recovery.scanned_batches, 2, "the producer's batch is there, empty");
    assert!(log.append(produced((7, 0, 0), &["old"]), NOW).unwrap().duplicate);
}

#[test]
fn what_does_not_fit_the_memory_waits() {
    let options = LogOptions { compaction_key_bytes_max: 300, ..compacted() };
    let (log, _) = open(&sim(1), options);
    fill(&log, &mut SimRng::new(3));
    log.roll().unwrap();
    let before = in_log(&log);
    log.compact(NOW).unwrap();
    let after = in_log(&log);
    assert!(after.len() < before.len(), "something went");
    assert_eq!(last_per_key(&after), last_per_key(&before), "nothing went that was the last");
}

#[test]
fn a_record_without_a_key_is_refused() {
    let (log, _) = open(&sim(1), compacted());
    let keyless = NewRecord { key: None, ..record(1, "", Some("v")) };
    let error = log.append(batch(&[record(1, "k", None), keyless]), NOW).unwrap_err();
    let AppendError::InvalidRecord { why } = error else { panic!("{error}") };
    assert_eq!(why, InvalidRecord::NoKey { index: 1 });
}

#[test]
fn compaction_is_due_when_half_of_the_closed_bytes_are_new() {
    let (log, _) = open(&sim(1), compacted());
    assert!(!log.compaction_due());
    append(&log, &["a"]);
    assert!(!log.compaction_due(), "nothing is closed");
    log.roll().unwrap();
    assert!(log.compaction_due());
    log.compact(NOW).unwrap();
    assert!(!log.compaction_due());
}
