//! Reading a table's columns, computed ones included, from what its connector yields.
//!
//! * The connector is asked for the columns that are needed and no others.
//! * The same reader stands under bounded queries and under streams, so a computed column is one thing in both.

use std::sync::{Arc, LazyLock};

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    datatypes::{DataType, Schema, SchemaRef},
    error::ArrowError,
};
use datafusion::{
    common::{DFSchema, DataFusionError},
    execution::{SessionState, SessionStateBuilder},
    logical_expr::{Expr, cast},
    physical_expr::{
        PhysicalExpr,
        utils::{collect_columns, reassign_expr_columns},
    },
    prelude::SessionConfig,
};

use crate::{
    bind::{self, Functions, explain},
    connector::{Column, ColumnKind, Connectors, TableDef, TableSource},
    error::SqlError,
    parse,
};

/// The state under which expressions are made; it runs nothing.
pub(crate) fn planning_state() -> &'static SessionState {
    static STATE: LazyLock<SessionState> = LazyLock::new(|| {
        SessionStateBuilder::new()
            .with_config(SessionConfig::from(bind::config()))
            .with_default_features()
            .build()
    });
    &STATE
}

/// An expression that can be evaluated over batches with the schema's columns.
pub(crate) fn physical(expr: Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>, SqlError> {
    planning_state().create_physical_expr(expr, schema).map_err(|error| explain(&error, None))
}

/// Some columns of a table, ready to be read.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) source: Arc<dyn TableSource>,
    /// Columns to ask the connector for.
    pub(crate) source_columns: Vec<usize>,
    /// What makes the table's columns of them; none when they are the same.
    pub(crate) compute: Option<Compute>,
    /// The columns that come out.
    pub(crate) schema: SchemaRef,
}

impl Reader {
    /// A reader of some columns of a table, by their place in [`TableDef::schema`].
    pub(crate) fn new(
        table: &TableDef,
        columns: &[usize],
        connectors: &Connectors,
    ) -> Result<Self, SqlError> {
        let source = connectors.of(table)?.source(table)?;
        let wanted: Vec<&Column> =
            columns.iter().filter_map(|index| table.columns.get(*index)).collect();
        let schema = Arc::new(Schema::new(wanted.iter().map(|c| c.field()).collect::<Vec<_>>()));
        let stored = source.schema();
        let is_computed = |c: &&Column| matches!(c.kind, ColumnKind::Computed { .. });
        if !wanted.is_empty() && !wanted.iter().any(is_computed) {
            let places = wanted.iter().map(|c| stored.index_of(&c.name));
            let source_columns =
                places.collect::<Result<_, _>>().map_err(|error| internal(&error))?;
            return Ok(Self { source, source_columns, compute: None, schema });
        }
        let exprs = wanted.iter().map(|column| evaluated(column, &stored));
        let exprs = exprs.collect::<Result<Vec<_>, _>>()?;
        let mut source_columns: Vec<usize> =
            exprs.iter().flat_map(collect_columns).map(|column| column.index()).collect();
        source_columns.sort_unstable();
        source_columns.dedup();
        if source_columns.is_empty() {
            source_columns.push(0);
        }
        let read = stored.project(&source_columns).map_err(|error| internal(&error))?;
        let exprs = exprs.into_iter().map(|expr| reassign_expr_columns(expr, &read));
        let exprs = exprs.collect::<Result<_, _>>().map_err(|error| explain(&error, None))?;
        let compute = Some(Compute { exprs, schema: Arc::clone(&schema) });
        Ok(Self { source, source_columns, compute, schema })
    }
}

fn internal(error: &ArrowError) -> SqlError {
    SqlError::new(error.to_string())
}

/// A column over what the connector stores.
fn evaluated(column: &Column, stored: &Schema) -> Result<Arc<dyn PhysicalExpr>, SqlError> {
    let ColumnKind::Computed { expr } = &column.kind else {
        let schema = DFSchema::try_from(stored.clone()).map_err(|error| explain(&error, None))?;
        return physical(Expr::Column(column.name.as_str().into()), &schema);
    };
    let (bound, schema) = bind::expression(&parse::expression(expr)?, stored, &Functions::flink())?;
    physical(cast(bound, column.data_type.clone()), &schema)
}

/// Expressions that make a batch of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Compute {
    pub(crate) exprs: Vec<Arc<dyn PhysicalExpr>>,
    pub(crate) schema: SchemaRef,
}

impl Compute {
    /// Evaluates all expressions.
    pub(crate) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let rows = batch.num_rows();
        let columns = self.exprs.iter().map(|expr| expr.evaluate(batch)?.into_array(rows));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}

/// Whether a value of one type goes into a column of another without a CAST, as in Flink: only where nothing is lost.
pub(crate) fn is_assignable(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    let rank = |t: &DataType| match t {
        T::Int8 => 1,
        T::Int16 => 2,
        T::Int32 => 3,
        T::Int64 => 4,
        T::Decimal128(..) => 5,
        T::Float32 => 6,
        T::Float64 => 7,
        _ => 0,
    };
    match (from, to) {
        // A literal is INT, and `INSERT … VALUES (1)` into SMALLINT should not need a CAST.
        (T::Null, _)
        | (T::Timestamp(..), T::Timestamp(..))
        | (T::Map(..), T::Map(..))
        | (T::Struct(_), T::Struct(_))
        | (T::Int32, T::Int8 | T::Int16) => true,
        (T::List(a), T::List(b)) => is_assignable(a.data_type(), b.data_type()),
        (a, b) if rank(a) > 0 && rank(b) > 0 => rank(a) <= rank(b),
        (a, b) => a == b,
    }
}
