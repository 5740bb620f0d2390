//! Flink's arithmetic where `DataFusion`'s gives another type: decimals, and decimals with whole numbers.
//!
//! * INT is DECIMAL(10, 0) beside a decimal, BIGINT DECIMAL(19, 0).
//! * A quotient has scale max(6, s1 + p2 + 1); what needs more than 38 digits gives up scale, but keeps 6 if it had them.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::{
    common::{DFSchema, Result},
    logical_expr::{
        Expr, ExprSchemable, Operator, ScalarUDF, binary_expr, cast,
        planner::{ExprPlanner, PlannerResult, RawBinaryExpr},
        try_cast,
    },
    sql::sqlparser::ast::BinaryOperator,
};

/// Largest precision of a decimal.
const PRECISION_MAX: i32 = 38;
/// Scale that a result keeps when it must give up digits.
const SCALE_KEPT: i32 = 6;

/// Plans `+ - * / %` on decimals, and the two functions with a grammar of their own.
#[derive(Debug)]
pub(super) struct FlinkArithmetic {
    /// `EXTRACT(unit FROM time)`.
    pub(super) extract: Arc<ScalarUDF>,
    /// `SUBSTRING(text FROM start FOR count)`.
    pub(super) substring: Arc<ScalarUDF>,
}

impl ExprPlanner for FlinkArithmetic {
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.extract.call(args)))
    }

    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        Ok(PlannerResult::Planned(self.substring.call(args)))
    }

    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let op = match expr.op {
            BinaryOperator::Plus => Operator::Plus,
            BinaryOperator::Minus => Operator::Minus,
            BinaryOperator::Multiply => Operator::Multiply,
            BinaryOperator::Divide => Operator::Divide,
            BinaryOperator::Modulo => Operator::Modulo,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let types = (expr.left.get_type(schema), expr.right.get_type(schema));
        let (Ok(left_type), Ok(right_type)) = types else {
            return Ok(PlannerResult::Original(expr));
        };
        let is_decimal = |t: &DataType| matches!(t, DataType::Decimal128(..));
        if !is_decimal(&left_type) && !is_decimal(&right_type) {
            return Ok(PlannerResult::Original(expr));
        }
        let (Some(left), Some(right)) = (digits(&left_type), digits(&right_type)) else {
            return Ok(PlannerResult::Original(expr));
        };
        let left = (cast(expr.left, left.data_type()), left);
        let right = (cast(expr.right, right.data_type()), right);
        Ok(PlannerResult::Planned(decimal(op, left, right)))
    }
}

/// Digits of a decimal: in all, and after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Digits {
    precision: i32,
    scale: i32,
}

impl Digits {
    /// Fits the digits into 38, giving up scale first.
    fn fitted(precision: i32, scale: i32) -> Self {
        if precision <= PRECISION_MAX {
            return Self { precision, scale };
        }
        let kept = scale.min(SCALE_KEPT);
        let scale = (PRECISION_MAX - (precision - scale)).max(kept);
        Self { precision: PRECISION_MAX, scale }
    }

    fn data_type(self) -> DataType {
        DataType::Decimal128(self.precision as u8, self.scale as i8)
    }
}

fn digits(data_type: &DataType) -> Option<Digits> {
    let whole = |precision| Digits { precision, scale: 0 };
    Some(match data_type {
        DataType::Int8 => whole(3),
        DataType::Int16 => whole(5),
        DataType::Int32 => whole(10),
        DataType::Int64 => whole(19),
        DataType::Decimal128(p, s) => Digits { precision: i32::from(*p), scale: i32::from(*s) },
        _ => return None,
    })
}

fn result(op: Operator, l: Digits, r: Digits) -> Digits {
    let whole = (l.precision - l.scale).max(r.precision - r.scale);
    let scale = l.scale.max(r.scale);
    match op {
        Operator::Multiply => Digits::fitted(l.precision + r.precision + 1, l.scale + r.scale),
        Operator::Divide => {
            let scale = SCALE_KEPT.max(l.scale + r.precision + 1);
            Digits::fitted(l.precision - l.scale + r.scale + scale, scale)
        }
        Operator::Modulo => {
            let whole = (l.precision - l.scale).min(r.precision - r.scale);
            Digits::fitted(whole + scale, scale)
        }
        _ => Digits::fitted(whole + scale + 1, scale),
    }
}

fn decimal(op: Operator, (left, l): (Expr, Digits), (right, r): (Expr, Digits)) -> Expr {
    let target = result(op, l, r);
    let (left, right) = match op {
        // Arrow's quotient has the dividend's scale plus four: one digit more than asked for, to be rounded away.
        Operator::Divide => {
            let scale = (target.scale + 1 - 4).max(l.scale);
            (cast(left, DataType::Decimal128(38, scale as i8)), right)
        }
        // Arrow's product adds the scales and refuses more than 38 digits after the point.
        Operator::Multiply if l.scale + r.scale > PRECISION_MAX => {
            let half = Digits { precision: PRECISION_MAX, scale: target.scale / 2 };
            (cast(left, half.data_type()), cast(right, half.data_type()))
        }
        _ => (left, right),
    };
    try_cast(binary_expr(left, op, right), target.data_type())
}
