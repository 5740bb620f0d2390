//! GROUP BY on a stream: with a window, rows once per window and key; without, changes of every key.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use datafusion::{
    common::DFSchema,
    logical_expr::{
        Aggregate, Expr,
        expr::{AggregateFunction as Call, AggregateFunctionParams},
    },
    physical_expr::{
        PhysicalExpr,
        expressions::{CastExpr, Column},
    },
};
use pancake_dataflow::{
    Exchange, Operator, SubtaskContext, VertexKind,
    ops::{
        AggregateCall, AggregateFunction, GroupAggregate, GroupAggregateSpec, WindowAggregate,
        WindowAggregateSpec, WindowKind,
    },
};

use super::{
    build::{Build, bare, vertex},
    flow::{Assigned, Flow, Slot, WindowColumn, schema_of},
};
use crate::error::SqlError;

/// The rows that an aggregate reads: keys, then arguments, then the event time of a window.
struct Input {
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    fields: Vec<Field>,
    keys: usize,
    calls: Vec<AggregateCall>,
    /// Of each expression in GROUP BY: a key's place, or a window's column.
    groups: Vec<Slot>,
}

impl Build<'_> {
    pub(super) fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Flow, SqlError> {
        let mut flow = self.compile(&aggregate.input)?;
        let windows = window_columns(&flow, aggregate);
        let has = |column| windows.contains(&column);
        match (has(WindowColumn::Start), has(WindowColumn::End)) {
            (true, true) => {}
            (false, false) => Self::expand(&mut flow),
            (true, false) => return Err(self.half_a_window("window_end")),
            (false, true) => return Err(self.half_a_window("window_start")),
        }
        let input = self.input(&flow, aggregate)?;
        match flow.window.take() {
            Some(window) => self.windowed(flow, window, input, aggregate),
            None => self.grouped(flow, input),
        }
    }

    fn half_a_window(&self, missing: &str) -> SqlError {
        SqlError::new(format!("GROUP BY names one end of the window and lacks `{missing}`"))
            .at(self.context.statement.find_ignoring_case("GROUP"))
            .hint("a window has a start and an end: GROUP BY window_start, window_end, …")
    }

    fn input(&self, flow: &Flow, aggregate: &Aggregate) -> Result<Input, SqlError> {
        let schema = aggregate.input.schema();
        let mut input =
            Input { exprs: vec![], fields: vec![], keys: 0, calls: vec![], groups: vec![] };
        for (expr, field) in aggregate.group_expr.iter().zip(aggregate.schema.fields()) {
            if let Some(Slot::Window(column)) = slot_of(flow, expr, schema) {
                input.groups.push(Slot::Window(column));
                continue;
            }
            input.groups.push(Slot::Column(input.keys));
            input.push(flow, expr, schema, field.name())?;
            input.keys += 1;
        }
        let named = aggregate.schema.fields().iter().skip(aggregate.group_expr.len());
        for (expr, field) in aggregate.aggr_expr.iter().zip(named) {
            let call = self.call(flow, expr, schema, &mut input)?;
            input.calls.push(AggregateCall { name: field.name().clone(), ..call });
        }
        Ok(input)
    }

    fn call(
        &self,
        flow: &Flow,
        expr: &Expr,
        schema: &DFSchema,
        input: &mut Input,
    ) -> Result<AggregateCall, SqlError> {
        let Some(Call { func, params }) = called(expr) else {
            return Err(SqlError::new(format!("`{expr}` is no aggregate that runs on a stream")));
        };
        let AggregateFunctionParams { args, distinct, filter, .. } = params;
        let over_rows = matches!(args.as_slice(), [] | [Expr::Literal(_, _)]) && !distinct;
        let function = match func.name() {
            "count" if over_rows && !is_null(args.first()) => AggregateFunction::CountStar,
            "count" => AggregateFunction::Count,
            "sum" => AggregateFunction::Sum,
            "min" => AggregateFunction::Min,
            "max" => AggregateFunction::Max,
            "avg" => AggregateFunction::Avg,
            other => {
                let name = other.to_uppercase();
                return Err(SqlError::new(format!("{name} cannot run on a stream yet"))
                    .at(self.context.statement.find_ignoring_case(other))
                    .hint("COUNT, SUM, MIN, MAX and AVG can"));
            }
        };
        let column = match (function, args.as_slice()) {
            (AggregateFunction::CountStar, _) => None,
            (_, [arg]) => Some(input.push(flow, arg, schema, "argument")?),
            _ => {
                let name = func.name().to_uppercase();
                return Err(SqlError::new(format!("{name} takes one argument on a stream")));
            }
        };
        let filter = match filter {
            Some(filter) => Some(input.push(flow, filter, schema, "filter")?),
            None => None,
        };
        Ok(AggregateCall { function, column, distinct: *distinct, filter, name: String::new() })
    }

    fn windowed(
        &mut self,
        mut flow: Flow,
        window: Assigned,
        mut input: Input,
        aggregate: &Aggregate,
    ) -> Result<Flow, SqlError> {
        let rowtime = input.rowtime(&flow, window.rowtime);
        let keys: Vec<usize> = (0..input.keys).collect();
        flow.project(input.exprs, schema_of(input.fields));
        let spec = WindowAggregateSpec {
            input: Arc::clone(&flow.schema),
            rowtime,
            window: window.kind,
            offset_ms: window.offset_ms,
            keys: keys.clone(),
            aggregates: input.calls,
        };
        let output = spec.output_schema().map_err(|error| SqlError::new(error.to_string()))?;
        let name = format!("Window({})", window_name(window.kind));
        let id = format!("window:{}:{}", window_name(window.kind), names(&spec.aggregates));
        let aggregates = spec.aggregates.len();
        let factory = Arc::new(move |_: SubtaskContext| {
            Ok(Box::new(WindowAggregate::new(spec.clone())?) as Box<dyn Operator>)
        });
        self.exchange(&mut flow, &keys, (id, name), VertexKind::Operator(factory));
        flow.schema = output;
        let first = keys.len() + aggregates;
        let place = |slot: &Slot| match slot {
            Slot::Column(key) => *key,
            Slot::Window(column) => first + *column as usize,
        };
        let groups = input.groups.iter().map(place);
        let places: Vec<usize> = groups.chain(keys.len()..first).collect();
        retyped(&mut flow, &places, aggregate);
        Ok(flow)
    }

    fn grouped(&mut self, mut flow: Flow, input: Input) -> Result<Flow, SqlError> {
        let keys: Vec<usize> = (0..input.keys).collect();
        flow.project(input.exprs, schema_of(input.fields));
        let spec = GroupAggregateSpec {
            input: Arc::clone(&flow.schema),
            keys: keys.clone(),
            aggregates: input.calls,
            retracts: flow.updates,
        };
        let output = spec.output_schema().map_err(|error| SqlError::new(error.to_string()))?;
        let id = format!("group:{}", names(&spec.aggregates));
        let columns = output.fields().len();
        let factory = Arc::new(move |_: SubtaskContext| {
            Ok(Box::new(GroupAggregate::new(spec.clone())?) as Box<dyn Operator>)
        });
        let names = (id, "GroupAggregate".to_owned());
        self.exchange(&mut flow, &keys, names, VertexKind::Operator(factory));
        flow.schema = output;
        flow.slots = (0..columns).map(Slot::Column).collect();
        flow.updates = true;
        Ok(flow)
    }

    fn exchange(
        &mut self,
        flow: &mut Flow,
        keys: &[usize],
        (id, name): (String, String),
        kind: VertexKind,
    ) {
        let parallelism = if keys.is_empty() { 1 } else { self.context.options.parallelism() };
        self.then(flow, Exchange::Hash(keys.to_vec()), vertex(id, name, parallelism, kind));
    }
}

