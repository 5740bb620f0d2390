//! The connectors that a session knows, by name.

use std::{collections::BTreeMap, sync::Arc};

use super::{Connector, ConnectorError, OptionError, TableDef};
use crate::nearest::nearest;

/// Connectors by their names.
#[derive(Clone, Debug, Default)]
pub struct Connectors(BTreeMap<&'static str, Arc<dyn Connector>>);

impl Connectors {
    /// A registry without connectors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connector; a later one with the same name takes its place.
    #[must_use]
    pub fn with(mut self, connector: Arc<dyn Connector>) -> Self {
        self.0.insert(connector.name(), connector);
        self
    }

    /// Names of all connectors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// The connector of a table.
    pub fn of(&self, table: &TableDef) -> Result<&Arc<dyn Connector>, ConnectorError> {
        let name = table.options.required("connector")?;
        self.0.get(name).ok_or_else(|| {
            let list = self.names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let expected = match nearest(name, self.names()) {
                Some(near) => format!("one of {list}; did you mean `{near}`?"),
                None => format!("one of {list}"),
            };
            let (option, value) = ("connector".to_owned(), name.to_owned());
            OptionError::Malformed { name: option, value, expected }.into()
        })
    }
}
