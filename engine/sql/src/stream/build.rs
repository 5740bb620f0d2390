//! Node by node, a plan becomes vertices.

use std::{collections::HashMap, sync::Arc};

use arrow::datatypes::Field;
use datafusion::{
    logical_expr::{Extension, Filter, LogicalPlan, Projection, TableScan, Union as UnionPlan},
    physical_expr::{PhysicalExpr, expressions::Column},
};
use pancake_dataflow::{
    Exchange, JobGraph, Operator, OperatorId, RowTransform, SourceVertex, SubtaskContext, Vertex,
    VertexId, VertexKind, WatermarkStrategy,
    ops::{Calc, Union},
};

use super::{
    Context,
    flow::{Assigned, Flow, Slot, Step, WindowColumn, schema_of, unmade_window},
};
use crate::{
    bind::{TableRef, WindowAssign},
    error::SqlError,
    expand,
    scan::Reader,
};

/// A graph that is being built.
pub(super) struct Build<'a> {
    pub(super) context: &'a Context<'a>,
    graph: JobGraph,
    /// How often each id was taken.
    ids: HashMap<OperatorId, usize>,
}

impl<'a> Build<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, graph: JobGraph::new(""), ids: HashMap::new() }
    }

    pub(super) fn into_graph(self) -> JobGraph {
        self.graph
    }

    /// Adds what a plan needs and says what leaves it.
    pub(super) fn compile(&mut self, plan: &LogicalPlan) -> Result<Flow, SqlError> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan),
            LogicalPlan::SubqueryAlias(alias) => self.compile(&alias.input),
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::Extension(Extension { node }) => {
                match node.as_any().downcast_ref::<WindowAssign>() {
                    Some(window) => self.window(window),
                    None => Err(self.refuse(node.name())),
                }
            }
            other => Err(self.refuse(what(other))),
        }
    }

    fn refuse(&self, what: &str) -> SqlError {
        SqlError::new(format!("{what} cannot run on a stream yet"))
            .at(Some(self.context.statement.at()))
            .hint("SET 'execution.runtime-mode' = 'batch' runs it over what the tables hold now")
    }

    fn scan(&mut self, scan: &TableScan) -> Result<Flow, SqlError> {
        let Some(table) = scan.source.downcast_ref::<TableRef>().map(|t| Arc::clone(&t.table))
        else {
            return Err(self.refuse("this table"));
        };
        let all = || (0..table.columns.len()).collect::<Vec<_>>();
        let wanted = scan.projection.clone().unwrap_or_else(all);
        let mut columns = wanted.clone();
        let mark = table.watermark.as_ref().and_then(|mark| {
            let column = table.columns.iter().position(|c| c.name == mark.column)?;
            let place = columns.iter().position(|c| *c == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            });
            Some((place, mark.delay_ms))
        });
        let reader = Reader::new(&table, &columns, self.context.connectors)?;
        let parallelism = self.context.options.parallelism().min(reader.source.splits().max(1));
        let watermark = mark.map(|(rowtime, delay_ms)| WatermarkStrategy {
            rowtime,
            delay_ms,
            idle_timeout: idle_timeout(&table).or_else(|| self.context.options.idle_timeout()),
        });
        let schema = Arc::clone(&reader.schema);
        let kind = VertexKind::Source(source(reader, watermark));
        let vertex =
            self.add(vertex(format!("source:{}", table.name), &table.name, parallelism, kind));
        Ok(Flow {
            vertex,
            parallelism,
            steps: vec![],
            names: vec![],
            schema,
            slots: (0..wanted.len()).map(Slot::Column).collect(),
            window: None,
            updates: false,
        })
    }

    fn projection(&mut self, projection: &Projection) -> Result<Flow, SqlError> {
        let mut flow = self.compile(&projection.input)?;
        let input = projection.input.schema();
        let place = |expr: &datafusion::logical_expr::Expr| {
            let column = bare(expr)?;
            let index = input.index_of_column(column).ok()?;
            flow.slots.get(index).copied()
        };
        let places: Vec<Option<Slot>> = projection.expr.iter().map(place).collect();
        if let Some(slots) = places.iter().copied().collect::<Option<Vec<_>>>() {
            flow.slots = slots;
            return Ok(flow);
        }
        let mut exprs: Vec<Arc<dyn PhysicalExpr>> = vec![];
        let mut fields: Vec<Field> = vec![];
        let mut slots = vec![];
        let made = projection.expr.iter().zip(projection.schema.fields()).zip(places);
        for ((expr, field), place) in made {
            if let Some(window @ Slot::Window(_)) = place {
                slots.push(window);
                continue;
            }
            slots.push(Slot::Column(exprs.len()));
            exprs.push(flow.expr(expr, input)?);
            fields.push(field.as_ref().clone());
        }
        if let Some(window) = &mut flow.window {
            let rowtime = flow.schema.fields().get(window.rowtime).cloned();
            let Some(rowtime) = rowtime else { return Err(unmade_window()) };
            exprs.push(Arc::new(Column::new(rowtime.name(), window.rowtime)));
            fields.push(rowtime.as_ref().clone());
            window.rowtime = exprs.len() - 1;
        }
        flow.project(exprs, schema_of(fields));
        flow.slots = slots;
        Ok(flow)
    }

    fn filter(&mut self, filter: &Filter) -> Result<Flow, SqlError> {
        let mut flow = self.compile(&filter.input)?;
        let predicate = flow.expr(&filter.predicate, filter.input.schema())?;
        flow.filter(predicate);
        Ok(flow)
    }

    fn window(&mut self, window: &WindowAssign) -> Result<Flow, SqlError> {
        let mut flow = self.compile(&window.input)?;
        if flow.window.is_some() || flow.updates {
            return Err(self.refuse("a window over windows that are still open"));
        }
        let index = window.input.schema().index_of_column(&window.rowtime);
        let slot = index.ok().and_then(|index| flow.slots.get(index).copied());
        let Some(Slot::Column(rowtime)) = slot else {
            return Err(self.refuse("a window over another window's column"));
        };
        flow.window = Some(Assigned { kind: window.kind, offset_ms: window.offset_ms, rowtime });
        flow.slots.extend(WindowColumn::ALL.map(Slot::Window));
        Ok(flow)
    }

    /// Makes the window columns columns of the rows, each row once per window, when no GROUP BY does it.
    pub(super) fn expand(flow: &mut Flow) {
        let Some(window) = flow.window.take() else { return };
        let (step, schema) =
            expand::windows(window.kind, window.offset_ms, window.rowtime, &flow.schema);
        let first = flow.schema.fields().len();
        flow.names.push("windows");
        flow.steps.push(step);
        flow.schema = schema;
        for slot in &mut flow.slots {
            if let Slot::Window(column) = slot {
                *slot = Slot::Column(first + *column as usize);
            }
        }
    }

    fn union(&mut self, union: &UnionPlan) -> Result<Flow, SqlError> {
        let schema = Arc::clone(union.schema.inner());
        let mut flows = vec![];
        for input in &union.inputs {
            let mut flow = self.compile(input)?;
            Self::expand(&mut flow);
            flow.select_all(&schema)?;
            self.flush(&mut flow);
            flows.push(flow);
        }
        let parallelism = flows.iter().map(|flow| flow.parallelism).max().unwrap_or(1);
        let factory = Arc::new(|_: SubtaskContext| Ok(Box::new(Union) as Box<dyn Operator>));
        let vertex = self.add(vertex("union", "Union", parallelism, VertexKind::Operator(factory)));
        let updates = flows.iter().any(|flow| flow.updates);
        for (input, flow) in flows.iter().enumerate() {
            let exchange = match flow.parallelism == parallelism {
                true => Exchange::Forward,
                false if updates => Exchange::Hash((0..schema.fields().len()).collect()),
                false => Exchange::Rebalance,
            };
            self.graph.connect_input(flow.vertex, vertex, input, exchange);
        }
        Ok(Flow {
            vertex,
            parallelism,
            steps: vec![],
            names: vec![],
            slots: (0..schema.fields().len()).map(Slot::Column).collect(),
            schema,
            window: None,
            updates,
        })
    }

    /// Adds a vertex behind a flow.
    pub(super) fn then(&mut self, flow: &mut Flow, exchange: Exchange, vertex: Vertex) {
        self.flush(flow);
        flow.parallelism = vertex.parallelism;
        let vertex = self.add(vertex);
        self.graph.connect(flow.vertex, vertex, exchange);
        flow.vertex = vertex;
    }

    /// Makes a vertex of the steps that wait.
    fn flush(&mut self, flow: &mut Flow) {
        if flow.steps.is_empty() {
            return;
        }
        let steps: Vec<Step> = std::mem::take(&mut flow.steps);
        let name = format!("Calc({})", std::mem::take(&mut flow.names).join(", "));
        let factory = Arc::new(move |_: SubtaskContext| {
            let steps = steps.clone();
            let calc =
                Calc::new(move |batch| steps.iter().try_fold(batch, |batch, step| step(batch)));
            Ok(Box::new(calc) as Box<dyn Operator>)
        });
        let vertex =
            self.add(vertex("calc", name, flow.parallelism, VertexKind::Operator(factory)));
        self.graph.connect(flow.vertex, vertex, Exchange::Forward);
        flow.vertex = vertex;
    }

    /// Adds a vertex; an id that is taken already gets a number.
    fn add(&mut self, mut vertex: Vertex) -> VertexId {
        let taken = self.ids.entry(vertex.id.clone()).or_insert(0);
        *taken += 1;
        if *taken > 1 {
            vertex.id = OperatorId::new(format!("{}#{taken}", vertex.id));
        }
        self.graph.add(vertex)
    }
}

