//! The functions that SQL knows: Flink's own, and those of `DataFusion`'s that behave as Flink's do.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use datafusion::{
    execution::SessionStateDefaults,
    logical_expr::{AggregateUDF, ScalarUDF, WindowUDF, planner::ExprPlanner},
};

use super::arithmetic::FlinkArithmetic;
use crate::functions;

/// Functions by their names in small letters.
#[derive(Debug)]
pub(crate) struct Functions {
    pub(super) scalar: HashMap<String, Arc<ScalarUDF>>,
    pub(super) aggregate: HashMap<String, Arc<AggregateUDF>>,
    pub(super) window: HashMap<String, Arc<WindowUDF>>,
    pub(super) planners: Vec<Arc<dyn ExprPlanner>>,
}

impl Functions {
    /// The one set of functions; it is made once.
    pub(crate) fn flink() -> Arc<Self> {
        static FLINK: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(Functions::build()));
        Arc::clone(&FLINK)
    }

    fn build() -> Self {
        let mut built = Self {
            scalar: HashMap::new(),
            aggregate: HashMap::new(),
            window: HashMap::new(),
            planners: vec![],
        };
        for udf in SessionStateDefaults::default_scalar_functions() {
            built.add_scalar(&udf);
        }
        for udf in functions::scalar() {
            built.add_scalar(&Arc::new(udf));
        }
        let (extract, substring) = (built.scalar.get("__extract"), built.scalar.get("substring"));
        if let (Some(extract), Some(substring)) = (extract.cloned(), substring.cloned()) {
            built.planners.push(Arc::new(FlinkArithmetic { extract, substring }));
        }
        built.planners.extend(SessionStateDefaults::default_expr_planners());
        let aggregates = SessionStateDefaults::default_aggregate_functions();
        for udf in aggregates.into_iter().chain(functions::aggregate().into_iter().map(Arc::new)) {
            for name in names(udf.name(), udf.aliases()) {
                built.aggregate.insert(name, Arc::clone(&udf));
            }
        }
        for udf in SessionStateDefaults::default_window_functions() {
            for name in names(udf.name(), udf.aliases()) {
                built.window.insert(name, Arc::clone(&udf));
            }
        }
        built
    }

    fn add_scalar(&mut self, udf: &Arc<ScalarUDF>) {
        for name in names(udf.name(), udf.aliases()) {
            self.scalar.insert(name, Arc::clone(udf));
        }
    }

    /// Names of all functions, sorted.
    pub(crate) fn names(&self) -> Vec<&str> {
        let all = self.scalar.keys().chain(self.aggregate.keys());
        let mut names: Vec<&str> =
            all.map(String::as_str).filter(|name| !name.starts_with('_')).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn names(name: &str, aliases: &[String]) -> Vec<String> {
    std::iter::once(name).chain(aliases.iter().map(String::as_str)).map(str::to_lowercase).collect()
}
