//! Bytes from outside: whatever they say, the answer is an error and the log stays whole.

use bytes::{BufMut, Bytes, BytesMut};
use pancake_log::{
    AppendError, InvalidRecord, LogOptions,
    batch::{BatchError, BatchHeader, HEADER_BYTES, decode, split},
};
use pancake_testkit::for_seeds;

use crate::support::*;

/// A good batch with some bytes overwritten, and a checksum that fits again.
fn forged(at: usize, bytes: &[u8]) -> Bytes {
    let mut forged = BytesMut::from(&*batch(&[record(1, "k", Some("one")), record(2, "k", None)]));
    forged[at..at + bytes.len()].copy_from_slice(bytes);
    resum(&mut forged);
    forged.freeze()
}

fn resum(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

#[track_caller]
fn refused(batch: &Bytes) -> AppendError {
    let (log, _) = open(&sim(1), small());
    append(&log, &["before"]);
    let error = log.append(batch, NOW).unwrap_err();
    append(&log, &["after"]);
    check_values(&log, &[(0, "before"), (1, "after")]);
    error
}

#[track_caller]
fn check_corrupt(batch: &Bytes, says: &str) {
    let error = refused(batch);
    let AppendError::Corrupt(source) = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains(says), "{source}");
}

#[test]
#[rustfmt::skip]
fn lying_fields_are_errors() {
    let int = |v: i32| v.to_be_bytes();
    check_corrupt(&forged(8, &int(i32::MAX)),  "needs 2147483659 bytes");
    check_corrupt(&forged(8, &int(-1)),        "length of -1");
    check_corrupt(&forged(8, &int(48)),        "length of 48");
    check_corrupt(&forged(8, &int(0)),         "length of 0");
    check_corrupt(&forged(57, &int(3)),        "states 3 records");
    check_corrupt(&forged(57, &int(1)),        "states 1 records");
    check_corrupt(&forged(57, &int(i32::MAX)), "states 2147483647 records");
    check_corrupt(&forged(57, &int(-1)),       "states -1 records");
    check_corrupt(&forged(23, &int(-1)),       "last offset delta -1");
    check_corrupt(&forged(23, &int(5)),        "last offset delta 5");
    check_corrupt(&forged(22, &[5]),           "compression 5 is unknown");
    check_corrupt(&forged(0, &[0xff; 8]),      "states offset -1");
    // Both counts agree, and the records do not.
    let mut three = BytesMut::from(&*forged(57, &int(3)));
    three[23..27].copy_from_slice(&int(2));
    resum(&mut three);
    check_corrupt(&three.freeze(),             "found 2");
    let length_of_first_record = HEADER_BYTES;
    check_corrupt(&forged(length_of_first_record, &[0x7e]), "record 0 of the batch is malformed");
    check_corrupt(&forged(length_of_first_record, &[0x01]), "record 0 of the batch is malformed");
}

#[test]
fn a_wrong_checksum_is_an_error() {
    let mut wrong = BytesMut::from(&*batch(&[record(1, "k", Some("one"))]));
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    check_corrupt(&wrong.freeze(), "checksum");
}

#[test]
fn what_is_whole_but_not_for_this_log_is_told_apart() {
    assert!(matches!(refused(&forged(16, &[1])), AppendError::UnsupportedMagic { magic: 1 }));
    let why = |error| match error {
        AppendError::InvalidRecord { why } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why(refused(&forged(22, &[0x20]))), InvalidRecord::Control);
    assert_eq!(why(refused(&Bytes::new())), InvalidRecord::Empty);
    assert_eq!(why(refused(&produced((7, 0, -1), &["x"]))), InvalidRecord::NoSequence);
    let mut two = BytesMut::from(&*produced((7, 0, 0), &["x"]));
    two.put(produced((7, 0, 1), &["y"]));
    assert_eq!(why(refused(&two.freeze())), InvalidRecord::ManyIdempotent);
}

#[test]
fn a_batch_over_the_limit_is_refused_and_one_at_it_is_taken() {
    let one = batch(&[record(1, "k", Some("value"))]);
    let limit = |bytes: usize| LogOptions { message_bytes_max: bytes as u32, ..small() };
    let (log, _) = open(&sim(1), limit(one.len()));
    log.append(&one, NOW).unwrap();
    log.set_options(limit(one.len() - 1));
    assert!(matches!(log.append(&one, NOW).unwrap_err(), AppendError::TooLarge { .. }));
}

#[test]
fn a_batch_cut_anywhere_is_an_error() {
    let whole = batch(&[record(1, "key", Some("value")), record(2, "key", None)]);
    let (log, _) = open(&sim(1), small());
    for length in 1..whole.len() {
        let error = log.append(&whole[..length], NOW).unwrap_err();
        assert!(matches!(error, AppendError::Corrupt(BatchError::Short { .. })), "{error:?}");
    }
    assert_eq!(log.end_offset(), offset(0));
}

#[test]
fn random_damage_under_a_right_checksum_never_panics() {
    let (log, _) = open(&sim(1), small());
    for_seeds(3000, |_, rng| {
        let mut bytes = batch(&[record(1, "key", Some("value")), record(2, "k", None)]).to_vec();
        for _ in 0..=rng.below(6) {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
        }
        resum(&mut bytes);
        let end = log.end_offset();
        let taken = log.append(&bytes, NOW);
        let grown = log.end_offset().since(end);
        assert_eq!(taken.is_ok(), grown > 0);
        // Readers must survive it as well.
        for one in split(&Bytes::from(bytes)) {
            if let Ok(records) = one.and_then(|(_, batch)| decode(&batch)) {
                assert!(records.count() <= 3);
            }
        }
    });
}

#[test]
fn random_bytes_are_no_batches() {
    for_seeds(500, |_, rng| {
        let length = rng.below(200) as usize;
        let bytes = Bytes::from(rng.bytes(length));
        assert!(BatchHeader::parse(&bytes).and_then(|h| h.verify(&bytes)).is_err());
        assert!(decode(&bytes).is_err());
    });
}