impl Input {
    fn push(
        &mut self,
        flow: &Flow,
        expr: &Expr,
        schema: &DFSchema,
        name: &str,
    ) -> Result<usize, SqlError> {
        let made = flow.expr(expr, schema)?;
        let data_type =
            made.data_type(&flow.schema).map_err(|error| crate::bind::explain(&error, None))?;
        self.exprs.push(made);
        self.fields.push(Field::new(name, data_type, true));
        Ok(self.exprs.len() - 1)
    }

    fn rowtime(&mut self, flow: &Flow, index: usize) -> usize {
        let field = flow.schema.fields().get(index);
        let data_type = field.map_or(DataType::Null, |field| field.data_type().clone());
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new("rowtime", index));
        let millis = DataType::Timestamp(TimeUnit::Millisecond, None);
        let column = if data_type == millis { column } else { cast(column, &millis) };
        self.exprs.push(column);
        self.fields.push(Field::new("rowtime", millis, true));
        self.exprs.len() - 1
    }
}

fn cast(expr: Arc<dyn PhysicalExpr>, data_type: &DataType) -> Arc<dyn PhysicalExpr> {
    Arc::new(CastExpr::new(expr, data_type.clone(), None))
}

/// Puts the operator's columns in the plan's order, with the plan's types where they differ (windows of `TIMESTAMP_LTZ`).
fn retyped(flow: &mut Flow, places: &[usize], aggregate: &Aggregate) {
    let differs = places.iter().zip(aggregate.schema.fields()).any(|(place, field)| {
        flow.schema.fields().get(*place).is_some_and(|made| made.data_type() != field.data_type())
    });
    if !differs {
        flow.slots = places.iter().copied().map(Slot::Column).collect();
        return;
    }
    let exprs = places
        .iter()
        .zip(aggregate.schema.fields())
        .map(|(place, field)| cast(Arc::new(Column::new(field.name(), *place)), field.data_type()));
    let exprs = exprs.collect();
    let fields = aggregate.schema.fields().iter().map(|field| field.as_ref().clone()).collect();
    flow.project(exprs, schema_of(fields));
    flow.slots = (0..places.len()).map(Slot::Column).collect();
}

