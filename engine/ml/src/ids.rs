//! A dictionary between ids as people write them and dense row numbers.
//!
//! * Row numbers are given in order of first sight and never change, so rows can be added while a model is served.

use std::{collections::HashMap, sync::Arc};

/// Ids of users or items; the place of an id is its row number. Cheap to look up in both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    names: Vec<Arc<str>>,
    rows: HashMap<Arc<str>, u32, ahash::RandomState>,
}

impl Ids {
    /// The row number of an id, giving it the next one if it is new.
    pub fn intern(&mut self, id: &str) -> u32 {
        if let Some(row) = self.rows.get(id) {
            return *row;
        }
        let row = self.names.len() as u32;
        let name: Arc<str> = id.into();
        self.names.push(Arc::clone(&name));
        self.rows.insert(name, row);
        row
    }

    /// The row number of an id that is known.
    pub fn row(&self, id: &str) -> Option<u32> {
        self.rows.get(id).copied()
    }

    /// The id of a row.
    pub fn name(&self, row: u32) -> Option<&Arc<str>> {
        self.names.get(row as usize)
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All ids in row order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.names.iter()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Ids {
    fn from_iter<I: IntoIterator<Item = S>>(ids: I) -> Self {
        let mut all = Self::default();
        for id in ids {
            all.intern(id.as_ref());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_first_row() {
        let mut ids: Ids = ["b", "a", "b"].into_iter().collect();
        assert_eq!(
            (ids.len(), ids.row("b"), ids.row("a"), ids.row("c")),
            (2, Some(0), Some(1), None)
        );
        assert_eq!(ids.intern("c"), 2);
        assert_eq!(ids.name(2).map(AsRef::as_ref), Some("c"));
    }
}
