//! Our nodes of a plan to `DataFusion`'s: tables to streams of batches, windows to projections and unnesting.

use std::sync::Arc;

use arrow::{
    array::{
        Array, ArrayRef, AsArray, ListBuilder, TimestampMillisecondArray,
        TimestampMillisecondBuilder,
    },
    compute::cast as cast_array,
    datatypes::{DataType, Field, SchemaRef, TimeUnit, TimestampMillisecondType},
};
use datafusion::{
    catalog::streaming::StreamingTable,
    common::{Column, DataFusionError, Result, ScalarValue, tree_node::Transformed},
    datasource::provider_as_source,
    execution::TaskContext,
    logical_expr::{
        ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF,
        ScalarUDFImpl, Signature, TableScan, Volatility, cast,
    },
    physical_plan::{
        SendableRecordBatchStream, stream::RecordBatchReceiverStream, streaming::PartitionStream,
    },
};
use pancake_dataflow::ops::WindowKind;

use crate::{
    bind::{TableRef, WindowAssign, window_ends},
    connector::Connectors,
    scan::Reader,
};

/// Batches that a table's reader may be ahead.
const BATCHES_AHEAD_MAX: usize = 2;

/// Replaces every table and window of an optimised plan.
pub(super) fn lower(plan: LogicalPlan, connectors: &Connectors) -> Result<LogicalPlan> {
    let lowered = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::TableScan(scan) => match scan.source.downcast_ref::<TableRef>() {
            Some(table) => Ok(Transformed::yes(read(&scan, table, connectors)?)),
            None => Ok(Transformed::no(LogicalPlan::TableScan(scan))),
        },
        LogicalPlan::Extension(extension) => {
            match extension.node.as_any().downcast_ref::<WindowAssign>() {
                Some(window) => Ok(Transformed::yes(assign(window)?)),
                None => Ok(Transformed::no(LogicalPlan::Extension(extension))),
            }
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(lowered.data)
}

fn read(scan: &TableScan, table: &TableRef, connectors: &Connectors) -> Result<LogicalPlan> {
    let all = || (0..table.table.columns.len()).collect::<Vec<_>>();
    let columns = scan.projection.clone().unwrap_or_else(all);
    let reader = Reader::new(&table.table, &columns, connectors)
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    let schema = Arc::clone(&reader.schema);
    let partition = Arc::new(TableStream { reader, limit: scan.fetch });
    let streaming = StreamingTable::try_new(schema, vec![partition])?;
    let source = provider_as_source(Arc::new(streaming));
    let plan = LogicalPlanBuilder::scan(scan.table_name.clone(), source, None)?;
    match scan.fetch {
        Some(fetch) => plan.limit(0, Some(fetch))?.build(),
        None => plan.build(),
    }
}

/// A table as `DataFusion` reads it.
#[derive(Debug)]
struct TableStream {
    reader: Reader,
    limit: Option<usize>,
}

impl PartitionStream for TableStream {
    fn schema(&self) -> &SchemaRef {
        &self.reader.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.reader.schema);
        let mut stream = RecordBatchReceiverStream::builder(schema, BATCHES_AHEAD_MAX);
        let (reader, limit, sender) = (self.reader.clone(), self.limit, stream.tx());
        stream.spawn_blocking(move || {
            let failed = |error| DataFusionError::External(Box::new(error));
            let batches =
                reader.source.scan(Some(&reader.source_columns), limit).map_err(failed)?;
            for batch in batches {
                let batch = batch.map_err(failed)?;
                let batch = match &reader.compute {
                    Some(compute) => compute.apply(&batch)?,
                    None => batch,
                };
                if sender.blocking_send(Ok(batch)).is_err() {
                    break;
                }
            }
            Ok(())
        });
        stream.build()
    }
}

/// Each row once for each of its windows: ends are unnested, start and time follow from them.
fn assign(window: &WindowAssign) -> Result<LogicalPlan> {
    let input = window.input.clone();
    let columns = input.schema().columns();
    let rowtime = Expr::Column(window.rowtime.clone());
    let ends = ScalarUDF::from(WindowEnds::new(window.kind, window.offset_ms));
    let mut exprs: Vec<Expr> = columns.iter().cloned().map(Expr::Column).collect();
    exprs.push(ends.call(vec![rowtime.clone()]).alias(ENDS));
    let plan = LogicalPlanBuilder::from(input)
        .filter(rowtime.is_not_null())?
        .project(exprs)?
        .unnest_column(Column::from_name(ENDS))?
        .build()?;
    let end = Expr::Column(Column::from_name(ENDS));
    let start = ScalarUDF::from(WindowStart::new(window.kind, window.offset_ms));
    let one_ms = Expr::Literal(
        ScalarValue::IntervalMonthDayNano(Some(arrow::datatypes::IntervalMonthDayNano::new(
            0, 0, 1_000_000,
        ))),
        None,
    );
    let mut exprs: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
    let added: Vec<DataType> = window_types(window);
    let values = [start.call(vec![end.clone()]), end.clone(), end - one_ms];
    let names = ["window_start", "window_end", "window_time"];
    for ((value, data_type), name) in values.into_iter().zip(added).zip(names) {
        exprs.push(cast(value, data_type).alias(name));
    }
    LogicalPlanBuilder::from(plan).project(exprs)?.build()
}

