//! Batches that clients compressed, and those that only say so.

use std::io::Write;

use bytes::{Bytes, BytesMut};
use pancake_log::batch::{
    BatchBuilder, BatchError, HEADER_BYTES, Header, NewRecord, Record, decode, decode_bounded,
};
use pancake_types::Timestamp;
use proptest::prelude::*;

use crate::support::*;

const GZIP: u8 = 1;
const SNAPPY: u8 = 2;
const LZ4: u8 = 3;
const ZSTD: u8 = 4;

fn compress(codec: u8, body: &[u8]) -> Vec<u8> {
    match codec {
        GZIP => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            out.write_all(body).unwrap();
            out.finish().unwrap()
        }
        SNAPPY => snap::raw::Encoder::new().compress_vec(body).unwrap(),
        LZ4 => {
            let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
            out.write_all(body).unwrap();
            out.finish().unwrap()
        }
        ZSTD => zstd::encode_all(body, 3).unwrap(),
        _ => body.to_vec(),
    }
}

/// Snappy as the Java client frames it, in blocks.
fn xerial(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
    for block in body.chunks(40) {
        let packed = compress(SNAPPY, block);
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }
    out
}

/// A batch with another body in place of its own.
fn packed(plain: &Bytes, codec: u8, body: &[u8]) -> Bytes {
    let mut batch = BytesMut::from(&plain[..HEADER_BYTES]);
    batch.extend_from_slice(body);
    let length = (batch.len() - 12) as u32;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[22] = codec;
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch.freeze()
}

fn all(batch: &Bytes) -> Result<Vec<Record>, BatchError> {
    decode(batch)?.collect()
}

#[test]
fn every_codec_gives_the_records_back() {
    let many: Vec<_> = (0..100).map(|i| record(i, "key", Some("a value that repeats"))).collect();
    let plain = batch(&many);
    let expected = all(&plain).unwrap();
    let body = &plain[HEADER_BYTES..];
    for codec in [GZIP, SNAPPY, LZ4, ZSTD] {
        assert_eq!(all(&packed(&plain, codec, &compress(codec, body))).unwrap(), expected);
    }
    assert_eq!(all(&packed(&plain, SNAPPY, &xerial(body))).unwrap(), expected);
    // A compressed batch goes through the log untouched, and through a compacted one too.
    for options in [small(), compacted()] {
        let (log, _) =
            open(&sim(1), pancake_log::LogOptions { segment_bytes_max: 1 << 20, ..options });
        log.append(packed(&plain, ZSTD, &compress(ZSTD, body)), NOW).unwrap();
        assert_eq!(records(&log), expected);
        log.roll().unwrap();
        log.compact(NOW).unwrap();
        assert!(records(&log).ends_with(&expected[99..]));
    }
}

#[test]
fn a_bomb_is_an_error_before_it_takes_memory() {
    const LIMIT: usize = 1 << 20;
    let plain = batch(&[record(1, "k", None)]);
    let bomb = vec![0; 64 * LIMIT];
    for codec in [GZIP, SNAPPY, LZ4, ZSTD] {
        let batch = packed(&plain, codec, &compress(codec, &bomb));
        let error = decode_bounded(&batch, LIMIT).unwrap_err();
        assert!(matches!(error, BatchError::TooLarge { limit: LIMIT }), "{codec}: {error}");
    }
    // Four bytes that claim to become gigabytes.
    let claim = packed(&plain, SNAPPY, &[0xff, 0xff, 0xff, 0x0f]);
    assert!(all(&claim).is_err());
}

#[test]
fn damaged_compression_is_an_error() {
    let plain = batch(&[record(1, "k", Some("value"))]);
    let expected = all(&plain).unwrap();
    let body = &plain[HEADER_BYTES..];
    for codec in [GZIP, SNAPPY, LZ4, ZSTD] {
        let good = compress(codec, body);
        for cut in 0..good.len() {
            // The marks behind the last block of lz4 may be missing; the records may not.
            let cut_short = all(&packed(&plain, codec, &good[..cut]));
            let whole = cut_short.as_ref().is_ok_and(|r| *r == expected) && codec == LZ4;
            assert!(whole || cut_short.is_err(), "{codec} cut at {cut}");
        }
        for wrong in 0..good.len() {
            let mut bad = good.clone();
            bad[wrong] ^= 0x55;
            // Some bits mean nothing; what matters is that none of them panics.
            drop(all(&packed(&plain, codec, &bad)));
        }
    }
}

fn any_bytes() -> impl Strategy<Value = Option<Bytes>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 0..200).prop_map(Bytes::from))
}

fn any_record() -> impl Strategy<Value = NewRecord> {
    let header =
        ("[a-z]{0,5}", any_bytes()).prop_map(|(key, value)| Header { key: key.into(), value });
    let headers = prop::collection::vec(header, 0..3);
    (any::<i64>(), any_bytes(), any_bytes(), headers).prop_map(|(ms, key, value, headers)| {
        NewRecord { timestamp: Timestamp::from_millis(ms / 4), key, value, headers }
    })
}

proptest! {
    #[test]
    fn what_is_built_is_decoded(records in prop::collection::vec(any_record(), 1..20)) {
        let mut builder = BatchBuilder::new();
        for record in &records {
            builder.push(record);
        }
        let bytes = builder.bytes();
        let batch = builder.build();
        prop_assert_eq!(bytes, batch.len());
        let decoded = all(&batch).unwrap();
        prop_assert_eq!(decoded.len(), records.len());
        for (i, (new, old)) in records.into_iter().zip(decoded).enumerate() {
            let Record { offset, timestamp, key, value, headers } = old;
            prop_assert_eq!(offset.get(), i as u64);
            prop_assert_eq!(NewRecord { timestamp, key, value, headers }, new);
        }
    }
}
