//! Flink's functions where `DataFusion` has none, or one that answers otherwise.
//!
//! * What is here takes the place of a `DataFusion` function with the same name.
//! * Names that begin with two underscores are the binder's own.

mod aggregate;
mod convert;
mod number;
mod text;
mod time;
mod udf;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

/// The scalar functions.
pub(crate) fn scalar() -> Vec<ScalarUDF> {
    let all = number::all().into_iter().chain(text::all()).chain(time::all()).chain(convert::all());
    all.map(ScalarUDF::from).collect()
}

/// The aggregate functions.
pub(crate) fn aggregate() -> Vec<AggregateUDF> {
    vec![aggregate::sum(), aggregate::avg()]
}
