//! A model as bytes: one Arrow IPC file, so that anything that reads Arrow can read it.
//!
//! * Two record batches of one schema: users, then items, each `id`, `vector`, and `known` (for users: the row numbers
//!   of the items they have seen). What a model knows about its training data travels with it.
//! * The schema's metadata says how it was trained. The same model always gives the same bytes.
//! * The bytes are named by their sha256; bytes that do not have that sha256 are never read.

use std::{collections::HashMap, fmt::Write as _, io::Cursor, str::FromStr, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, ListArray, RecordBatch,
        StringArray,
    },
    datatypes::{DataType, Field, Float32Type, Schema, SchemaRef, UInt32Type},
    error::ArrowError,
    ipc::{reader::FileReader, writer::FileWriter},
};
use sha2::{Digest, Sha256};

use crate::{AlsSettings, FactorModel, Ids, Matrix};

/// What the metadata says the file is.
const FORMAT: &str = "pancake.als.v1";

/// Why bytes are not a model, or a model cannot become bytes.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The bytes are not the ones that were saved.
    #[error("the model file is damaged: its sha256 is {found}, it was saved as {expected}")]
    Damaged {
        /// The sha256 it was saved under.
        expected: String,
        /// The sha256 of the bytes.
        found: String,
    },
    /// Arrow cannot read or write it.
    #[error("the model file is no Arrow file that can be read")]
    Arrow(#[from] ArrowError),
    /// A part is missing or does not fit the others.
    #[error("the model file is not whole: {what}")]
    Shape {
        /// What is wrong.
        what: &'static str,
    },
    /// A metadata field is missing or unreadable.
    #[error("the model file's metadata has no usable `{field}`")]
    Metadata {
        /// The field.
        field: &'static str,
    },
}

/// The sha256 of bytes in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a model as an Arrow IPC file.
pub fn encode(model: &FactorModel) -> Result<Vec<u8>, ArtifactError> {
    let schema = schema(model);
    let known = ListArray::from_iter_primitive::<UInt32Type, _, _>(
        model.known.iter().map(|items| Some(items.iter().map(|item| Some(*item)))),
    );
    let nothing = ListArray::from_iter_primitive::<UInt32Type, Vec<Option<u32>>, _>(
        model.items.iter().map(|_| None),
    );
    let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
    writer.write(&side(&schema, &model.users, &model.user_rows, known)?)?;
    writer.write(&side(&schema, &model.items, &model.item_rows, nothing)?)?;
    Ok(writer.into_inner()?)
}