fn slot_of(flow: &Flow, expr: &Expr, schema: &DFSchema) -> Option<Slot> {
    let index = schema.index_of_column(bare(expr)?).ok()?;
    flow.slots.get(index).copied()
}

fn window_columns(flow: &Flow, aggregate: &Aggregate) -> Vec<WindowColumn> {
    let schema = aggregate.input.schema();
    let slots = aggregate.group_expr.iter().filter_map(|expr| slot_of(flow, expr, schema));
    slots
        .filter_map(|slot| match slot {
            Slot::Window(column) => Some(column),
            Slot::Column(_) => None,
        })
        .collect()
}

fn called(expr: &Expr) -> Option<&Call> {
    match expr {
        Expr::AggregateFunction(call) => Some(call),
        Expr::Alias(alias) => called(&alias.expr),
        _ => None,
    }
}

fn is_null(arg: Option<&Expr>) -> bool {
    matches!(arg, Some(Expr::Literal(value, _)) if value.is_null())
}

fn window_name(kind: WindowKind) -> String {
    let seconds = |ms: i64| format!("{} s", ms as f64 / 1_000.0);
    match kind {
        WindowKind::Tumble { size_ms } => format!("TUMBLE {}", seconds(size_ms)),
        WindowKind::Hop { size_ms, slide_ms } => {
            format!("HOP {} / {}", seconds(slide_ms), seconds(size_ms))
        }
        WindowKind::Cumulate { step_ms, size_max_ms } => {
            format!("CUMULATE {} / {}", seconds(step_ms), seconds(size_max_ms))
        }
    }
}

fn names(calls: &[AggregateCall]) -> String {
    calls.iter().map(|call| call.function.name()).collect::<Vec<_>>().join(",")
}
