//! A bound plan made ready for streaming: types coerced, columns pruned, nothing more.
//!
//! Left out on purpose are the rules that know that an input ends: limits pushed down, joins and unions folded to
//! nothing, sorts moved, the time of the query put in for `CURRENT_TIMESTAMP`. Filters are not pushed down either: one on
//! a window's column must stay above its GROUP BY.

use std::sync::Arc;

use datafusion::{
    common::{DataFusionError, config::ConfigOptions},
    logical_expr::LogicalPlan,
    optimizer::{
        Optimizer, OptimizerContext, OptimizerRule, analyzer::Analyzer,
        optimize_projections::OptimizeProjections,
        replace_distinct_aggregate::ReplaceDistinctWithAggregate,
        simplify_expressions::SimplifyExpressions,
    },
};

use crate::{
    bind::{config, explain},
    error::SqlError,
    parse::Statement,
};

/// Prepares a plan.
pub(super) fn prepare(plan: &LogicalPlan, statement: &Statement) -> Result<LogicalPlan, SqlError> {
    optimized(plan.clone()).map_err(|error| explain(&error, Some(statement)))
}

fn optimized(plan: LogicalPlan) -> Result<LogicalPlan, DataFusionError> {
    let options: Arc<ConfigOptions> = Arc::new(config());
    let plan = Analyzer::new().execute_and_check(plan, &options, |_, _| {})?;
    let rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
        Arc::new(ReplaceDistinctWithAggregate::new()),
        Arc::new(SimplifyExpressions::new()),
        Arc::new(OptimizeProjections::new()),
    ];
    let context = OptimizerContext::new_with_config_options(options)
        .without_query_execution_start_time()
        .with_skip_failing_rules(false);
    Optimizer::with_rules(rules).optimize(plan, &context, |_, _| {})
}