const ENDS: &str = "__window_ends";

fn window_types(window: &WindowAssign) -> Vec<DataType> {
    use datafusion::logical_expr::UserDefinedLogicalNodeCore as _;
    let fields = window.schema().fields();
    fields.iter().skip(window.input_columns()).map(|f| f.data_type().clone()).collect()
}

const MILLIS: DataType = DataType::Timestamp(TimeUnit::Millisecond, None);

/// The ends of the windows of a time, as a list.
#[derive(Debug, PartialEq, Eq, Hash)]
struct WindowEnds {
    windows: Windows,
    signature: Signature,
}

/// The start of the window with an end.
#[derive(Debug, PartialEq, Eq, Hash)]
struct WindowStart {
    windows: Windows,
    signature: Signature,
}

/// A window kind that can be hashed.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Windows {
    kind: [i64; 4],
}

impl Windows {
    fn new(kind: WindowKind, offset_ms: i64) -> Self {
        let kind = match kind {
            WindowKind::Tumble { size_ms } => [0, size_ms, size_ms, offset_ms],
            WindowKind::Hop { size_ms, slide_ms } => [1, size_ms, slide_ms, offset_ms],
            WindowKind::Cumulate { step_ms, size_max_ms } => [2, size_max_ms, step_ms, offset_ms],
        };
        Self { kind }
    }

    fn ends(&self, time: i64) -> Vec<i64> {
        let [which, size_ms, step_ms, offset_ms] = self.kind;
        let kind = match which {
            0 => WindowKind::Tumble { size_ms },
            1 => WindowKind::Hop { size_ms, slide_ms: step_ms },
            _ => WindowKind::Cumulate { step_ms, size_max_ms: size_ms },
        };
        window_ends(kind, offset_ms, time)
    }

    fn start(&self, end: i64) -> i64 {
        let [which, size_ms, _, offset_ms] = self.kind;
        match which {
            0 | 1 => end - size_ms,
            _ => (end - 1) - (end - 1 - offset_ms).rem_euclid(size_ms),
        }
    }
}

impl WindowEnds {
    fn new(kind: WindowKind, offset_ms: i64) -> Self {
        let signature = Signature::any(1, Volatility::Immutable);
        Self { windows: Windows::new(kind, offset_ms), signature }
    }
}

impl WindowStart {
    fn new(kind: WindowKind, offset_ms: i64) -> Self {
        let signature = Signature::any(1, Volatility::Immutable);
        Self { windows: Windows::new(kind, offset_ms), signature }
    }
}

fn times(args: &ScalarFunctionArgs) -> Result<TimestampMillisecondArray> {
    let arrays = ColumnarValue::values_to_arrays(&args.args)?;
    let Some(times) = arrays.first() else {
        return Err(DataFusionError::Internal("a window needs a time".into()));
    };
    Ok(cast_array(times, &MILLIS)?.as_primitive::<TimestampMillisecondType>().clone())
}

impl ScalarUDFImpl for WindowEnds {
    fn name(&self) -> &'static str {
        ENDS
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(MILLIS, true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut lists = ListBuilder::new(TimestampMillisecondBuilder::new());
        for time in &times(&args)? {
            match time {
                Some(time) => {
                    lists.values().append_slice(&self.windows.ends(time));
                    lists.append(true);
                }
                None => lists.append(false),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(lists.finish())))
    }
}

impl ScalarUDFImpl for WindowStart {
    fn name(&self) -> &'static str {
        "__window_start"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(MILLIS)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ends = times(&args)?;
        let starts = ends.iter().map(|end| end.map(|end| self.windows.start(end)));
        let starts: ArrayRef = Arc::new(starts.collect::<TimestampMillisecondArray>());
        debug_assert_eq!(starts.len(), ends.len());
        Ok(ColumnarValue::Array(starts))
    }
}
