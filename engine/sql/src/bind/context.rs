//! What `DataFusion`'s planner asks while it binds: tables, views, functions, types.

use std::{borrow::Cow, sync::Arc};

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::{
    common::{DataFusionError, Result, TableReference},
    config::ConfigOptions,
    logical_expr::{
        AggregateUDF, HigherOrderUDF, LogicalPlan, LogicalPlanBuilder, ScalarUDF, TableSource,
        WindowUDF,
        planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner},
    },
    sql::{planner::SqlToRel, sqlparser::ast},
};

use super::{Functions, VIEW_DEPTH_MAX, config, options, rewrite, types::FlinkTypes};
use crate::{
    catalog::{Catalog, Object, ViewDef},
    connector::TableDef,
    error::SqlError,
};

/// Binds queries over one catalog.
pub(super) struct Binder<'a> {
    catalog: &'a Catalog,
    functions: Arc<Functions>,
    config: ConfigOptions,
    relations: Vec<Arc<dyn RelationPlanner>>,
    depth: usize,
}

impl<'a> Binder<'a> {
    pub(super) fn new(catalog: &'a Catalog, functions: Arc<Functions>) -> Self {
        let relations: Vec<Arc<dyn RelationPlanner>> = vec![Arc::new(super::window::WindowTables)];
        Self { catalog, functions, config: config(), relations, depth: 0 }
    }

    pub(super) fn query(&self, query: &ast::Query) -> Result<LogicalPlan> {
        let mut query = query.clone();
        rewrite::query(&mut query);
        let statement = ast::Statement::Query(Box::new(query));
        SqlToRel::new_with_options(self, options()).sql_statement_to_plan(statement)
    }

    fn view(&self, view: &ViewDef) -> Result<Arc<dyn TableSource>> {
        if self.depth >= VIEW_DEPTH_MAX {
            let error = SqlError::new(format!("view `{}` reads itself", view.name));
            return Err(DataFusionError::External(Box::new(error)));
        }
        let binder = Binder {
            depth: self.depth + 1,
            ..Binder::new(self.catalog, Arc::clone(&self.functions))
        };
        let mut plan = binder.query(&view.query)?;
        if !view.columns.is_empty() {
            plan = renamed(plan, view)?;
        }
        let schema = Arc::clone(plan.schema().inner());
        Ok(Arc::new(ViewRef { plan, schema }))
    }
}

fn renamed(plan: LogicalPlan, view: &ViewDef) -> Result<LogicalPlan> {
    let columns = plan.schema().columns();
    if columns.len() != view.columns.len() {
        let (name, listed, made) = (&view.name, view.columns.len(), columns.len());
        let text = format!("view `{name}` names {listed} columns, and its query makes {made}");
        return Err(DataFusionError::External(Box::new(SqlError::new(text))));
    }
    let renamed = columns.into_iter().zip(&view.columns);
    let exprs =
        renamed.map(|(column, name)| datafusion::logical_expr::Expr::Column(column).alias(name));
    LogicalPlanBuilder::from(plan).project(exprs.collect::<Vec<_>>())?.build()
}

/// A table in a logical plan; who runs the plan finds the definition in it.
#[derive(Debug)]
pub(crate) struct TableRef {
    pub(crate) table: Arc<TableDef>,
    schema: SchemaRef,
}

impl TableSource for TableRef {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

#[derive(Debug)]
struct ViewRef {
    plan: LogicalPlan,
    schema: SchemaRef,
}

impl TableSource for ViewRef {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.plan))
    }
}

impl ContextProvider for Binder<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let foreign = name.catalog().is_some_and(|c| c != "default_catalog")
            || name.schema().is_some_and(|s| s != "default_database");
        let object = if foreign { None } else { self.catalog.get(name.table()) };
        match object {
            Some(Object::Table(table)) => {
                let schema = table.schema();
                Ok(Arc::new(TableRef { table, schema }))
            }
            Some(Object::View(view)) => self.view(&view),
            None => {
                let error = self.catalog.unknown(&name.to_string());
                Err(DataFusionError::External(Box::new(error)))
            }
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &self.functions.planners
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        &self.relations
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(FlinkTypes))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.functions.scalar.get(&name.to_lowercase()).cloned()
    }

    fn get_higher_order_meta(&self, _name: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.functions.aggregate.get(&name.to_lowercase()).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.functions.window.get(&name.to_lowercase()).cloned()
    }

    fn get_variable_type(&self, _names: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &self.config
    }

    fn udf_names(&self) -> Vec<String> {
        self.functions.scalar.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        vec![]
    }

    fn udaf_names(&self) -> Vec<String> {
        self.functions.aggregate.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.functions.window.keys().cloned().collect()
    }
}
