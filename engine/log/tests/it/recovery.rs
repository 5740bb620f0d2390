//! Opening after a crash: a torn tail is cut, damage before the recovery point is refused, and little is read.

use std::{path::PathBuf, sync::Arc};

use pancake_log::{AppendError, FileStorage, Log, LogOptions, RecoverError, SyncError, sync_round};
use pancake_testkit::{Fault, SimStorage};
use pancake_types::{Storage, StorageFile};

use crate::support::*;

fn segment(base: u64) -> PathBuf {
    dir().join(format!("{base:020}.log"))
}

fn file(storage: &SimStorage, base: u64) -> Arc<dyn StorageFile> {
    storage.open(&segment(base), false).unwrap()
}

#[track_caller]
fn append_many(log: &Log, count: usize, value: &str) {
    for _ in 0..count {
        append(log, &[value]);
    }
}

#[track_caller]
fn append_at_each_moment(log: &Log, until: i64) {
    for ms in 0..until {
        log.append(batch(&[record(ms, "k", Some("some value"))]), NOW).unwrap();
    }
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_rest_stays() {
    let last = batch(&[record(1, "k", Some("last")), record(2, "k", None)]).len();
    for synced in [false, true] {
        for torn in 1..=last {
            let storage = sim(1);
            let (log, _) = open(&storage, LogOptions::default());
            append(&log, &["first"]);
            append(&log, &["second", "third"]);
            if synced {
                log.sync().unwrap();
            }
            let whole = log.size_bytes();
            log.append(batch(&[record(1, "k", Some("last")), record(2, "k", None)]), NOW).unwrap();
            storage.kill();
            file(&storage, 0).truncate(whole + (last - torn) as u64).unwrap();
            let (log, recovery) = open(&storage, LogOptions::default());
            check_values(&log, &[(0, "first"), (1, "second"), (2, "third")]);
            assert_eq!(recovery.truncated_bytes, (last - torn) as u64);
            assert_eq!(recovery.scanned_batches, if synced { 0 } else { 2 });
            assert_eq!(append(&log, &["next"]).base_offset, offset(3));
        }
    }
}

#[test]
fn a_tail_overwritten_at_any_byte_is_cut_too() {
    let last = batch(&[record(1, "k", Some("last"))]).len() as u64;
    // The leader's epoch, bytes 12 to 15, lies outside the checksum and means nothing on one node.
    for wrong in (0..last).filter(|at| !(12..16).contains(at)) {
        let storage = sim(1);
        let (log, _) = open(&storage, LogOptions::default());
        append(&log, &["first"]);
        let whole = log.size_bytes();
        append(&log, &["last"]);
        storage.kill();
        storage.damage(&segment(0), whole + wrong);
        let (log, recovery) = open(&storage, LogOptions::default());
        check_values(&log, &[(0, "first")]);
        assert_eq!(recovery.truncated_bytes, last, "damage at {wrong}");
    }
}

#[test]
fn a_gap_ends_the_log() {
    let storage = sim(1);
    let (log, _) = open(&storage, small());
    append_many(&log, 30, "some value");
    let second = log.segments()[1].base_offset.get();
    storage.kill();
    // The first segment loses its end while the later ones are whole.
    let length = file(&storage, 0).len().unwrap();
    file(&storage, 0).truncate(length - 1).unwrap();
    let (log, recovery) = open(&storage, small());
    assert_eq!(log.end_offset(), offset(second - 1));
    assert_eq!(log.segments().len(), 1);
    assert!(recovery.truncated_bytes > 700);
    assert!(!storage.exists(&segment(second)));
}

#[test]
fn damage_before_the_recovery_point_is_refused_and_nothing_is_touched() {
    for durable in [false, true] {
        let storage = sim(1);
        let (log, _) = open(&storage, LogOptions::default());
        append_many(&log, 5, "value");
        if durable {
            log.roll().unwrap();
        }
        append(&log, &["value"]);
        log.sync().unwrap();
        let base = log.segments().last().unwrap().base_offset.get();
        storage.kill();
        let path = segment(base);
        let length = file(&storage, base).len().unwrap();
        file(&storage, base).truncate(length - 1).unwrap();
        let shared: Arc<dyn Storage> = Arc::new(storage.clone());
        let error = Log::open(shared, &dir(), LogOptions::default()).unwrap_err();
        let RecoverError::Damaged { path: found, recovery_point, .. } = error else {
            panic!("{error}")
        };
        assert_eq!((found, recovery_point), (path.clone(), offset(6)));
        assert_eq!(storage.bytes(&path).unwrap().len() as u64, length - 1, "untouched");
        storage.remove_file(&path).unwrap();
        let shared: Arc<dyn Storage> = Arc::new(storage.clone());
        let error = Log::open(shared, &dir(), LogOptions::default()).unwrap_err();
        assert!(matches!(error, RecoverError::Missing { .. }), "{error}");
    }
}

#[test]
fn a_flipped_byte_before_the_recovery_point_is_refused() {
    let storage = sim(1);
    let (log, _) = open(&storage, LogOptions::default());
    append(&log, &["value"]);
    log.sync().unwrap();
    storage.kill();
    storage.damage(&segment(0), 70);
    let shared: Arc<dyn Storage> = Arc::new(storage.clone());
    let error = Log::open(shared, &dir(), LogOptions::default()).unwrap_err();
    assert!(matches!(error, RecoverError::Damaged { position: 0, .. }), "{error}");
}

#[test]
fn a_clean_stop_leaves_nothing_to_read() {
    let storage = sim(1);
    let (log, _) = open(&storage, small());
    append_many(&log, 50, "value");
    log.close().unwrap();
    assert!(matches!(log.append(batch(&[record(1, "k", None)]), NOW), Err(AppendError::Closed)));
    let (log, recovery) = open(&storage, small());
    assert_eq!(recovery, pancake_log::Recovery::default());
    assert_eq!(values(&log).len(), 50);
}

#[test]
fn only_what_came_after_the_last_sync_is_read_again() {
    let storage = sim(1);
    let (log, _) = open(&storage, small());
    append_many(&log, 50, "value");
    log.sync().unwrap();
    append_many(&log, 7, "value");
    storage.kill();
    let (log, recovery) = open(&storage, small());
    assert_eq!(recovery.scanned_batches, 7);
    assert_eq!(values(&log).len(), 57);
}

#[test]
fn an_index_that_lies_costs_a_walk_and_nothing_else() {
    for extension in ["index", "timeindex"] {
        for damage in [0_u64, 3, 4, 7, 11] {
            let storage = sim(1);
            let (log, _) = open(&storage, small());
            append_at_each_moment(&log, 30);
            log.close().unwrap();
            for info in log.segments() {
                let path = dir().join(format!("{:020}.{extension}", info.base_offset.get()));
                if storage.bytes(&path).is_some_and(|b| b.len() > damage as usize) {
                    storage.damage(&path, damage);
                }
            }
            let (log, _) = open(&storage, small());
            for at in 0..30 {
                assert_eq!(log.read(offset(at), 1).unwrap().next, offset(at + 1));
            }
            if extension == "index" {
                let (_, found) =
                    log.offset_at(pancake_types::Timestamp::from_millis(20)).unwrap().unwrap();
                assert_eq!(found, offset(20));
            }
        }
    }
}

#[test]
fn index_files_can_be_deleted() {
    let storage = sim(1);
    let (log, _) = open(&storage, small());
    append_at_each_moment(&log, 60);
    log.close().unwrap();
    let mut deleted = 0;
    for path in storage.list(&dir()).unwrap() {
        if path.extension().is_some_and(|e| e == "index" || e == "timeindex") {
            storage.remove_file(&path).unwrap();
            deleted += 1;
        }
    }
    assert!(deleted > 4, "{deleted}");
    let (log, _) = open(&storage, small());
    assert_eq!(values(&log).len(), 60);
    let newest = log.max_timestamp().unwrap().unwrap();
    assert_eq!(newest.1, offset(59));
}

#[test]
fn a_failed_write_poisons_and_reads_go_on() {
    for fault in [Fault::Full, Fault::Io] {
        let storage = sim(1);
        let (log, _) = open(&storage, LogOptions::default());
        append(&log, &["first"]);
        storage.fail_at(0, fault);
        let one = batch(&[record(1, "k", Some("second"))]);
        assert!(matches!(log.append(&one, NOW), Err(AppendError::Storage(_))));
        assert!(matches!(log.append(&one, NOW), Err(AppendError::Poisoned)));
        assert!(matches!(log.sync(), Err(SyncError::Poisoned)));
        assert!(!log.is_writable());
        check_values(&log, &[(0, "first")]);
        storage.kill();
        let (log, recovery) = open(&storage, LogOptions::default());
        assert!(recovery.truncated_bytes > 0, "half of the write was there");
        check_values(&log, &[(0, "first")]);
        assert!(log.append(&one, NOW).is_ok());
    }
}

#[test]
fn a_failed_sync_poisons_at_whichever_step() {
    for step in 0..5 {
        let storage = sim(1);
        let (log, _) = open(&storage, small());
        append_many(&log, 20, "value");
        storage.fail_at(step, Fault::Io);
        assert!(matches!(log.sync(), Err(SyncError::Storage(_))), "step {step}");
        assert!(matches!(log.sync(), Err(SyncError::Poisoned)));
        let one = batch(&[record(1, "k", None)]);
        assert!(matches!(log.append(one, NOW), Err(AppendError::Poisoned)));
        assert_eq!(values(&log).len(), 20);
    }
}

#[test]
fn real_files_do_the_same() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("t-0");
    let open = || Log::open(Arc::new(FileStorage), &dir, small()).unwrap();
    let (log, _) = open();
    append_many(&log, 50, "value");
    log.sync().unwrap();
    append(&log, &["unsynced"]);
    drop(log);
    let tail = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path());
    let last = tail.filter(|p| p.extension().is_some_and(|e| e == "log")).max().unwrap();
    let bytes = std::fs::read(&last).unwrap();
    std::fs::write(&last, &bytes[..bytes.len() - 1]).unwrap();
    let (log, recovery) = open();
    assert!(recovery.truncated_bytes > 0);
    assert_eq!(log.end_offset(), offset(50));
    log.delete_before(offset(30)).unwrap();
    log.close().unwrap();
    let (log, recovery) = open();
    assert_eq!((log.start_offset(), recovery.scanned_batches), (offset(30), 0));
    assert_eq!(values(&log).len(), 20);
}

#[test]
fn a_round_syncs_every_log_and_names_the_one_that_fails() {
    let storages: Vec<_> = (0..9).map(sim).collect();
    let logs: Vec<_> =
        storages.iter().map(|s| Arc::new(open(s, LogOptions::default()).0)).collect();
    for log in &logs {
        append(log, &["value"]);
    }
    storages[4].fail_at(0, Fault::Io);
    let failed = sync_round(&logs, 4.try_into().unwrap());
    assert_eq!(failed.len(), 1);
    assert!(Arc::ptr_eq(&failed[0].0, &logs[4]));
    for (storage, _) in storages.iter().zip(0..).filter(|(_, i)| *i != 4) {
        storage.crash();
        assert_eq!(open(storage, LogOptions::default()).0.end_offset(), offset(1));
    }
}
