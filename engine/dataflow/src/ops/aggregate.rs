//! What is computed per group, with Flink's types and rules.
//!
//! * COUNT is BIGINT; SUM, MIN and MAX keep the type of their column (SUM of DECIMAL(p, s) is DECIMAL(38, s)); AVG keeps
//!   it too, truncating integers toward zero (AVG of DECIMAL(p, s) is DECIMAL(38, max(s, 6)), rounded half up).
//! * Integers wrap on overflow as Flink's do; a decimal beyond 38 digits is NULL.
//! * Nulls are skipped; over no values COUNT is 0 and everything else NULL.

use arrow::datatypes::{DataType, Field, Schema};

use crate::OperatorError;

/// What an aggregate computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    /// `COUNT(*)`: rows. Takes no column.
    CountStar,
    /// `COUNT(x)`: values that are not null.
    Count,
    /// `SUM(x)`.
    Sum,
    /// `MIN(x)`.
    Min,
    /// `MAX(x)`.
    Max,
    /// `AVG(x)`.
    Avg,
}

impl AggregateFunction {
    /// The name in SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CountStar | Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
        }
    }
}

/// One aggregate of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateCall {
    /// What it computes.
    pub function: AggregateFunction,
    /// Index of the column it takes; none for `COUNT(*)`.
    pub column: Option<usize>,
    /// Whether each value counts once (`COUNT(DISTINCT x)`, also SUM and AVG).
    pub distinct: bool,
    /// Index of a Boolean column; only rows where it is true are taken (`FILTER (WHERE …)`).
    pub filter: Option<usize>,
    /// Name of the output column.
    pub name: String,
}

impl AggregateCall {
    /// Type of the result, or the error that says that the function does not take the column.
    pub fn output_type(&self, input: &Schema) -> Result<DataType, OperatorError> {
        use AggregateFunction::{Avg, Count, CountStar, Max, Min, Sum};
        if matches!(self.function, CountStar | Count) {
            return Ok(DataType::Int64);
        }
        let index = self.column.unwrap_or(usize::MAX);
        let Some(field) = input.fields().get(index) else {
            return Err(self.refuse(index, "a column", "absent".to_owned()));
        };
        match (self.function, field.data_type()) {
            (Min | Max, data_type) => Ok(data_type.clone()),
            (Sum, DataType::Decimal128(_, scale)) => Ok(DataType::Decimal128(38, *scale)),
            (Avg, DataType::Decimal128(_, scale)) => Ok(DataType::Decimal128(38, 6.max(*scale))),
            (_, data_type) if data_type.is_integer() || data_type.is_floating() => {
                Ok(data_type.clone())
            }
            (_, found) => Err(self.refuse(index, "a number", found.to_string())),
        }
    }

    /// The output column.
    pub fn output_field(&self, input: &Schema) -> Result<Field, OperatorError> {
        let is_count =
            matches!(self.function, AggregateFunction::CountStar | AggregateFunction::Count);
        Ok(Field::new(&self.name, self.output_type(input)?, !is_count))
    }

    fn refuse(&self, index: usize, expected: &'static str, found: String) -> OperatorError {
        tracing::debug!(function = self.function.name(), index, "aggregate refuses its column");
        OperatorError::Column { index, expected, found }
    }
}
