//! The operators that jobs are made of.
//!
//! * They know columns by index and never a query; what they emit is described by their spec's `output_schema`.

mod accumulator;
mod aggregate;
mod calc;
mod group;
mod groups;
mod keys;
mod numbers;
mod union;
mod watermark;
mod window;

pub use aggregate::{AggregateCall, AggregateFunction};
pub use calc::Calc;
pub use group::{GroupAggregate, GroupAggregateSpec};
pub use union::Union;
pub use watermark::WatermarkAssigner;
pub use window::{WindowAggregate, WindowAggregateSpec, WindowKind};

#[cfg(test)]
mod tests;
