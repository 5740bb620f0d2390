//! Types inside of queries (`CAST(x AS STRING)`) as Flink means them.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use datafusion::{
    common::{DataFusionError, Result},
    logical_expr::planner::TypePlanner,
    sql::sqlparser::ast::DataType,
};

use crate::{error::SqlError, parse::types::resolve};

/// Resolves types in expressions.
#[derive(Debug)]
pub(super) struct FlinkTypes;

impl TypePlanner for FlinkTypes {
    fn plan_type_field(&self, sql_type: &DataType) -> Result<Option<FieldRef>> {
        let Some((data_type, _)) = resolve(sql_type) else {
            let error = SqlError::new(format!("unknown type `{sql_type}`"));
            return Err(DataFusionError::External(Box::new(error)));
        };
        Ok(Some(Arc::new(Field::new("", data_type, true))))
    }
}
