//! Groups by key: dense numbers for the distinct keys of a GROUP BY.
//!
//! * One 64-bit column takes a fast path; everything else goes by Arrow's row format, which sorts as the values do.
//! * Nulls are equal to each other and come first.

use std::{hash::BuildHasher, sync::Arc};

use ahash::RandomState;
use arrow::{
    array::{Array, ArrayRef, Int64Array},
    datatypes::{DataType, Field, TimeUnit},
    row::{RowConverter, Rows, SortField},
};
use hashbrown::{HashMap, HashTable};

use super::numbers::{from_i64, to_i64};
use crate::OperatorError;

/// Turns key columns into what tables of groups look up, once per batch.
#[derive(Debug)]
pub(super) struct KeyReader {
    columns: Vec<usize>,
    fields: Vec<Field>,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Nothing,
    Number,
    Rows(Arc<RowConverter>),
}

/// The keys of a batch.
#[derive(Debug)]
pub(super) enum BatchKeys {
    Nothing,
    Numbers(Int64Array),
    Rows(Rows),
}

impl KeyReader {
    pub(super) fn new(columns: &[usize], fields: Vec<Field>) -> Result<Self, OperatorError> {
        let is_number = |field: &Field| {
            matches!(
                field.data_type(),
                DataType::Int64 | DataType::Timestamp(TimeUnit::Millisecond, _)
            )
        };
        let format = match fields.as_slice() {
            [] => Format::Nothing,
            [only] if is_number(only) => Format::Number,
            _ => {
                let sort = |field: &Field| SortField::new(field.data_type().clone());
                Format::Rows(Arc::new(RowConverter::new(fields.iter().map(sort).collect())?))
            }
        };
        Ok(Self { columns: columns.to_vec(), fields, format })
    }

    /// The keys of a batch's rows.
    pub(super) fn read(&self, batch: &crate::ChangeBatch) -> Result<BatchKeys, OperatorError> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, field) in self.columns.iter().zip(&self.fields) {
            let column = batch.column(*index);
            let fits = |column: &&ArrayRef| column.data_type() == field.data_type();
            columns.push(ArrayRef::clone(column.filter(fits).ok_or_else(|| {
                OperatorError::Column {
                    index: *index,
                    expected: "a key of the declared type",
                    found: column.map_or("absent".to_owned(), |c| c.data_type().to_string()),
                }
            })?));
        }
        Ok(match (&self.format, columns.as_slice()) {
            (Format::Number, [only]) => BatchKeys::Numbers(to_i64(only)?),
            (Format::Rows(converter), _) => BatchKeys::Rows(converter.convert_columns(&columns)?),
            (Format::Nothing | Format::Number, _) => BatchKeys::Nothing,
        })
    }

    /// An empty table of groups.
    pub(super) fn table(&self) -> KeyTable {
        match &self.format {
            Format::Nothing => KeyTable::Nothing(false),
            Format::Number => KeyTable::Numbers(NumberTable::default()),
            Format::Rows(converter) => KeyTable::Rows(RowTable::new(Arc::clone(converter))),
        }
    }

    /// The key columns of some groups of a table, in that order.
    pub(super) fn columns(
        &self,
        table: &KeyTable,
        groups: &[u32],
    ) -> Result<Vec<ArrayRef>, OperatorError> {
        match table {
            KeyTable::Nothing(_) => Ok(Vec::new()),
            KeyTable::Numbers(table) => {
                let values: Int64Array = groups.iter().map(|group| table.value(*group)).collect();
                let types = self.fields.first().map(Field::data_type);
                let column = match types {
                    Some(data_type) => from_i64(values, data_type)?,
                    None => Arc::new(values),
                };
                Ok(vec![column])
            }
            KeyTable::Rows(table) => {
                let parser = table.converter.parser();
                let rows = groups.iter().map(|group| parser.parse(table.bytes_of(*group)));
                Ok(table.converter.convert_rows(rows)?)
            }
        }
    }
}

/// A table of groups.
#[derive(Clone, Debug)]
pub(super) enum KeyTable {
    /// No key columns: one group, once there was a row.
    Nothing(bool),
    Numbers(NumberTable),
    Rows(RowTable),
}

fn hasher() -> RandomState {
    // Fixed, so that runs of one seed are alike.
    RandomState::with_seeds(0x51, 0x52, 0x53, 0x54)
}

