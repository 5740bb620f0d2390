//! The operators that jobs are made of.
//!
//! * They know columns by index and never a query; what they emit is described by their spec's `output_schema`.

mod aggregate;
mod calc;
mod window;

pub use aggregate::{AggregateCall, AggregateFunction};
pub use calc::Calc;
pub use window::{WindowAggregateSpec, WindowKind};
