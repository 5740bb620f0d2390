//! Who has seen what: pairs as they arrive, and the sparse matrix that training needs.
//!
//! * [`Pairs`] keeps rows in the order they came, duplicates included; [`Interactions`] is a *set* in sorted order.
//! * So two inputs with the same pairs give equal [`Interactions`], byte for byte, and the same model.

use std::fmt::Write as _;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
    error::ArrowError,
};
use sha2::{Digest, Sha256};

use crate::{Ids, artifact::hex};

/// Pairs of user and item in the order they came.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    users: Ids,
    items: Ids,
    rows: Vec<(u32, u32)>,
}

/// Why the columns of a batch hold no pairs.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// The batch has no such column.
    #[error("the rows have no column `{column}`; they have {present}")]
    Missing {
        /// The column that was asked for.
        column: String,
        /// The columns that are there.
        present: String,
    },
    /// An id may be text or a whole number, nothing else.
    #[error("column `{column}` has type {found}; an id is text or a whole number")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// The column could not be read as text.
    #[error("column `{column}` cannot be read as ids")]
    Cast {
        /// The column.
        column: String,
        /// What Arrow says.
        source: ArrowError,
    },
}

impl Pairs {
    /// Adds a pair.
    pub fn push(&mut self, user: &str, item: &str) {
        let pair = (self.users.intern(user), self.items.intern(item));
        self.rows.push(pair);
    }

    /// Adds the pairs of two columns; a row where either is null is left out. Says how many were added.
    pub fn push_batch(
        &mut self,
        batch: &RecordBatch,
        user_column: &str,
        item_column: &str,
    ) -> Result<usize, ColumnError> {
        let users = IdColumn::read(batch, user_column)?;
        let items = IdColumn::read(batch, item_column)?;
        let before = self.rows.len();
        let (mut user_text, mut item_text) = (String::new(), String::new());
        for row in 0..batch.num_rows() {
            let user = users.text(row, &mut user_text);
            if let (Some(user), Some(item)) = (user, items.text(row, &mut item_text)) {
                self.push(user, item);
            }
        }
        Ok(self.rows.len() - before)
    }

    /// How many rows there are, duplicates included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter_map(|(user, item)| {
            Some((self.users.name(*user)?.as_ref(), self.items.name(*item)?.as_ref()))
        })
    }

    /// Distinct users, in order of first sight.
    pub fn users(&self) -> &Ids {
        &self.users
    }

    /// Distinct items, in order of first sight.
    pub fn items(&self) -> &Ids {
        &self.items
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(rows: I) -> Self {
        let mut pairs = Self::default();
        for (user, item) in rows {
            pairs.push(user, item);
        }
        pairs
    }
}

/// A column of ids: whole numbers are written in decimals, so that `7` and `"7"` are the same id.
enum IdColumn {
    Number(arrow::array::ArrayRef),
    Text(arrow::array::ArrayRef),
}

impl IdColumn {
    fn read(batch: &RecordBatch, column: &str) -> Result<Self, ColumnError> {
        let array = batch.column_by_name(column).ok_or_else(|| ColumnError::Missing {
            column: column.to_owned(),
            present: column_names(batch),
        })?;
        let is_text = match array.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
            DataType::Dictionary(_, value) => value.is_string(),
            other if other.is_integer() => false,
            other => {
                return Err(ColumnError::Type { column: column.to_owned(), found: other.clone() });
            }
        };
        let target = if is_text { DataType::Utf8 } else { DataType::Int64 };
        let array = cast(array, &target)
            .map_err(|source| ColumnError::Cast { column: column.to_owned(), source })?;
        Ok(if is_text { Self::Text(array) } else { Self::Number(array) })
    }

    fn text<'a>(&'a self, row: usize, buffer: &'a mut String) -> Option<&'a str> {
        match self {
            Self::Text(array) => array.is_valid(row).then(|| array.as_string::<i32>().value(row)),
            Self::Number(array) => array.is_valid(row).then(|| {
                buffer.clear();
                // Writing to a `String` cannot fail.
                let _ = write!(buffer, "{}", array.as_primitive::<Int64Type>().value(row));
                buffer.as_str()
            }),
        }
    }
}

fn column_names(batch: &RecordBatch) -> String {
    let schema = batch.schema();
    schema.fields().iter().map(|f| format!("`{}`", f.name())).collect::<Vec<_>>().join(", ")
}

/// Lists of row numbers, one per row, each sorted and without duplicates (a CSR matrix of ones).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    starts: Vec<u32>,
    entries: Vec<u32>,
}

