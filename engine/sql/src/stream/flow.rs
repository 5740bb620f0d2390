//! Rows on their way through a graph that is being built: which vertex they leave, what is still to be done to them.
//!
//! * A plan's column is either a column of the rows or an end of a window that no operator has made yet ([`Slot`]).
//! * Filters and projections wait as steps and become one vertex when an exchange or a sink needs them done.

use std::sync::Arc;

use arrow::{
    array::{AsArray, BooleanArray, RecordBatch, RecordBatchOptions},
    datatypes::{Field, Schema, SchemaRef},
};
use datafusion::{
    common::{
        DFSchema,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::Expr,
    physical_expr::{PhysicalExpr, expressions::Column},
};
use pancake_dataflow::{ChangeBatch, OperatorError, RowKind, VertexId, ops::WindowKind};

use crate::{bind::explain, error::SqlError, scan};

/// Something done to each batch on its own.
pub(super) type Step = Arc<dyn Fn(ChangeBatch) -> Result<ChangeBatch, OperatorError> + Send + Sync>;

/// Where a plan's column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A column of the rows.
    Column(usize),
    /// An end of the window that the rows are assigned to.
    Window(WindowColumn),
}

/// The columns that a window function adds, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WindowColumn {
    Start,
    End,
    Time,
}

impl WindowColumn {
    pub(super) const ALL: [Self; 3] = [Self::Start, Self::End, Self::Time];
}

/// A window function whose GROUP BY has not come yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned {
    pub(super) kind: WindowKind,
    pub(super) offset_ms: i64,
    /// The column of the rows with the event time.
    pub(super) rowtime: usize,
}

/// Rows that leave a vertex.
pub(super) struct Flow {
    pub(super) vertex: VertexId,
    pub(super) parallelism: usize,
    pub(super) steps: Vec<Step>,
    /// What the steps are called.
    pub(super) names: Vec<&'static str>,
    /// Columns of the rows after the steps.
    pub(super) schema: SchemaRef,
    /// Where each column of the plan is.
    pub(super) slots: Vec<Slot>,
    pub(super) window: Option<Assigned>,
    /// Whether rows are taken back.
    pub(super) updates: bool,
}

impl Flow {
    /// An expression of the plan over the rows.
    pub(super) fn expr(
        &self,
        expr: &Expr,
        plan: &DFSchema,
    ) -> Result<Arc<dyn PhysicalExpr>, SqlError> {
        let made = scan::physical(expr.clone(), plan)?;
        let slots = &self.slots;
        let mut window = false;
        let placed = made.transform_down(|node| {
            let Some(column) = node.downcast_ref::<Column>() else {
                return Ok(Transformed::no(node));
            };
            if let Some(Slot::Column(index)) = slots.get(column.index()) {
                let placed = Column::new(column.name(), *index);
                return Ok(Transformed::yes(Arc::new(placed) as Arc<dyn PhysicalExpr>));
            }
            window = true;
            Ok(Transformed::no(node))
        });
        let placed = placed.map_err(|error| explain(&error, None))?.data;
        if window {
            return Err(SqlError::new(format!(
                "`{expr}` computes with a column of a window before GROUP BY has made the window"
            ))
            .hint("name window_start and window_end in GROUP BY, and compute with them in an outer SELECT"));
        }
        Ok(placed)
    }

    /// Keeps rows for which a predicate is true.
    pub(super) fn filter(&mut self, predicate: Arc<dyn PhysicalExpr>) {
        self.names.push("filter");
        self.steps.push(Arc::new(move |batch| {
            let value = evaluate(&predicate, batch.rows())?;
            let mask: BooleanArray = match value.as_boolean_opt() {
                Some(mask) => mask.clone(),
                None => BooleanArray::from(vec![false; batch.num_rows()]),
            };
            Ok(batch.filter(&mask)?)
        }));
    }

    /// Puts expressions in place of the rows' columns. Slots are the caller's to set.
    pub(super) fn project(&mut self, exprs: Vec<Arc<dyn PhysicalExpr>>, schema: SchemaRef) {
        self.names.push("project");
        self.schema = Arc::clone(&schema);
        self.steps.push(Arc::new(move |batch| {
            let rows = batch.num_rows();
            let columns = exprs.iter().map(|expr| evaluate(expr, batch.rows()));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
            Ok(batch.with_rows(rows)?)
        }));
    }

    /// The plan's columns as the rows' columns, in the plan's order, under another schema of the same types.
    pub(super) fn select_all(&mut self, schema: &SchemaRef) -> Result<(), SqlError> {
        let mut exprs: Vec<Arc<dyn PhysicalExpr>> = vec![];
        for (slot, field) in self.slots.iter().zip(schema.fields()) {
            let Slot::Column(index) = slot else { return Err(unmade_window()) };
            exprs.push(Arc::new(Column::new(field.name(), *index)));
        }
        self.slots = (0..exprs.len()).map(Slot::Column).collect();
        self.project(exprs, Arc::clone(schema));
        Ok(())
    }

    /// Leaves out the old values of updates: what an upserting sink does not want.
    pub(super) fn drop_update_before(&mut self) {
        self.names.push("upsert");
        self.steps.push(Arc::new(|batch| {
            let keep = batch.kinds().map(|kind| Some(kind != RowKind::UpdateBefore));
            let keep: BooleanArray = keep.collect();
            Ok(batch.filter(&keep)?)
        }));
    }
}

pub(super) fn unmade_window() -> SqlError {
    SqlError::new("the windows of this query are never closed by a GROUP BY")
        .hint("GROUP BY window_start, window_end")
}

fn evaluate(
    expr: &Arc<dyn PhysicalExpr>,
    rows: &RecordBatch,
) -> Result<arrow::array::ArrayRef, OperatorError> {
    let value = expr.evaluate(rows).and_then(|value| value.into_array(rows.num_rows()));
    value.map_err(|source| OperatorError::Evaluate {
        expression: expr.to_string(),
        source: Box::new(explain(&source, None)),
    })
}

/// A schema of fields, all of which may be NULL: what is computed is not promised to be there.
pub(super) fn schema_of(fields: Vec<Field>) -> SchemaRef {
    let nullable = fields.into_iter().map(|field| field.with_nullable(true));
    Arc::new(Schema::new(nullable.collect::<Vec<_>>()))
}
