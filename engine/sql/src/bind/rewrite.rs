//! What is changed in a parsed query before it is bound, because `DataFusion` would read it otherwise.
//!
//! * Whole numbers are INT if they fit, numbers with an exponent DOUBLE, `TIMESTAMP '…'` has milliseconds.
//! * A selected expression without a name is called `EXPR$n`, as in Flink.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Function,
        FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, SelectItem,
        SetExpr, TimezoneInfo, TypedString, UnaryOperator, Value, VisitMut, VisitorMut,
        helpers::attached_token::AttachedToken,
    },
    tokenizer::Span,
};

use crate::parse::call;

/// Rewrites a query in place.
pub(super) fn query(query: &mut Query) {
    let _flow: ControlFlow<()> = query.visit(&mut Flink);
}

/// Rewrites an expression in place.
pub(super) fn expression(expr: &mut Expr) {
    let _flow: ControlFlow<()> = expr.visit(&mut Flink);
}

struct Flink;

impl VisitorMut for Flink {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        name_items(&mut query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(rewritten) = rewritten(expr) {
            *expr = rewritten;
        }
        ControlFlow::Continue(())
    }
}

/// Names what has no name, in each branch of a UNION.
fn name_items(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            for (i, item) in select.projection.iter_mut().enumerate() {
                name_item(item, i);
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            name_items(left);
            name_items(right);
        }
        _ => {}
    }
}

fn name_item(item: &mut SelectItem, index: usize) {
    let SelectItem::UnnamedExpr(expr) = item else { return };
    let alias = match expr {
        Expr::Identifier(_) => return,
        Expr::CompoundIdentifier(parts) if parts.len() <= 2 => return,
        Expr::CompoundIdentifier(parts) => match parts.last() {
            Some(last) => last.clone(),
            None => return,
        },
        _ => Ident::with_quote('`', format!("EXPR${index}")),
    };
    *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
}

fn rewritten(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => number(text, expr),
            _ => None,
        },
        Expr::TypedString(typed) => timestamp(typed),
        Expr::Cast { kind: CastKind::Cast, expr, data_type, .. } => conversion(expr, data_type),
        Expr::Function(function) => called(function),
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(unit) } => {
            round_to("floor", expr, unit)
        }
        Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(unit) } => {
            round_to("ceil", expr, unit)
        }
        _ => None,
    }
}

/// CAST where Flink's differs from the planner's.
fn conversion(expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let name = match data_type {
        // Nothing differs where a literal is only given its type.
        DataType::String(_) | DataType::Varchar(None) if is_text(expr) => return None,
        DataType::Int(_) | DataType::BigInt(_) if is_whole(expr) => return None,
        DataType::String(_) | DataType::Varchar(None) => "__to_text",
        DataType::TinyInt(_) => "__to_tinyint",
        DataType::SmallInt(_) => "__to_smallint",
        DataType::Int(_) | DataType::Integer(_) => "__to_int",
        DataType::BigInt(_) => "__to_bigint",
        // What does not fit is NULL, but a text that is no number stays an error.
        DataType::Decimal(_) | DataType::Numeric(_) if !is_text(expr) && !is_whole(expr) => {
            return Some(Expr::Cast {
                kind: CastKind::TryCast,
                expr: Box::new(expr.clone()),
                data_type: data_type.clone(),
                array: false,
                format: None,
            });
        }
        _ => return None,
    };
    Some(call(name, vec![expr.clone()]))
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(v) if matches!(v.value, Value::SingleQuotedString(_) | Value::Null))
}

/// Whether an expression is a whole number that was written so and has its type already, or NULL.
fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::Cast { expr, data_type: DataType::Int(None), .. }
        | Expr::UnaryOp { op: UnaryOperator::Minus, expr } => is_whole(expr),
        Expr::Value(value) => match &value.value {
            Value::Null => true,
            Value::Number(text, _) => text.parse::<i32>().is_ok(),
            _ => false,
        },
        _ => false,
    }
}

/// Functions that are other expressions under a name.
fn called(function: &Function) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let args = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let args = args.collect::<Option<Vec<Expr>>>()?;
    match (function.name.to_string().to_uppercase().as_str(), args.as_slice()) {
        ("IF", [condition, yes, no]) => Some(case(condition.clone(), yes.clone(), no.clone())),
        // NULL if any is, where the planner's functions skip what is NULL.
        ("GREATEST" | "LEAST", [first, rest @ ..]) => {
            let is_null = |expr: &Expr| Expr::IsNull(Box::new(expr.clone()));
            let any = rest.iter().fold(is_null(first), |any, expr| Expr::BinaryOp {
                left: Box::new(any),
                op: BinaryOperator::Or,
                right: Box::new(is_null(expr)),
            });
            let null = Expr::Value(Value::Null.into());
            Some(case(any, null, Expr::Function(function.clone())))
        }
        ("CARDINALITY" | "ARRAY_POSITION", _) => {
            Some(cast(Expr::Function(function.clone()), DataType::Int(None)))
        }
        ("LISTAGG", _) => {
            let mut function = function.clone();
            function.name = ObjectName::from(vec![Ident::new("string_agg")]);
            if let (FunctionArguments::List(list), [_]) = (&mut function.args, args.as_slice()) {
                let comma = Expr::Value(Value::SingleQuotedString(",".to_owned()).into());
                list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(comma)));
            }
            Some(Expr::Function(function))
        }
        _ => None,
    }
}

fn case(condition: Expr, yes: Expr, no: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: yes }],
        else_result: Some(Box::new(no)),
    }
}

fn number(text: &str, literal: &Expr) -> Option<Expr> {
    if text.contains(['e', 'E']) {
        let text = Expr::Value(Value::SingleQuotedString(text.to_owned()).into());
        return Some(cast(
            text,
            DataType::Double(datafusion::sql::sqlparser::ast::ExactNumberInfo::None),
        ));
    }
    let fits = text.parse::<i32>().is_ok();
    fits.then(|| cast(literal.clone(), DataType::Int(None)))
}

fn timestamp(typed: &TypedString) -> Option<Expr> {
    let DataType::Timestamp(None, zone) = &typed.data_type else { return None };
    let Value::SingleQuotedString(text) = &typed.value.value else { return None };
    let fraction = text.rsplit_once('.').map_or(0, |(_, fraction)| fraction.trim().len());
    let precision = match fraction {
        0..=3 => 3,
        4..=6 => 6,
        _ => 9,
    };
    let zone = if *zone == TimezoneInfo::None { TimezoneInfo::None } else { *zone };
    let data_type = DataType::Timestamp(Some(precision), zone);
    let value = Expr::Value(typed.value.clone());
    Some(cast(value, data_type))
}

fn round_to(direction: &str, expr: &Expr, unit: &DateTimeField) -> Option<Expr> {
    if *unit == DateTimeField::NoDateTime {
        return None;
    }
    let unit = Expr::Value(Value::SingleQuotedString(unit.to_string()).with_span(Span::empty()));
    Some(call(&format!("__{direction}_to"), vec![expr.clone(), unit]))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}