impl KeyTable {
    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nothing(any) => usize::from(*any),
            Self::Numbers(table) => table.values.len(),
            Self::Rows(table) => table.ends.len(),
        }
    }

    /// Finds the groups of some rows of a batch, making new ones.
    pub(super) fn intern(&mut self, keys: &BatchKeys, rows: &[u32], groups: &mut Vec<u32>) {
        groups.clear();
        match (self, keys) {
            (Self::Numbers(table), BatchKeys::Numbers(keys)) => table.intern(keys, rows, groups),
            (Self::Rows(table), BatchKeys::Rows(keys)) => {
                groups.extend(rows.iter().map(|row| table.find(keys.row(*row as usize).as_ref())));
            }
            (Self::Nothing(any), _) => {
                *any |= !rows.is_empty();
                groups.resize(rows.len(), 0);
            }
            (Self::Numbers(_) | Self::Rows(_), _) => groups.resize(rows.len(), 0),
        }
    }

    /// Finds the groups of all keys of another table, making new ones.
    pub(super) fn intern_table(&mut self, other: &Self) -> Vec<u32> {
        let all = 0..other.len() as u32;
        match (self, other) {
            (Self::Numbers(table), Self::Numbers(other)) => {
                all.map(|group| table.find(other.value(group))).collect()
            }
            (Self::Rows(table), Self::Rows(other)) => {
                all.map(|group| table.find(other.bytes_of(group))).collect()
            }
            (Self::Nothing(any), _) => {
                *any |= other.len() > 0;
                vec![0; other.len()]
            }
            (Self::Numbers(_) | Self::Rows(_), _) => Vec::new(),
        }
    }

    /// A key's bytes, for snapshots.
    pub(super) fn encoded(&self, group: u32) -> Vec<u8> {
        match self {
            Self::Nothing(_) => Vec::new(),
            Self::Numbers(table) => {
                table.value(group).map(|value| value.to_le_bytes().to_vec()).unwrap_or_default()
            }
            Self::Rows(table) => table.bytes_of(group).to_vec(),
        }
    }

    /// The group of a key from a snapshot.
    pub(super) fn intern_encoded(&mut self, bytes: &[u8]) -> u32 {
        match self {
            Self::Nothing(any) => {
                *any = true;
                0
            }
            Self::Numbers(table) => {
                table.find(<[u8; 8]>::try_from(bytes).ok().map(i64::from_le_bytes))
            }
            Self::Rows(table) => table.find(bytes),
        }
    }

    /// All groups, in the order of their keys.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut groups: Vec<u32> = (0..self.len() as u32).collect();
        match self {
            Self::Nothing(_) => {}
            Self::Numbers(table) => groups.sort_unstable_by_key(|group| table.value(*group)),
            Self::Rows(table) => {
                groups.sort_unstable_by(|a, b| table.bytes_of(*a).cmp(table.bytes_of(*b)));
            }
        }
        groups
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Nothing(_) => 0,
            Self::Numbers(table) => table.values.len() * (size_of::<(i64, u32)>() + 8),
            Self::Rows(table) => table.bytes.len() + table.ends.len() * (size_of::<usize>() + 5),
        }
    }
}

/// Groups by one number.
#[derive(Clone, Debug, Default)]
pub(super) struct NumberTable {
    groups: HashMap<i64, u32, FixedState>,
    values: Vec<i64>,
    null: Option<u32>,
}

#[derive(Clone, Debug)]
struct FixedState(RandomState);

impl Default for FixedState {
    fn default() -> Self {
        Self(hasher())
    }
}

impl BuildHasher for FixedState {
    type Hasher = <RandomState as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

impl NumberTable {
    fn value(&self, group: u32) -> Option<i64> {
        if self.null == Some(group) {
            return None;
        }
        self.values.get(group as usize).copied()
    }

    fn find(&mut self, value: Option<i64>) -> u32 {
        let next = self.values.len() as u32;
        let group = match value {
            Some(value) => *self.groups.entry(value).or_insert(next),
            None => *self.null.get_or_insert(next),
        };
        if group == next {
            self.values.push(value.unwrap_or_default());
        }
        group
    }

    fn intern(&mut self, keys: &Int64Array, rows: &[u32], groups: &mut Vec<u32>) {
        groups.reserve(rows.len());
        let values = keys.values();
        // Equal keys often follow each other.
        let mut last: Option<(i64, u32)> = None;
        for row in rows {
            let row = *row as usize;
            if keys.is_null(row) {
                groups.push(self.find(None));
                continue;
            }
            let value = values.get(row).copied().unwrap_or_default();
            let group = match last {
                Some((key, group)) if key == value => group,
                _ => self.find(Some(value)),
            };
            last = Some((value, group));
            groups.push(group);
        }
    }
}

/// Groups by any key, in Arrow's row format.
#[derive(Clone, Debug)]
pub(super) struct RowTable {
    converter: Arc<RowConverter>,
    state: RandomState,
    groups: HashTable<u32>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl RowTable {
    fn new(converter: Arc<RowConverter>) -> Self {
        let groups = HashTable::new();
        Self { converter, state: hasher(), groups, bytes: Vec::new(), ends: Vec::new() }
    }

    fn bytes_of(&self, group: u32) -> &[u8] {
        bytes_of(&self.bytes, &self.ends, group)
    }

    fn find(&mut self, key: &[u8]) -> u32 {
        let Self { state, groups, bytes, ends, .. } = self;
        let hash = state.hash_one(key);
        if let Some(group) = groups.find(hash, |group| bytes_of(bytes, ends, *group) == key) {
            return *group;
        }
        let group = ends.len() as u32;
        bytes.extend_from_slice(key);
        ends.push(bytes.len());
        groups.insert_unique(hash, group, |group| state.hash_one(bytes_of(bytes, ends, *group)));
        group
    }
}

fn bytes_of<'a>(bytes: &'a [u8], ends: &[usize], group: u32) -> &'a [u8] {
    let group = group as usize;
    let end = ends.get(group).copied().unwrap_or_default();
    let start = group.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    bytes.get(start..end).unwrap_or_default()
}

/// The rows of a batch by number: `0..rows`.
pub(super) fn all_rows(rows: usize) -> Vec<u32> {
    (0..rows as u32).collect()
}
