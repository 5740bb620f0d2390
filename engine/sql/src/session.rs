//! One user's conversation: options, and statements carried out one after the other.
//!
//! * A session starts no job: a statement that runs on comes back as [`Outcome::Job`] or [`Outcome::StreamRows`].
//! * Bounded statements (SELECT in batch mode, INSERT … VALUES) run at once on the [`Executor`]'s threads.
//! * What a statement changes in the catalog comes back with it, to be written down.
//!
//! Start reading at [`Session::execute`].

mod describe;
mod insert;
mod options;

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{Query, SetExpr};

use crate::{
    bind::{self, Functions},
    bounded::{Executor, Rows},
    catalog::{Catalog, CatalogEvent, Object, ViewDef, resolve_table},
    connector::Connectors,
    error::SqlError,
    parse::{
        self, Statement,
        ast::{CreateTable, CreateView, Drop, Insert, Kind, ident_position},
    },
    stream::{self, JobPlan, StreamRows},
};
pub use options::{Mode, SessionOptions};

/// What a statement came to.
#[derive(Debug)]
pub enum Outcome {
    /// It is done; the sentence says what was done.
    Done(String),
    /// The catalog changed; the event is to be written down.
    Changed {
        /// What to write down.
        event: CatalogEvent,
        /// What was done, as a sentence.
        message: String,
    },
    /// Rows were written into a table.
    Written {
        /// The table.
        table: String,
        /// How many rows.
        rows: u64,
    },
    /// Rows of a bounded query, or of SHOW, DESCRIBE and EXPLAIN.
    Rows(Rows),
    /// A job to be run.
    Job(JobPlan),
    /// A job to be run, whose rows come to the reader.
    StreamRows(StreamRows),
}

/// One user's conversation with the engine.
#[derive(Debug)]
pub struct Session {
    catalog: Arc<Catalog>,
    connectors: Arc<Connectors>,
    executor: Arc<Executor>,
    functions: Arc<Functions>,
    /// The options that SET changes.
    pub options: SessionOptions,
}

impl Session {
    /// A session with the default options.
    pub fn new(
        catalog: Arc<Catalog>,
        connectors: Arc<Connectors>,
        executor: Arc<Executor>,
    ) -> Self {
        let options = SessionOptions::default();
        Self { catalog, connectors, executor, functions: Functions::flink(), options }
    }

    /// The catalog that the session works on.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Parses a text to statements; if one of them does not parse, none is carried out.
    pub fn plan(&self, text: &str) -> Result<Vec<Statement>, SqlError> {
        parse::script(text)
    }

    /// Carries out a statement. Blocks while rows are written; rows that are read come as they are asked for.
    pub fn execute(&mut self, statement: &Statement) -> Result<Outcome, SqlError> {
        match &statement.kind {
            Kind::CreateTable(create) => self.create_table(create),
            Kind::CreateView(view) => self.create_view(view, statement),
            Kind::Drop(drop) => self.drop_object(drop),
            Kind::Show(show) => {
                describe::show(show, &self.catalog, &self.functions).map(Outcome::Rows)
            }
            Kind::Describe(name) => {
                describe::describe(name, statement, &self.catalog, &self.functions)
                    .map(Outcome::Rows)
            }
            Kind::Set(None) => Ok(Outcome::Rows(describe::options(&self.options)?)),
            Kind::Set(Some((name, value))) => {
                let at = statement.at;
                self.options.set(name, value).map_err(|error| error.at(Some(at)))?;
                Ok(Outcome::Done(format!("`{name}` is now `{value}`")))
            }
            Kind::Reset(name) => self.reset(name.as_deref(), statement),
            Kind::Insert(insert) => self.insert(insert, statement),
            Kind::Query(query) => self.query(query, statement),
            Kind::Explain(inner) => self.explain(inner, statement).map(Outcome::Rows),
        }
    }

    fn create_table(&mut self, create: &CreateTable) -> Result<Outcome, SqlError> {
        let name = &create.name.value;
        if create.if_not_exists && self.catalog.get(name).is_some() {
            return Ok(Outcome::Done(format!("`{name}` exists already")));
        }
        let table = resolve_table(create, &self.catalog, &self.functions)?;
        let at_option = |error: crate::connector::ConnectorError| {
            let text = error.to_string();
            let named = create.options.iter().find(|o| text.contains(&format!("`{}`", o.name)));
            let at = named.map(|option| option.at).or_else(|| ident_position(&create.name));
            SqlError::from(error).at(at)
        };
        let connector = self.connectors.of(&table).map_err(at_option)?;
        connector.validate(&table).map_err(at_option)?;
        let event = self
            .catalog
            .create(Object::Table(Arc::new(table)))
            .map_err(|error| error.at(ident_position(&create.name)))?;
        Ok(Outcome::Changed { event, message: format!("table `{name}` created") })
    }

