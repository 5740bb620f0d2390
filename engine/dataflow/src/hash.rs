//! The one hash that decides which subtask a key belongs to, in exchanges and in state alike.
//!
//! * Pinned: its values are part of the checkpoint format (see [`HASH_VERSION`]); the tests hold golden values.
//! * Values that SQL calls equal hash equal: −0.0 as 0.0, every NaN alike, integers of any width by value.

use arrow::{
    array::{
        Array, ArrayRef, AsArray,
        types::{Decimal128Type, Float32Type, Float64Type, Int64Type, UInt64Type},
    },
    compute,
    datatypes::DataType,
    row::{RowConverter, SortField},
};

use crate::{KEY_GROUPS, OperatorError};

/// Version of the hash; a checkpoint of another version cannot be restored.
pub(crate) const HASH_VERSION: u32 = 1;

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const NULL: u64 = 0x5bd1_e995_7b93_4a3d;

/// Folds a value into a hash (the finaliser of `SplitMix64`).
const fn mix(hash: u64, value: u64) -> u64 {
    let mut z = (hash ^ value).wrapping_add(SEED);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Hash of bytes, eight at a time; the length is part of it.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = mix(SEED, bytes.len() as u64);
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0; 8];
        word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    hash
}

fn hash_f64(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else if value == 0.0 {
        0
    } else {
        value.to_bits()
    }
}

/// Hashes of rows by the given columns, written over `hashes`.
pub(crate) fn hash_rows(
    columns: &[&ArrayRef],
    rows: usize,
    hashes: &mut Vec<u64>,
) -> Result<(), OperatorError> {
    hashes.clear();
    hashes.resize(rows, SEED);
    for column in columns {
        hash_column(column, hashes)?;
    }
    Ok(())
}

fn fold<V>(
    column: &dyn Array,
    hashes: &mut [u64],
    values: impl Iterator<Item = V>,
    hash: impl Fn(V) -> u64,
) {
    if column.null_count() == 0 {
        hashes.iter_mut().zip(values).for_each(|(h, value)| *h = mix(*h, hash(value)));
    } else {
        for (row, (h, value)) in hashes.iter_mut().zip(values).enumerate() {
            *h = mix(*h, if column.is_null(row) { NULL } else { hash(value) });
        }
    }
}

macro_rules! fold_primitive {
    ($column:expr, $hashes:expr, $type:ty, $hash:expr) => {{
        let values = $column.as_primitive::<$type>().values().iter().copied();
        fold($column.as_ref(), $hashes, values, $hash);
    }};
}

macro_rules! fold_bytes {
    ($array:expr, $hashes:expr, $bytes:expr) => {{
        let array = $array;
        let values = array.iter().map(|value| value.map($bytes).unwrap_or_default());
        fold(array, $hashes, values, hash_bytes);
    }};
}

fn hash_column(column: &ArrayRef, hashes: &mut [u64]) -> Result<(), OperatorError> {
    use DataType as T;
    match column.data_type() {
        T::Int64 => fold_primitive!(column, hashes, Int64Type, |v: i64| v as u64),
        T::UInt64 => fold_primitive!(column, hashes, UInt64Type, |v: u64| v),
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::UInt32 => {
            return hash_column(&compute::cast(column, &T::Int64)?, hashes);
        }
        T::Timestamp(_, _) | T::Date32 | T::Date64 | T::Time32(_) | T::Time64(_) => {
            let wide = compute::cast(&compute::cast(column, &plain_time(column))?, &T::Int64)?;
            return hash_column(&wide, hashes);
        }
        T::Float64 => fold_primitive!(column, hashes, Float64Type, hash_f64),
        T::Float32 => fold_primitive!(column, hashes, Float32Type, |v: f32| hash_f64(v.into())),
        T::Decimal128(_, _) => fold_primitive!(column, hashes, Decimal128Type, |v: i128| {
            mix(v as u64, (v >> 64) as u64)
        }),
        T::Boolean => {
            let values = column.as_boolean().values().iter();
            fold(column.as_ref(), hashes, values, u64::from);
        }
        T::Utf8 => fold_bytes!(column.as_string::<i32>(), hashes, str::as_bytes),
        T::LargeUtf8 => fold_bytes!(column.as_string::<i64>(), hashes, str::as_bytes),
        T::Utf8View => fold_bytes!(column.as_string_view(), hashes, str::as_bytes),
        T::Binary => fold_bytes!(column.as_binary::<i32>(), hashes, |v| v),
        T::LargeBinary => fold_bytes!(column.as_binary::<i64>(), hashes, |v| v),
        T::BinaryView => fold_bytes!(column.as_binary_view(), hashes, |v| v),
        other => {
            let converter = RowConverter::new(vec![SortField::new(other.clone())])?;
            let rows = converter.convert_columns(std::slice::from_ref(column))?;
            fold(column.as_ref(), hashes, rows.iter(), |row| hash_bytes(row.as_ref()));
        }
    }
    Ok(())
}

/// A time type that casts to `Int64` by its number alone.
fn plain_time(column: &ArrayRef) -> DataType {
    match column.data_type() {
        DataType::Timestamp(unit, _) => DataType::Timestamp(*unit, None),
        DataType::Date32 | DataType::Time32(_) => DataType::Int32,
        DataType::Date64 | DataType::Time64(_) => DataType::Int64,
        other => other.clone(),
    }
}

/// The key group of a hash.
pub(crate) const fn key_group(hash: u64) -> u16 {
    (hash % KEY_GROUPS as u64) as u16
}

/// The subtask that a key group belongs to.
pub(crate) const fn subtask_of(group: u16, parallelism: usize) -> usize {
    group as usize * parallelism / KEY_GROUPS as usize
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, Int64Array, StringArray, StringViewArray};

    use super::*;

    #[track_caller]
    fn hashes(column: impl Array + 'static) -> Vec<u64> {
        let column: ArrayRef = Arc::new(column);
        let mut hashes = Vec::new();
        hash_rows(&[&column], column.len(), &mut hashes).unwrap();
        hashes
    }

    #[test]
    fn the_values_are_pinned() {
        assert_eq!(
            hashes(Int64Array::from(vec![Some(0), Some(1), None])),
            [7_960_286_522_194_355_700, 16_834_447_057_089_888_969, 13_121_866_435_181_009_551],
            "these values are on disk in checkpoints: raise HASH_VERSION before changing them"
        );
    }

    #[test]
    fn equal_values_hash_equal() {
        assert_eq!(
            hashes(Int64Array::from(vec![-7, 300])),
            hashes(Int32Array::from(vec![-7, 300]))
        );
        assert_eq!(
            hashes(StringArray::from(vec!["", "pancake stack"])),
            hashes(StringViewArray::from(vec!["", "pancake stack"]))
        );
        let floats = hashes(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN]));
        assert_eq!(floats[0], floats[1]);
        assert_eq!(floats[2], floats[3]);
        assert_ne!(floats[0], floats[2]);
    }

    #[test]
    fn key_groups_are_spread_over_all_subtasks() {
        for parallelism in 1..=128 {
            let mut seen = vec![0; parallelism];
            (0..KEY_GROUPS).for_each(|group| seen[subtask_of(group, parallelism)] += 1);
            let (least, most) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
            assert!(*least >= 1 && most - least <= 1, "{parallelism}: {seen:?}");
        }
    }
}
