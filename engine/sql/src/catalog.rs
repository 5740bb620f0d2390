//! The tables and views that SQL knows, by name, each with the text that makes it again.
//!
//! * The catalog is in memory; whoever keeps it writes down each [`CatalogEvent`] and gives the texts back to
//!   [`Catalog::restore`] after a restart.
//! * Names are case-sensitive and unique over tables and views together.

mod ddl;
mod resolve;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use datafusion::sql::sqlparser::ast::Query;

use crate::{
    bind::Functions,
    connector::{Connectors, TableDef},
    error::SqlError,
    nearest::nearest,
    parse::{self, ast::Kind},
};

pub(crate) use ddl::delay;
pub(crate) use resolve::{interval_ms, table as resolve_table, unknown_column};

/// A table or a view.
#[derive(Clone, Debug)]
pub enum Object {
    /// A table.
    Table(Arc<TableDef>),
    /// A view.
    View(Arc<ViewDef>),
}

/// A named query.
#[derive(Clone, Debug)]
pub struct ViewDef {
    /// Its name.
    pub name: String,
    /// Names of its columns, when the statement lists them.
    pub columns: Vec<String>,
    /// The statement that makes it.
    pub ddl: String,
    pub(crate) query: Box<Query>,
}

impl Object {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => &table.name,
            Self::View(view) => &view.name,
        }
    }

    /// The statement that makes it.
    pub fn ddl(&self) -> &str {
        match self {
            Self::Table(table) => &table.ddl,
            Self::View(view) => &view.ddl,
        }
    }
}

/// What a statement did to the catalog, to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogEvent {
    /// An object is new.
    Created {
        /// Its name.
        name: String,
        /// The statement that makes it again.
        ddl: String,
    },
    /// An object is gone.
    Dropped {
        /// Its name.
        name: String,
    },
}

/// Tables and views by name.
#[derive(Debug, Default)]
pub struct Catalog {
    objects: RwLock<BTreeMap<String, Object>>,
}

impl Catalog {
    /// A catalog without objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// All objects in the order of their names.
    pub fn objects(&self) -> Vec<Object> {
        self.read().values().cloned().collect()
    }

    /// The object with a name.
    pub fn get(&self, name: &str) -> Option<Object> {
        self.read().get(name).cloned()
    }

    /// The table with a name; `None` also when the name is a view's.
    pub fn table(&self, name: &str) -> Option<Arc<TableDef>> {
        match self.get(name) {
            Some(Object::Table(table)) => Some(table),
            _ => None,
        }
    }

    /// Adds an object whose name is free.
    pub fn create(&self, object: Object) -> Result<CatalogEvent, SqlError> {
        let name = object.name().to_owned();
        let mut objects = self.write();
        if objects.contains_key(&name) {
            return Err(SqlError::new(format!("`{name}` exists already"))
                .hint(format!("DROP it first, or write CREATE … IF NOT EXISTS `{name}`")));
        }
        let ddl = object.ddl().to_owned();
        objects.insert(name.clone(), object);
        Ok(CatalogEvent::Created { name, ddl })
    }

    /// Removes an object.
    pub fn remove(&self, name: &str) -> Result<CatalogEvent, SqlError> {
        let removed = self.write().remove(name);
        match removed {
            Some(_) => Ok(CatalogEvent::Dropped { name: name.to_owned() }),
            None => Err(self.unknown(name)),
        }
    }

    /// Makes an object from a text that a [`CatalogEvent`] once carried. A table or view it is `LIKE`, or reads, need
    /// not be there: tables are written out in full, and views are bound when they are read.
    pub fn restore(&self, ddl: &str, connectors: &Connectors) -> Result<(), SqlError> {
        let statements = parse::script(ddl)?;
        let [statement] = statements.as_slice() else {
            return Err(SqlError::new("a stored object must be one statement"));
        };
        let object = match &statement.kind {
            Kind::CreateTable(create) => {
                let table = resolve::table(create, self, &Functions::flink())?;
                connectors.of(&table)?;
                Object::Table(Arc::new(table))
            }
            Kind::CreateView(view) => Object::View(Arc::new(ViewDef {
                name: view.name.value.clone(),
                columns: view.columns.iter().map(|c| c.value.clone()).collect(),
                ddl: ddl.to_owned(),
                query: view.query.clone(),
            })),
            _ => return Err(SqlError::new("a stored object must be a CREATE statement")),
        };
        self.write().insert(object.name().to_owned(), object);
        Ok(())
    }

    /// The error for a name that is not there.
    pub(crate) fn unknown(&self, name: &str) -> SqlError {
        let objects = self.read();
        let near = nearest(name, objects.keys().map(String::as_str));
        let error = SqlError::new(format!("there is no table or view `{name}`"));
        match (near, objects.is_empty()) {
            (Some(near), _) => error.suggest(Some(near)),
            (None, true) => error.hint("no table has been created yet"),
            (None, false) => error.hint("SHOW TABLES lists what is there"),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Object>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Object>> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }
}
