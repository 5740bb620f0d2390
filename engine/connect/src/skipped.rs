//! Rows that were passed over because they are malformed: how many, and the first.

/// A count with its first case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Skipped {
    count: u64,
    first: Option<String>,
}

impl Skipped {
    /// Counts one; `describe` is asked only for the first.
    pub(crate) fn add(&mut self, describe: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(describe);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Where the first one is and what is wrong with it.
    pub(crate) fn first(&self) -> Option<&str> {
        self.first.as_deref()
    }
}