/// A vertex, from the name of its state, its name for people and what it does.
pub(super) fn vertex(
    id: impl Into<Arc<str>>,
    name: impl Into<String>,
    parallelism: usize,
    kind: VertexKind,
) -> Vertex {
    Vertex { id: OperatorId::new(id), name: name.into(), parallelism, kind }
}

/// The column that an expression is, under whatever name.
pub(super) fn bare(expr: &datafusion::logical_expr::Expr) -> Option<&datafusion::common::Column> {
    match expr {
        datafusion::logical_expr::Expr::Column(column) => Some(column),
        datafusion::logical_expr::Expr::Alias(alias) => bare(&alias.expr),
        _ => None,
    }
}

fn idle_timeout(table: &crate::connector::TableDef) -> Option<std::time::Duration> {
    table.options.duration("scan.watermark.idle-timeout").ok().flatten()
}

fn source(reader: Reader, watermark: Option<WatermarkStrategy>) -> SourceVertex {
    let prepare = reader.compute.clone().map(|compute| {
        let factory = move |_: SubtaskContext| {
            let compute = compute.clone();
            let transform: RowTransform = Box::new(move |batch| {
                let rows = compute.apply(batch.rows()).map_err(|error| {
                    pancake_dataflow::OperatorError::Evaluate {
                        expression: "computed columns".to_owned(),
                        source: Box::new(crate::bind::explain(&error, None)),
                    }
                })?;
                Ok(batch.with_rows(rows)?)
            });
            Ok(transform)
        };
        Arc::new(factory) as pancake_dataflow::RowTransformFactory
    });
    let factory = move |subtask: SubtaskContext| {
        let request = crate::connector::StreamRequest {
            projection: Some(reader.source_columns.clone()),
            parallelism: subtask.parallelism,
            subtask: subtask.subtask,
        };
        reader.source.stream(&request).map_err(Into::into)
    };
    SourceVertex { factory: Arc::new(factory), prepare, watermark }
}

/// What a node is to the one who wrote the SQL.
fn what(plan: &LogicalPlan) -> &'static str {
    match plan {
        LogicalPlan::Sort(_) => "ORDER BY over an endless input",
        LogicalPlan::Limit(_) => "LIMIT over an endless input",
        LogicalPlan::Join(_) => "a join",
        LogicalPlan::Window(_) => "an OVER window",
        LogicalPlan::Subquery(_) => "a subquery in an expression",
        LogicalPlan::Unnest(_) => "UNNEST",
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => "a list of values beside a table",
        LogicalPlan::Repartition(_) => "a repartition",
        LogicalPlan::RecursiveQuery(_) => "a recursive query",
        _ => "this step",
    }
}
