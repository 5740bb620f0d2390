//! `datasets/<name>/dataset.yaml`: what a data set is.
//!
//! * Unknown keys are refused. A data set has either files or a generator.
//! * The manifests are compiled in; [`all`] lists them by name.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DatasetError;

/// The newest format that is understood.
const FORMAT_MAX: u32 = 1;

/// One data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub format: u32,
    /// Name, as on the command line.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// What a reader should know before using it.
    pub about: String,
    /// Under which terms it may be used.
    pub licence: Licence,
    /// The page that it comes from; none for generated data.
    #[serde(default)]
    pub page: Option<String>,
    /// Its files; empty for generated data.
    #[serde(default)]
    pub files: Vec<DataFile>,
    /// How it is made, if it is generated.
    #[serde(default)]
    pub generator: Option<GeneratorSpec>,
    /// The tables in it.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// The project's own lists that split it into training and test rows.
    #[serde(default)]
    pub splits: Vec<SplitList>,
}

/// Terms of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// SPDX identifier or plain words.
    pub name: String,
    /// Whether the origin's page still has to be looked at before anyone relies on it.
    #[serde(default)]
    pub confirm_on_page: bool,
    /// What it asks of whoever passes the data on.
    #[serde(default)]
    pub note: Option<String>,
}

/// One file of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Its name.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// Checksum in lower-case hexadecimal.
    pub sha256: String,
    /// Where it can be downloaded, if there is such an address.
    #[serde(default)]
    pub url: Option<String>,
    /// Its path below a mirror.
    pub mirror: String,
}

/// A generator with the parameters that make this data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorSpec {
    /// Name of the generator.
    pub name: String,
    /// Its parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
}

/// Rows of one shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The file that holds it.
    #[serde(default)]
    pub file: Option<String>,
    /// Its path inside that file, if it is an archive.
    #[serde(default)]
    pub member: Option<String>,
    /// How a row is written, in words: `csv with header`, `tab separated with header`, `json lines`.
    pub layout: String,
    /// Number of rows, the header not counted; unknown if absent.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Its columns in order; empty where a page describes them better.
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in SQL's words.
    #[serde(rename = "type")]
    pub sql_type: String,
}

/// A list of row numbers beside the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitList {
    /// Name of the compressed list.
    pub file: String,
    /// The table whose rows it numbers, from zero, header not counted.
    pub table: String,
    /// What the list means.
    pub about: String,
    /// Number of rows in it.
    pub rows: u64,
    /// Checksum of the list before compression.
    pub sha256: String,
}

const TEXTS: [(&str, &str); 12] = [
    ("anime", include_str!("../../../../datasets/anime/dataset.yaml")),
    ("clickstream", include_str!("../../../../datasets/clickstream/dataset.yaml")),
    ("earthquakes", include_str!("../../../../datasets/earthquakes/dataset.yaml")),
    ("movietweetings-100k", include_str!("../../../../datasets/movietweetings-100k/dataset.yaml")),
    ("nab", include_str!("../../../../datasets/nab/dataset.yaml")),
    ("nycflights-2013", include_str!("../../../../datasets/nycflights-2013/dataset.yaml")),
    ("openflights", include_str!("../../../../datasets/openflights/dataset.yaml")),
    ("optdigits", include_str!("../../../../datasets/optdigits/dataset.yaml")),
    ("orders", include_str!("../../../../datasets/orders/dataset.yaml")),
    ("ratings-generated", include_str!("../../../../datasets/ratings-generated/dataset.yaml")),
    ("sms-spam", include_str!("../../../../datasets/sms-spam/dataset.yaml")),
    ("wikiticker", include_str!("../../../../datasets/wikiticker/dataset.yaml")),
];

/// All data sets, sorted by name.
pub fn all() -> Result<Vec<Manifest>, DatasetError> {
    TEXTS.iter().map(|(name, text)| Manifest::parse(name, text)).collect()
}

/// The data set with a name.
pub fn find(name: &str) -> Result<Manifest, DatasetError> {
    match TEXTS.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Manifest::parse(name, text),
        None => Err(DatasetError::Unknown {
            name: name.to_owned(),
            known: TEXTS.iter().map(|(known, _)| (*known).to_owned()).collect(),
        }),
    }
}

impl Manifest {
    /// Reads a manifest; `name` is what errors call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, DatasetError> {
        let wrong = |reason: String| DatasetError::Manifest { name: name.to_owned(), reason };
        let manifest: Self = serde_yaml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        if manifest.format > FORMAT_MAX {
            let newer = manifest.format;
            return Err(wrong(format!("format {newer} is newer than {FORMAT_MAX}")));
        }
        if manifest.files.is_empty() == manifest.generator.is_none() {
            return Err(wrong("it needs either `files` or a `generator`".to_owned()));
        }
        if let Some(file) = manifest.files.iter().find(|file| !is_sha256(&file.sha256)) {
            return Err(wrong(format!("sha256 of `{}` is not 64 hexadecimal digits", file.name)));
        }
        Ok(manifest)
    }

    /// The file with a name.
    pub fn file(&self, name: &str) -> Option<&DataFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Length of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Whether every file lies in `blobs` with its full length; [`super::verify`] also reads them.
    pub fn is_present(&self, blobs: &Path) -> bool {
        self.files.iter().all(|file| file.is_present(blobs))
    }
}

impl DataFile {
    pub(super) fn is_present(&self, blobs: &Path) -> bool {
        blobs.join(&self.sha256).metadata().is_ok_and(|found| found.len() == self.bytes)
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
