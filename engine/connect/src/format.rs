//! How a row is written in a record or a line: `json`, `csv` or `raw`, in both directions.
//!
//! * Rows are decoded many at a time straight into columns, only the columns asked for; when that fails, halving finds
//!   the rows that are malformed, and the others are kept.
//! * Option names are Flink's (`json.ignore-parse-errors`); behind `value.format` they begin with `value.`.
//!
//! Start reading at [`Format::of`].

mod csv;
mod decode;
mod encode;
mod json;
mod raw;

use arrow::datatypes::{DataType, SchemaRef};
use pancake_sql::connector::{ConnectorError, OptionError, Options, TableDef};

#[cfg(test)]
use decode::Decoded;
pub(crate) use decode::{Decoder, Malformed};
pub(crate) use encode::{Encoder, line, texts};

/// Options of all formats, as [`Options::check_known`] wants them.
pub(crate) const KNOWN: [&str; 12] = [
    "format",
    "json.ignore-parse-errors",
    "json.fail-on-missing-field",
    "json.timestamp-format.standard",
    "json.encode.ignore-null-fields",
    "csv.field-delimiter",
    "csv.quote-character",
    "csv.null-literal",
    "csv.ignore-parse-errors",
    "csv.ignore-first-line",
    "raw.charset",
    "raw.endianness",
];

/// A format with its options.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Json(Json),
    Csv(Csv),
    Raw,
}

/// Options of `json`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json {
    pub(crate) ignore_parse_errors: bool,
    pub(crate) fail_on_missing_field: bool,
    pub(crate) timestamps: Timestamps,
    pub(crate) leave_out_nulls: bool,
}

/// How timestamps are written; both are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timestamps {
    /// `2026-05-01 09:00:00.000`.
    Sql,
    /// `2026-05-01T09:00:00.000`.
    Iso,
}

/// Options of `csv`.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    pub(crate) null_literal: String,
    pub(crate) ignore_parse_errors: bool,
    pub(crate) ignore_first_line: bool,
}

impl Format {
    /// Reads a format and its options; `prefix` is what their names begin with, such as `value.`.
    pub(crate) fn of(options: &Options, prefix: &str) -> Result<Self, OptionError> {
        let format = format!("{prefix}format");
        options.required(&format)?;
        let flag = |name: &str| options.bool_or(&format!("{prefix}{name}"), false);
        match options.one_of(&format, &["json", "csv", "raw"])? {
            Some("json") => {
                let standard = format!("{prefix}json.timestamp-format.standard");
                let standard = options.one_of(&standard, &["SQL", "ISO-8601"])?;
                Ok(Self::Json(Json {
                    ignore_parse_errors: flag("json.ignore-parse-errors")?,
                    fail_on_missing_field: flag("json.fail-on-missing-field")?,
                    timestamps: if standard == Some("ISO-8601") {
                        Timestamps::Iso
                    } else {
                        Timestamps::Sql
                    },
                    leave_out_nulls: flag("json.encode.ignore-null-fields")?,
                }))
            }
            Some("csv") => {
                let null_literal = options.get(&format!("{prefix}csv.null-literal"));
                Ok(Self::Csv(Csv {
                    delimiter: character(options, &format!("{prefix}csv.field-delimiter"), b',')?,
                    quote: character(options, &format!("{prefix}csv.quote-character"), b'"')?,
                    null_literal: null_literal.unwrap_or_default().to_owned(),
                    ignore_parse_errors: flag("csv.ignore-parse-errors")?,
                    ignore_first_line: flag("csv.ignore-first-line")?,
                }))
            }
            _ => Ok(Self::Raw),
        }
    }

    /// Whether malformed rows are skipped rather than failing the reader.
    pub(crate) fn ignores_errors(&self) -> bool {
        match self {
            Self::Json(json) => json.ignore_parse_errors,
            Self::Csv(csv) => csv.ignore_parse_errors,
            Self::Raw => false,
        }
    }

    /// Makes a decoder of the columns at `projection` of the rows' whole `schema`.
    pub(crate) fn decoder(
        &self,
        schema: &SchemaRef,
        projection: &[usize],
    ) -> Result<Decoder, arrow::error::ArrowError> {
        Decoder::new(self, schema, projection)
    }

    /// Refuses columns that the format cannot write and read.
    pub(crate) fn check(&self, table: &TableDef, schema: &SchemaRef) -> Result<(), ConnectorError> {
        let unsupported = |what: String| {
            Err(ConnectorError::Unsupported { connector: table.connector().to_owned(), what })
        };
        if matches!(self, Self::Raw) && schema.fields().len() != 1 {
            let count = schema.fields().len();
            return unsupported(format!("format `raw` with {count} columns; it has exactly one"));
        }
        for field in schema.fields() {
            let is_text_or_bytes = is_text(field.data_type()) || is_bytes(field.data_type());
            let fits = match self {
                Self::Raw => is_text_or_bytes,
                Self::Csv(_) | Self::Json(_) => {
                    !field.data_type().is_nested() && !is_bytes(field.data_type())
                }
            };
            if !fits {
                let (name, sql_type) = (field.name(), field.data_type());
                return unsupported(format!("column `{name}` of type {sql_type} in this format"));
            }
        }
        Ok(())
    }
}

fn character(options: &Options, name: &str, default: u8) -> Result<u8, OptionError> {
    match options.get(name).map(str::as_bytes) {
        None => Ok(default),
        Some([character]) => Ok(*character),
        Some(b"\\t") => Ok(b'\t'),
        Some(_) => Err(options.malformed(name, "one ASCII character")),
    }
}

pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

pub(crate) fn is_bytes(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

#[cfg(test)]
mod tests;
