//! INSERT: columns of a query to columns of a table, and rows of a bounded query into a sink.
//!
//! * Columns go by position, or by the list after the table's name; what is not listed is NULL.
//! * A value goes into a column without a CAST only where nothing is lost, as in Flink.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    datatypes::{Field, SchemaRef},
};
use datafusion::{
    common::ScalarValue,
    logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder},
    sql::sqlparser::ast::Ident,
};
use pancake_dataflow::{ChangeBatch, CheckpointId, Sink, SinkError};

use crate::{
    bind::explain,
    bounded::Rows,
    catalog::{Catalog, Object, unknown_column},
    connector::{Connectors, TableDef},
    error::SqlError,
    parse::{
        Statement,
        ast::{Insert, ident_position},
        types::sql_type,
    },
    scan::is_assignable,
};

/// Where rows go.
pub(super) struct Target {
    pub(super) table: Arc<TableDef>,
    /// Place in the query of each column of the sink; none for NULL.
    sources: Vec<Option<usize>>,
    schema: SchemaRef,
}

impl Target {
    pub(super) fn find(
        insert: &Insert,
        statement: &Statement,
        catalog: &Catalog,
    ) -> Result<Self, SqlError> {
        let name = &insert.table.value;
        let at = ident_position(&insert.table).or(Some(statement.at));
        let table = match catalog.get(name) {
            Some(Object::Table(table)) => table,
            Some(Object::View(_)) => {
                return Err(
                    SqlError::new(format!("`{name}` is a view; rows go into tables")).at(at)
                );
            }
            None => return Err(catalog.unknown(name).at(at)),
        };
        let schema = table.sink_schema();
        let sources = if insert.columns.is_empty() {
            (0..schema.fields().len()).map(Some).collect()
        } else {
            listed(&insert.columns, &table, &schema)?
        };
        Ok(Self { table, sources, schema })
    }

    /// The query with the sink's columns, in their order, with their types.
    pub(super) fn project(
        &self,
        query: LogicalPlan,
        statement: &Statement,
    ) -> Result<LogicalPlan, SqlError> {
        let given = query.schema().columns();
        let wanted = self.sources.iter().flatten().count();
        if given.len() != wanted {
            let (table, count) = (&self.table.name, given.len());
            let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(SqlError::new(format!(
                "the query gives {count} columns, and `{table}` takes {wanted}"
            ))
            .at(Some(statement.at))
            .hint(format!("its columns are {}", names.join(", "))));
        }
        let mut exprs = vec![];
        for (field, source) in self.schema.fields().iter().zip(&self.sources) {
            let value = match source.and_then(|index| given.get(index)) {
                Some(column) => Expr::Column(column.clone()),
                None if field.is_nullable() => Expr::Literal(ScalarValue::Null, None),
                None => return Err(self.lacks(field).at(Some(statement.at))),
            };
            let from = value.get_type(query.schema()).map_err(|e| explain(&e, Some(statement)))?;
            if !is_assignable(&from, field.data_type()) {
                return Err(self.mismatch(field, &sql_type(&from)).at(Some(statement.at)));
            }
            let cast = datafusion::logical_expr::cast(value, field.data_type().clone());
            exprs.push(cast.alias(field.name()));
        }
        LogicalPlanBuilder::from(query)
            .project(exprs)
            .and_then(LogicalPlanBuilder::build)
            .map_err(|error| explain(&error, Some(statement)))
    }

    fn lacks(&self, field: &Field) -> SqlError {
        SqlError::new(format!(
            "`{}` of `{}` is NOT NULL and gets no value",
            field.name(),
            self.table.name
        ))
    }

    fn mismatch(&self, field: &Field, found: &str) -> SqlError {
        let (name, wanted) = (field.name(), sql_type(field.data_type()));
        let table = &self.table.name;
        SqlError::new(format!(
            "column `{name}` of `{table}` is {wanted}, and the query gives {found} there"
        ))
        .hint(format!("CAST(… AS {wanted})"))
    }
}

fn listed(
    columns: &[Ident],
    table: &TableDef,
    schema: &SchemaRef,
) -> Result<Vec<Option<usize>>, SqlError> {
    for column in columns {
        if schema.index_of(&column.value).is_err() {
            return Err(unknown_column(&column.value, table).at(ident_position(column)));
        }
    }
    let place = |field: &Arc<Field>| columns.iter().position(|c| c.value == *field.name());
    Ok(schema.fields().iter().map(place).collect())
}

/// Writes the rows of a query into a table and says how many there were.
pub(super) fn write(
    rows: Rows,
    table: &TableDef,
    connectors: &Connectors,
) -> Result<u64, SqlError> {
    let sink = connectors.of(table)?.sink(table)?;
    let schema = table.sink_schema();
    let mut writer = sink.open(0, 1)?;
    let mut written = 0;
    for batch in rows {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        written += batch.num_rows() as u64;
        let batch = RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
            .map_err(|error| SqlError::new(format!("rows do not fit `{}`: {error}", table.name)))?;
        writer.write(&ChangeBatch::insertions(batch)).map_err(|error| failed(&error))?;
    }
    finish(writer.as_mut()).map_err(|error| failed(&error))?;
    Ok(written)
}

fn finish(writer: &mut dyn Sink) -> Result<(), SinkError> {
    let last = CheckpointId::new(1);
    writer.prepare(last)?;
    writer.commit(last)
}

/// A sink's error with all its causes.
fn failed(error: &SinkError) -> SqlError {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    SqlError::new(text)
}
