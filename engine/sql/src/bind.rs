//! Names to what they mean: a parsed query to a typed logical plan, with Flink's types.
//!
//! * `DataFusion`'s planner does the work; what differs in Flink comes in by its hooks: tables and views from the catalog,
//!   window functions, types, arithmetic.
//! * A plan is bound once and then used twice: by the bounded executor and by the streaming planner.
//! * Names are case-sensitive, functions' names are not.

mod arithmetic;
mod context;
mod explain;
mod functions;
mod rewrite;
mod types;
mod window;

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::{
    common::DFSchema,
    config::ConfigOptions,
    logical_expr::{Expr, ExprSchemable, LogicalPlan},
    sql::{
        planner::{ParserOptions, PlannerContext, SqlToRel},
        sqlparser::ast,
    },
};

pub(crate) use context::TableRef;
pub(crate) use explain::explain;
pub(crate) use functions::Functions;
pub(crate) use window::{WindowAssign, window_ends};

use crate::{catalog::Catalog, error::SqlError, parse::Statement};
use context::Binder;

/// How deep views may read views.
const VIEW_DEPTH_MAX: usize = 16;

/// Binds a query of a statement.
pub(crate) fn query(
    query: &ast::Query,
    statement: &Statement,
    catalog: &Catalog,
    functions: &Arc<Functions>,
) -> Result<LogicalPlan, SqlError> {
    let binder = Binder::new(catalog, Arc::clone(functions));
    binder.query(query).map_err(|error| explain(&error, Some(statement)))
}

/// Binds an expression over columns, coerced and ready to be evaluated.
pub(crate) fn expression(
    expr: &ast::Expr,
    schema: &Schema,
    functions: &Arc<Functions>,
) -> Result<(Expr, DFSchema), SqlError> {
    let catalog = Catalog::new();
    let binder = Binder::new(&catalog, Arc::clone(functions));
    let bound = DFSchema::try_from(schema.clone()).and_then(|schema| {
        let mut expr = expr.clone();
        rewrite::expression(&mut expr);
        let planner = SqlToRel::new_with_options(&binder, options());
        let bound = planner.sql_to_expr(expr, &schema, &mut PlannerContext::new())?;
        Ok((bound, schema))
    });
    bound.map_err(|error| explain(&error, None))
}

/// The type of an expression over columns.
pub(crate) fn expression_type(
    expr: &ast::Expr,
    schema: &Schema,
    functions: &Arc<Functions>,
) -> Result<DataType, SqlError> {
    let (bound, schema) = expression(expr, schema, functions)?;
    bound.get_type(&schema).map_err(|error| explain(&error, None))
}

fn options() -> ParserOptions {
    ParserOptions::new()
        .with_parse_float_as_decimal(true)
        .with_enable_ident_normalization(false)
        .with_map_string_types_to_utf8view(false)
        .with_collect_spans(true)
}

/// The settings under which plans are bound, optimised and run.
pub(crate) fn config() -> ConfigOptions {
    let mut config = ConfigOptions::new();
    config.sql_parser.enable_ident_normalization = false;
    config.sql_parser.parse_float_as_decimal = true;
    config.sql_parser.map_string_types_to_utf8view = false;
    config.sql_parser.collect_spans = true;
    config.execution.time_zone = Some("UTC".into());
    config.optimizer.expand_views_at_output = false;
    config
}
