//! Rows as bytes: what sinks write.
//!
//! * Timestamps are `yyyy-MM-dd HH:mm:ss.SSS` (with `T` and `Z` for ISO-8601), decimals plain numbers in full.
//! * Fields come in the order of the columns; NULL is written as `null` unless it is to be left out.

use arrow::{
    array::{Array, RecordBatch},
    datatypes::{DataType, Field},
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};

use super::{Format, Json, Timestamps, is_bytes, is_text};

const SQL_MILLIS: &str = "%Y-%m-%d %H:%M:%S%.3f";
const SQL_MILLIS_UTC: &str = "%Y-%m-%d %H:%M:%S%.3fZ";
const ISO_MILLIS: &str = "%Y-%m-%dT%H:%M:%S%.3f";
const ISO_MILLIS_UTC: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

/// Writes some columns of a batch, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Encoder {
    format: Format,
    columns: Vec<usize>,
}

impl Encoder {
    /// Writes the columns at these places, in this order.
    pub(crate) fn new(format: Format, columns: Vec<usize>) -> Self {
        Self { format, columns }
    }

    /// The bytes of every row; `None` is a row of `raw` that is NULL.
    pub(crate) fn encode(&self, batch: &RecordBatch) -> Result<Vec<Option<Vec<u8>>>, ArrowError> {
        let options = self.text_options();
        let schema = batch.schema();
        let mut cells = Vec::with_capacity(self.columns.len());
        for place in &self.columns {
            let array = batch.columns().get(*place).ok_or_else(|| no_column(*place))?;
            let field = schema.field(*place).clone();
            cells.push(Cell { text: ArrayFormatter::try_new(array, &options)?, array, field });
        }
        (0..batch.num_rows()).map(|row| self.row(&cells, row)).collect()
    }

    fn text_options(&self) -> FormatOptions<'static> {
        let is_iso = |json: &Json| json.timestamps == Timestamps::Iso;
        text_options(matches!(&self.format, Format::Json(json) if is_iso(json)))
    }

    fn row(&self, cells: &[Cell<'_>], row: usize) -> Result<Option<Vec<u8>>, ArrowError> {
        let mut bytes = Vec::with_capacity(128);
        match &self.format {
            Format::Json(json) => json_row(cells, row, json.leave_out_nulls, &mut bytes)?,
            Format::Csv(csv) => {
                for (number, cell) in cells.iter().enumerate() {
                    if number > 0 {
                        bytes.push(csv.delimiter);
                    }
                    if cell.array.is_null(row) {
                        bytes.extend_from_slice(csv.null_literal.as_bytes());
                    } else {
                        csv_field(&cell.text(row)?, csv.delimiter, csv.quote, &mut bytes);
                    }
                }
            }
            Format::Raw => {
                let Some(cell) = cells.first().filter(|cell| !cell.array.is_null(row)) else {
                    return Ok(None);
                };
                match bytes_at(cell.array, row) {
                    Some(raw) => bytes.extend_from_slice(raw),
                    None => bytes.extend_from_slice(cell.text(row)?.as_bytes()),
                }
            }
        }
        Ok(Some(bytes))
    }
}

/// The text of every cell, row by row, as [`Encoder`] would write it; NULL is `null`.
pub(crate) fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let options = text_options(false).with_null("null");
    let columns = batch.columns().iter().map(|array| ArrayFormatter::try_new(array, &options));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let text = |row: usize| columns.iter().map(|c| c.value(row).try_to_string()).collect();
    (0..batch.num_rows()).map(text).collect()
}

fn text_options(is_iso: bool) -> FormatOptions<'static> {
    let (plain, utc) =
        if is_iso { (ISO_MILLIS, ISO_MILLIS_UTC) } else { (SQL_MILLIS, SQL_MILLIS_UTC) };
    FormatOptions::new()
        .with_display_error(false)
        .with_timestamp_format(Some(plain))
        .with_timestamp_tz_format(Some(utc))
}

struct Cell<'a> {
    array: &'a dyn Array,
    text: ArrayFormatter<'a>,
    field: Field,
}

impl Cell<'_> {
    fn text(&self, row: usize) -> Result<String, ArrowError> {
        self.text.value(row).try_to_string()
    }
}

fn json_row(
    cells: &[Cell<'_>],
    row: usize,
    leave_out_nulls: bool,
    bytes: &mut Vec<u8>,
) -> Result<(), ArrowError> {
    bytes.push(b'{');
    let mut is_first = true;
    for cell in cells {
        let is_null = cell.array.is_null(row);
        if is_null && leave_out_nulls {
            continue;
        }
        if !is_first {
            bytes.push(b',');
        }
        is_first = false;
        json_text(cell.field.name(), bytes)?;
        bytes.push(b':');
        if is_null {
            bytes.extend_from_slice(b"null");
            continue;
        }
        let text = cell.text(row)?;
        if is_bare(cell.field.data_type(), &text) {
            bytes.extend_from_slice(text.as_bytes());
        } else {
            json_text(&text, bytes)?;
        }
    }
    bytes.push(b'}');
    Ok(())
}

/// Whether a value stands in JSON without quotes. Infinity and NaN are no JSON numbers.
fn is_bare(data_type: &DataType, text: &str) -> bool {
    match data_type {
        DataType::Boolean => true,
        data_type if is_text(data_type) || is_bytes(data_type) || data_type.is_temporal() => false,
        _ => !matches!(text, "NaN" | "inf" | "-inf"),
    }
}

fn json_text(text: &str, bytes: &mut Vec<u8>) -> Result<(), ArrowError> {
    serde_json::to_writer(bytes, text).map_err(|error| ArrowError::JsonError(error.to_string()))
}

fn csv_field(text: &str, delimiter: u8, quote: u8, bytes: &mut Vec<u8>) {
    let special = |b: u8| b == delimiter || b == quote || b == b'\n' || b == b'\r';
    if !text.bytes().any(special) {
        bytes.extend_from_slice(text.as_bytes());
        return;
    }
    bytes.push(quote);
    for byte in text.bytes() {
        if byte == quote {
            bytes.push(quote);
        }
        bytes.push(byte);
    }
    bytes.push(quote);
}

fn bytes_at(array: &dyn Array, row: usize) -> Option<&[u8]> {
    use arrow::array::AsArray;
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        _ => None,
    }
}

fn no_column(place: usize) -> ArrowError {
    ArrowError::SchemaError(format!("the rows have no column {place}"))
}

/// Writes a row the way Flink's `print` does: `+I[north, 7]`.
pub(crate) fn line(kind: &str, cells: &[String]) -> String {
    format!("{kind}[{}]", cells.join(", "))
}