impl Lists {
    /// Makes lists from pairs of (row, entry) that are sorted and distinct.
    fn from_sorted(rows: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut starts = vec![0_u32; rows + 1];
        let mut entries = Vec::with_capacity(pairs.size_hint().0);
        for (row, entry) in pairs {
            if let Some(count) = starts.get_mut(row as usize + 1) {
                *count += 1;
            }
            entries.push(entry);
        }
        let mut total = 0;
        for start in &mut starts {
            total += *start;
            *start = total;
        }
        Self { starts, entries }
    }

    /// The list of a row; empty for a row that is not there.
    pub fn list(&self, row: u32) -> &[u32] {
        let row = row as usize;
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => {
                self.entries.get(*start as usize..*end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// How many lists there are.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries all lists hold together.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// How often each of `columns` entries occurs.
    pub fn counts(&self, columns: usize) -> Vec<u32> {
        let mut counts = vec![0; columns];
        for entry in &self.entries {
            if let Some(count) = counts.get_mut(*entry as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The same pairs seen from the other side, with `columns` lists.
    #[must_use]
    pub fn transposed(&self, columns: usize) -> Self {
        let mut starts = Vec::with_capacity(columns + 1);
        let mut total = 0;
        starts.push(0);
        for count in self.counts(columns) {
            total += count;
            starts.push(total);
        }
        let mut next = starts.clone();
        let mut entries = vec![0; self.entries.len()];
        for row in 0..self.len() as u32 {
            for entry in self.list(row) {
                let Some(place) = next.get_mut(*entry as usize) else { continue };
                if let Some(slot) = entries.get_mut(*place as usize) {
                    *slot = row;
                }
                *place += 1;
            }
        }
        Self { starts, entries }
    }
}

/// The distinct pairs of a training set, from both sides. Ids are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interactions {
    pub(crate) users: Ids,
    pub(crate) items: Ids,
    pub(crate) by_user: Lists,
    pub(crate) by_item: Lists,
}

impl Interactions {
    /// Distinct users, sorted.
    pub fn users(&self) -> &Ids {
        &self.users
    }

    /// Distinct items, sorted.
    pub fn items(&self) -> &Ids {
        &self.items
    }

    /// Each user's items.
    pub fn by_user(&self) -> &Lists {
        &self.by_user
    }

    /// Each item's users.
    pub fn by_item(&self) -> &Lists {
        &self.by_item
    }

    /// How many distinct pairs there are.
    pub fn len(&self) -> usize {
        self.by_user.entries()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names the data: sha256 over the sorted pairs, one `user<TAB>item` per line.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for (row, user) in self.users.iter().enumerate() {
            for item in self.by_user.list(row as u32) {
                if let Some(item) = self.items.name(*item) {
                    for part in [user.as_bytes(), b"\t", item.as_bytes(), b"\n"] {
                        hash.update(part);
                    }
                }
            }
        }
        hex(&hash.finalize())
    }
}

impl From<&Pairs> for Interactions {
    fn from(pairs: &Pairs) -> Self {
        let (users, user_rows) = sorted_ids(&pairs.users, pairs.rows.iter().map(|(user, _)| *user));
        let (items, item_rows) = sorted_ids(&pairs.items, pairs.rows.iter().map(|(_, item)| *item));
        let mut rows: Vec<(u32, u32)> = pairs
            .rows
            .iter()
            .filter_map(|(user, item)| {
                Some((*user_rows.get(*user as usize)?, *item_rows.get(*item as usize)?))
            })
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let by_user = Lists::from_sorted(users.len(), rows.into_iter());
        let by_item = by_user.transposed(items.len());
        Self { users, items, by_user, by_item }
    }
}

/// Sorts the ids that occur, and says for each old row number what the new one is.
fn sorted_ids(ids: &Ids, occurring: impl Iterator<Item = u32>) -> (Ids, Vec<u32>) {
    let mut occurs = vec![false; ids.len()];
    for row in occurring {
        if let Some(seen) = occurs.get_mut(row as usize) {
            *seen = true;
        }
    }
    let mut names: Vec<_> = ids.iter().zip(occurs).filter(|(_, o)| *o).map(|(n, _)| n).collect();
    names.sort_unstable();
    let sorted: Ids = names.into_iter().collect();
    let rows = ids.iter().map(|name| sorted.row(name).unwrap_or(u32::MAX)).collect();
    (sorted, rows)
}

#[cfg(test)]
mod tests;