fn schema(model: &FactorModel) -> SchemaRef {
    let AlsSettings { factors, regularization, alpha, iterations, seed } = model.settings;
    let metadata = HashMap::from(
        [
            ("format", FORMAT.to_owned()),
            ("factors", factors.to_string()),
            ("regularization", regularization.to_string()),
            ("alpha", alpha.to_string()),
            ("iterations", iterations.to_string()),
            ("seed", seed.to_string()),
            ("data_sha256", model.data_sha256.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let row = Field::new_list_field(DataType::UInt32, true);
    let fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("vector", DataType::FixedSizeList(number, factors as i32), false),
        Field::new_list("known", row, true),
    ];
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

fn side(
    schema: &SchemaRef,
    ids: &Ids,
    rows: &Matrix,
    known: ListArray,
) -> Result<RecordBatch, ArtifactError> {
    let ids = StringArray::from_iter_values(ids.iter());
    let numbers: ArrayRef = Arc::new(Float32Array::from_iter_values(rows.values()));
    let number = Arc::new(Field::new_list_field(DataType::Float32, false));
    let vectors = FixedSizeListArray::try_new(number, rows.columns() as i32, numbers, None)?;
    let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(vectors), Arc::new(known)];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Reads a model, after checking that the bytes are those that were saved under `sha256`.
pub fn decode(bytes: &[u8], sha256: &str) -> Result<FactorModel, ArtifactError> {
    let found = sha256_hex(bytes);
    if found != sha256 {
        return Err(ArtifactError::Damaged { expected: sha256.to_owned(), found });
    }
    let reader = FileReader::try_new(Cursor::new(bytes), None)?;
    let metadata = reader.schema().metadata().clone();
    if metadata.get("format").is_none_or(|format| format != FORMAT) {
        return Err(ArtifactError::Metadata { field: "format" });
    }
    let settings = read_settings(&metadata)?;
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    let [users, items] = batches.as_slice() else {
        return Err(ArtifactError::Shape {
            what: "it has not one batch of users and one of items",
        });
    };
    let (items, item_rows) = read_side(items, settings.factors)?;
    let known = read_known(users, items.len())?;
    let (users, user_rows) = read_side(users, settings.factors)?;
    let mut counts = vec![0; items.len()];
    for item in known.iter().flatten() {
        if let Some(count) = counts.get_mut(*item as usize) {
            *count += 1;
        }
    }
    let data_sha256 = field(&metadata, "data_sha256")?;
    Ok(FactorModel { settings, data_sha256, users, items, user_rows, item_rows, known, counts })
}

fn read_settings(metadata: &HashMap<String, String>) -> Result<AlsSettings, ArtifactError> {
    let settings = AlsSettings {
        factors: field(metadata, "factors")?,
        regularization: field(metadata, "regularization")?,
        alpha: field(metadata, "alpha")?,
        iterations: field(metadata, "iterations")?,
        seed: field(metadata, "seed")?,
    };
    settings.check().map_err(|_| ArtifactError::Shape { what: "its settings are impossible" })?;
    Ok(settings)
}

fn field<T: FromStr>(
    metadata: &HashMap<String, String>,
    field: &'static str,
) -> Result<T, ArtifactError> {
    let text = metadata.get(field).ok_or(ArtifactError::Metadata { field })?;
    text.parse().map_err(|_| ArtifactError::Metadata { field })
}

fn read_side(batch: &RecordBatch, factors: usize) -> Result<(Ids, Matrix), ArtifactError> {
    let ids = batch.column_by_name("id").and_then(|c| c.as_string_opt::<i32>());
    let ids = ids.ok_or(ArtifactError::Shape { what: "it has no column of ids" })?;
    let names: Ids = ids.iter().flatten().collect();
    if names.len() != batch.num_rows() {
        return Err(ArtifactError::Shape { what: "an id is missing or stands twice" });
    }
    let vectors = batch.column_by_name("vector").and_then(|c| c.as_fixed_size_list_opt());
    let vectors = vectors.ok_or(ArtifactError::Shape { what: "it has no column of vectors" })?;
    let numbers = vectors.values().as_primitive_opt::<Float32Type>();
    let numbers = numbers.ok_or(ArtifactError::Shape { what: "vectors hold no numbers" })?;
    let mut matrix = Matrix::zeros(names.len(), factors);
    let mut rows = 0_u32;
    for row in numbers.values().chunks_exact(factors) {
        if !row.iter().all(|v| v.is_finite()) || !matrix.set_row(rows, row) {
            return Err(ArtifactError::Shape { what: "a vector holds no number or has no id" });
        }
        rows += 1;
    }
    if rows as usize != names.len() {
        return Err(ArtifactError::Shape { what: "vectors have another length than `factors`" });
    }
    Ok((names, matrix))
}

fn read_known(users: &RecordBatch, items: usize) -> Result<Vec<Vec<u32>>, ArtifactError> {
    let lists = users.column_by_name("known").and_then(|c| c.as_list_opt::<i32>());
    let lists = lists.ok_or(ArtifactError::Shape { what: "it has no column of known items" })?;
    let mut known = Vec::with_capacity(lists.len());
    for list in lists.iter() {
        let Some(list) = list else {
            known.push(Vec::new());
            continue;
        };
        let list = list.as_primitive_opt::<UInt32Type>();
        let list = list.ok_or(ArtifactError::Shape { what: "known items are no row numbers" })?;
        let mut list = list.values().to_vec();
        list.sort_unstable();
        list.dedup();
        if list.last().is_some_and(|item| *item as usize >= items) {
            return Err(ArtifactError::Shape { what: "a known item has no row" });
        }
        known.push(list);
    }
    Ok(known)
}

#[cfg(test)]
mod tests;
