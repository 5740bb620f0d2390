//! What the tests share: small logs, small batches, and reading everything back.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use pancake_log::{
    Appended, Cleanup, Log, LogOptions, Recovery,
    batch::{BatchBuilder, NewRecord, Producer, Record, decode, split},
};
use pancake_testkit::SimStorage;
use pancake_types::{Offset, Storage, Timestamp};

/// The moment of most appends.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub(crate) fn dir() -> PathBuf {
    PathBuf::from("/sim/log/t-0")
}

pub(crate) fn sim(seed: u64) -> SimStorage {
    let storage = SimStorage::new(seed);
    storage.create_durable_dir(&PathBuf::from("/sim/log"));
    storage
}

/// Small segments, a dense index, no tail cache: what is rare otherwise happens all the time.
pub(crate) fn small() -> LogOptions {
    LogOptions {
        segment_bytes_max: 700,
        index_interval_bytes: 150,
        tail_cache_bytes_max: 0,
        ..LogOptions::default()
    }
}

pub(crate) fn compacted() -> LogOptions {
    LogOptions { cleanup: Cleanup::Compact, ..small() }
}

#[track_caller]
pub(crate) fn open(storage: &SimStorage, options: LogOptions) -> (Log, Recovery) {
    let storage: Arc<dyn Storage> = Arc::new(storage.clone());
    Log::open(storage, &dir(), options).expect("the log opens")
}

pub(crate) fn record(timestamp: i64, key: &str, value: Option<&str>) -> NewRecord {
    NewRecord {
        timestamp: Timestamp::from_millis(timestamp),
        key: Some(Bytes::copy_from_slice(key.as_bytes())),
        value: value.map(|v| Bytes::copy_from_slice(v.as_bytes())),
        headers: Vec::new(),
    }
}

pub(crate) fn batch(records: &[NewRecord]) -> Bytes {
    let mut builder = BatchBuilder::new();
    for record in records {
        builder.push(record);
    }
    builder.build()
}

pub(crate) fn produced(producer: (i64, i16, i32), values: &[&str]) -> Bytes {
    let (id, epoch, base_sequence) = producer;
    let mut builder = BatchBuilder::new().producer(Producer { id, epoch, base_sequence });
    for value in values {
        builder.push(&record(1, "k", Some(value)));
    }
    builder.build()
}

#[track_caller]
pub(crate) fn append(log: &Log, values: &[&str]) -> Appended {
    let records: Vec<_> = values.iter().map(|v| record(1, "k", Some(v))).collect();
    log.append(batch(&records), NOW).expect("the append is taken")
}

/// Every record of the log, read as a consumer does, a few batches at a time.
#[track_caller]
pub(crate) fn records(log: &Log) -> Vec<Record> {
    let (mut all, mut at) = (Vec::new(), log.start_offset());
    while at < log.end_offset() {
        let fetched = log.read(at, 300).expect("the log reads");
        assert!(fetched.next > at, "a reader at {at} must get on");
        for batch in split(&fetched.batches) {
            let (_, batch) = batch.expect("batches are whole");
            for record in decode(&batch).expect("checksums are right") {
                let record = record.expect("records are whole");
                // The first batch may begin before the offset asked for.
                if record.offset >= at {
                    all.push(record);
                }
            }
        }
        at = fetched.next;
    }
    all
}

pub(crate) fn text(bytes: Option<&Bytes>) -> Option<String> {
    bytes.map(|b| String::from_utf8_lossy(b).into_owned())
}

/// Offset and value of every record.
#[track_caller]
pub(crate) fn values(log: &Log) -> Vec<(u64, String)> {
    let value = |r: &Record| text(r.value.as_ref()).unwrap_or_default();
    records(log).iter().map(|r| (r.offset.get(), value(r))).collect()
}

#[track_caller]
pub(crate) fn check_values(log: &Log, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(o, v)| (*o, (*v).to_owned())).collect();
    assert_eq!(values(log), expected);
}

pub(crate) fn offset(value: u64) -> Offset {
    Offset::new(value)
}
