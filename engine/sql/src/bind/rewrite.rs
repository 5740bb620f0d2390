//! What is changed in a parsed query before it is bound, because DataFusion would read it otherwise.
//!
//! * Whole numbers are INT if they fit, numbers with an exponent DOUBLE, `TIMESTAMP '…'` has milliseconds.
//! * A selected expression without a name is called `EXPR$n`, as in Flink.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        CastKind, CeilFloorKind, DataType, DateTimeField, Expr, Ident, Query, SelectItem, SetExpr,
        TimezoneInfo, TypedString, Value, VisitMut, VisitorMut,
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
        Expr::Floor { expr, field: CeilFloorKind::DateTimeField(unit) } => {
            round_to("floor", expr, unit)
        }
        Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(unit) } => {
            round_to("ceil", expr, unit)
        }
        _ => None,
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
