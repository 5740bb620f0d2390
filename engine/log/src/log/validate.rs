//! Whether bytes from outside may become part of a log.
//!
//! * Nothing a batch says about itself is believed before its checksum and counts were compared.
//! * Records are walked where that costs little (uncompressed) or where keys matter (a compacted log); what a client
//!   compressed is otherwise passed through unopened.

use bytes::Bytes;

use crate::{
    AppendError, LogOptions,
    batch::{BatchError, BatchHeader, Compression, DECODED_BYTES_MAX, Records, split},
    error::InvalidRecord,
};

/// Headers of the batches of an append, all of them fit for the log.
pub(super) fn validate(
    batches: &Bytes,
    options: &LogOptions,
) -> Result<Vec<BatchHeader>, AppendError> {
    let mut headers = Vec::with_capacity(1);
    for batch in split(batches) {
        let (header, batch) = batch.map_err(refuse)?;
        if header.bytes as u64 > u64::from(options.message_bytes_max) {
            let (bytes, limit) = (header.bytes as u64, options.message_bytes_max);
            return Err(AppendError::TooLarge { bytes, limit });
        }
        header.verify(&batch).map_err(AppendError::Corrupt)?;
        check_header(&header)?;
        check_records(&header, &batch, options)?;
        headers.push(header);
    }
    if headers.is_empty() {
        return Err(invalid(InvalidRecord::Empty));
    }
    if headers.len() > 1 && headers.iter().any(|h| h.producer_id.is_some()) {
        return Err(invalid(InvalidRecord::ManyIdempotent));
    }
    Ok(headers)
}

fn check_header(header: &BatchHeader) -> Result<(), AppendError> {
    if header.is_control() {
        return Err(invalid(InvalidRecord::Control));
    }
    if header.count == 0 {
        return Err(invalid(InvalidRecord::Empty));
    }
    if header.last_offset_delta != header.count - 1 {
        let (stated, last_delta) = (header.count, header.last_offset_delta);
        let found = header.count.unsigned_abs().into();
        return Err(AppendError::Corrupt(BatchError::Count { stated, last_delta, found }));
    }
    if header.producer_id.is_some() && (header.base_sequence < 0 || header.producer_epoch < 0) {
        return Err(invalid(InvalidRecord::NoSequence));
    }
    Ok(())
}

fn check_records(
    header: &BatchHeader,
    batch: &Bytes,
    options: &LogOptions,
) -> Result<(), AppendError> {
    let needs_keys = options.cleanup.compacts();
    let compression = header.compression().map_err(AppendError::Corrupt)?;
    if compression != Compression::None && !needs_keys {
        return Ok(());
    }
    let mut records =
        Records::new(*header, batch, DECODED_BYTES_MAX).map_err(AppendError::Corrupt)?;
    let mut index = 0;
    while let Some(record) = records.next_raw() {
        let record = record.map_err(AppendError::Corrupt)?;
        if needs_keys && record.key.is_none() {
            return Err(invalid(InvalidRecord::NoKey { index }));
        }
        index += 1;
    }
    Ok(())
}

const fn invalid(why: InvalidRecord) -> AppendError {
    AppendError::InvalidRecord { why }
}

fn refuse(error: BatchError) -> AppendError {
    match error {
        BatchError::Magic { magic } => AppendError::UnsupportedMagic { magic },
        error => AppendError::Corrupt(error),
    }
}