    fn create_view(
        &mut self,
        view: &CreateView,
        statement: &Statement,
    ) -> Result<Outcome, SqlError> {
        let name = view.name.value.clone();
        if view.if_not_exists && self.catalog.get(&name).is_some() {
            return Ok(Outcome::Done(format!("`{name}` exists already")));
        }
        let plan = bind::query(&view.query, statement, &self.catalog, &self.functions)?;
        let made = plan.schema().fields().len();
        if !view.columns.is_empty() && view.columns.len() != made {
            let listed = view.columns.len();
            let text = format!("view `{name}` names {listed} columns, and its query makes {made}");
            return Err(SqlError::new(text).at(ident_position(&view.name)));
        }
        let event = self
            .catalog
            .create(Object::View(Arc::new(ViewDef {
                name: name.clone(),
                columns: view.columns.iter().map(|c| c.value.clone()).collect(),
                ddl: statement.text.clone(),
                query: view.query.clone(),
            })))
            .map_err(|error| error.at(ident_position(&view.name)))?;
        Ok(Outcome::Changed { event, message: format!("view `{name}` created") })
    }

    fn drop_object(&mut self, drop: &Drop) -> Result<Outcome, SqlError> {
        let name = &drop.name.value;
        let at = ident_position(&drop.name);
        match (self.catalog.get(name), drop.view) {
            (None, _) if drop.if_exists => {
                return Ok(Outcome::Done(format!("there is no `{name}`")));
            }
            (Some(Object::Table(_)), true) => {
                let error = SqlError::new(format!("`{name}` is a table"));
                return Err(error.at(at).hint(format!("DROP TABLE {name}")));
            }
            (Some(Object::View(_)), false) => {
                let error = SqlError::new(format!("`{name}` is a view"));
                return Err(error.at(at).hint(format!("DROP VIEW {name}")));
            }
            _ => {}
        }
        let event = self.catalog.remove(name).map_err(|error| error.at(at))?;
        Ok(Outcome::Changed { event, message: format!("`{name}` dropped") })
    }

    fn reset(&mut self, name: Option<&str>, statement: &Statement) -> Result<Outcome, SqlError> {
        let Some(name) = name else {
            self.options = SessionOptions::default();
            return Ok(Outcome::Done("all options have their defaults".to_owned()));
        };
        self.options.reset(name).map_err(|error| error.at(Some(statement.at)))?;
        Ok(Outcome::Done(format!("`{name}` has its default")))
    }

    fn query(&mut self, query: &Query, statement: &Statement) -> Result<Outcome, SqlError> {
        let plan = bind::query(query, statement, &self.catalog, &self.functions)?;
        if self.options.mode() == Mode::Batch || !stream::reads_tables(&plan) {
            return self.executor.run(&plan, statement, &self.connectors).map(Outcome::Rows);
        }
        let context = stream::Context::new(&self.options, &self.connectors, statement);
        stream::select(&plan, &context).map(Outcome::StreamRows)
    }

    /// Runs a query to its end over what the tables hold now, whatever the mode: what checks ask.
    pub fn query_bounded(&self, statement: &Statement) -> Result<Rows, SqlError> {
        let Kind::Query(query) = &statement.kind else {
            return Err(SqlError::new("this is no query").at(Some(statement.at)));
        };
        let plan = bind::query(query, statement, &self.catalog, &self.functions)?;
        self.executor.run(&plan, statement, &self.connectors)
    }

    fn insert(&mut self, insert: &Insert, statement: &Statement) -> Result<Outcome, SqlError> {
        let target = insert::Target::find(insert, statement, &self.catalog)?;
        let query = bind::query(&insert.query, statement, &self.catalog, &self.functions)?;
        let plan = target.project(query, statement)?;
        let is_values = matches!(insert.query.body.as_ref(), SetExpr::Values(_));
        if is_values || self.options.mode() == Mode::Batch || !stream::reads_tables(&plan) {
            let rows = self.executor.run(&plan, statement, &self.connectors)?;
            let written = insert::write(rows, &target.table, &self.connectors)?;
            return Ok(Outcome::Written { table: target.table.name.clone(), rows: written });
        }
        let context = stream::Context::new(&self.options, &self.connectors, statement);
        stream::insert(&plan, &target.table, &context).map(Outcome::Job)
    }

    fn explain(&mut self, inner: &Kind, statement: &Statement) -> Result<Rows, SqlError> {
        let query = match inner {
            Kind::Query(query) => query,
            Kind::Insert(insert) => &insert.query,
            _ => return Err(SqlError::new("only queries and inserts have a plan")),
        };
        let plan = bind::query(query, statement, &self.catalog, &self.functions)?;
        let mut text = format!("== Plan ==\n{}", self.executor.explain(&plan, statement)?);
        if self.options.mode() == Mode::Streaming && stream::reads_tables(&plan) {
            let context = stream::Context::new(&self.options, &self.connectors, statement);
            let graph = match inner {
                Kind::Insert(insert) => {
                    let target = insert::Target::find(insert, statement, &self.catalog)?;
                    let plan = target.project(plan, statement)?;
                    stream::insert(&plan, &target.table, &context)?.graph
                }
                _ => stream::select(&plan, &context)?.job.graph,
            };
            text.push_str("\n\n== Job ==\n");
            text.push_str(&describe::graph(&graph));
        }
        describe::plan(&text)
    }
}
