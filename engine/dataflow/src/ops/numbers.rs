//! Columns as the plain numbers behind them, and back: integers of all widths, dates and times are `i64`.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, make_array},
    compute,
    datatypes::{DataType, Int64Type},
    error::ArrowError,
};

/// The integer type that holds a type's values as they are; `None` if an `i64` cannot hold them all.
fn plain(data_type: &DataType) -> Option<DataType> {
    use DataType as T;
    Some(match data_type {
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::UInt32 => data_type.clone(),
        T::Int64 | T::Timestamp(_, _) | T::Date64 | T::Time64(_) => T::Int64,
        T::Date32 | T::Time32(_) => T::Int32,
        _ => return None,
    })
}

/// Whether a column of this type goes as `i64`.
pub(super) fn is_i64(data_type: &DataType) -> bool {
    plain(data_type).is_some()
}

fn reinterpret(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == to {
        return Ok(Arc::clone(column));
    }
    Ok(make_array(column.to_data().into_builder().data_type(to.clone()).build()?))
}

/// A column's values as `i64`.
pub(super) fn to_i64(column: &ArrayRef) -> Result<Int64Array, ArrowError> {
    let plain = plain(column.data_type()).unwrap_or(DataType::Int64);
    let numbers = reinterpret(column, &plain)?;
    let wide = compute::cast(&numbers, &DataType::Int64)?;
    Ok(wide.as_primitive::<Int64Type>().clone())
}

/// The column of a type whose values as `i64` these are; what does not fit wraps around.
pub(super) fn from_i64(values: Int64Array, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let plain = plain(to).unwrap_or(DataType::Int64);
    let wrapped: Int64Array = match plain {
        DataType::Int8 => values.unary(|v| i64::from(v as i8)),
        DataType::Int16 => values.unary(|v| i64::from(v as i16)),
        DataType::Int32 => values.unary(|v| i64::from(v as i32)),
        DataType::UInt8 => values.unary(|v| i64::from(v as u8)),
        DataType::UInt16 => values.unary(|v| i64::from(v as u16)),
        DataType::UInt32 => values.unary(|v| i64::from(v as u32)),
        _ => values,
    };
    let narrow = compute::cast(&(Arc::new(wrapped) as ArrayRef), &plain)?;
    reinterpret(&narrow, to)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Int8Array, TimestampMillisecondArray};

    use super::*;

    #[track_caller]
    fn check_round_trip(column: &ArrayRef) {
        let back = from_i64(to_i64(column).unwrap(), column.data_type()).unwrap();
        assert_eq!(back.as_ref(), column.as_ref());
    }

    #[test]
    fn numbers_come_back_as_what_they_were() {
        check_round_trip(&(Arc::new(Int8Array::from(vec![Some(-128), None, Some(127)])) as _));
        check_round_trip(&(Arc::new(Date32Array::from(vec![Some(-1), None])) as _));
        let times = TimestampMillisecondArray::from(vec![Some(7), None]).with_timezone("UTC");
        check_round_trip(&(Arc::new(times) as _));
        let wrapped = from_i64(Int64Array::from(vec![128]), &DataType::Int8).unwrap();
        assert_eq!(wrapped.as_ref(), &Int8Array::from(vec![-128]) as &dyn Array);
    }
}
