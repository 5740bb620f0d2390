//! `TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL …))` and its kin, as one node of the logical plan.
//!
//! * The node adds `window_start`, `window_end` and `window_time` to the rows of its input; a row can be in several
//!   windows. Who runs the plan decides how: `DataFusion` by unnesting, a stream by its window operator.
//! * Predicates on the window columns stay above the node.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use arrow::datatypes::{DataType, Field};
use datafusion::{
    common::{Column, DFSchema, DFSchemaRef, DataFusionError, ExprSchema, Result, TableReference},
    logical_expr::{
        Expr, Extension, LogicalPlan, UserDefinedLogicalNodeCore,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::sqlparser::ast::{
        self, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, TableFactor,
    },
};
use pancake_dataflow::ops::WindowKind;

use super::context::TableRef;
use crate::{catalog::interval_ms, error::SqlError, parse::TABLE_ARGUMENT};

/// Names of the columns that a window function adds.
pub(crate) const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// Rows with the windows that they belong to.
#[derive(Clone, Debug)]
pub(crate) struct WindowAssign {
    pub(crate) input: LogicalPlan,
    pub(crate) rowtime: Column,
    pub(crate) kind: WindowKind,
    pub(crate) offset_ms: i64,
    schema: DFSchemaRef,
}

impl WindowAssign {
    fn new(input: LogicalPlan, rowtime: Column, kind: WindowKind, offset_ms: i64) -> Result<Self> {
        let time = input.schema().field_from_column(&rowtime)?.data_type().clone();
        let mut fields: Vec<(Option<TableReference>, Arc<Field>)> = input
            .schema()
            .iter()
            .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
            .collect();
        for name in WINDOW_COLUMNS {
            fields.push((None, Arc::new(Field::new(name, time.clone(), true))));
        }
        let schema = DFSchema::new_with_metadata(fields, HashMap::new())?;
        Ok(Self { input, rowtime, kind, offset_ms, schema: Arc::new(schema) })
    }

    /// How many columns come from the input; the window columns follow.
    pub(crate) fn input_columns(&self) -> usize {
        self.input.schema().fields().len()
    }
}

/// The ends of the windows that a time belongs to, ascending.
pub(crate) fn window_ends(kind: WindowKind, offset_ms: i64, time: i64) -> Vec<i64> {
    let floor = |step: i64| time - (time - offset_ms).rem_euclid(step);
    match kind {
        WindowKind::Tumble { size_ms } => vec![floor(size_ms).saturating_add(size_ms)],
        WindowKind::Hop { size_ms, slide_ms } => {
            let last = floor(slide_ms);
            let count = size_ms / slide_ms;
            let first = last.saturating_sub(slide_ms.saturating_mul(count - 1));
            (0..count).map(|i| first + i * slide_ms + size_ms).collect()
        }
        WindowKind::Cumulate { step_ms, size_max_ms } => {
            let start = floor(size_max_ms);
            let first = floor_from(start, time, step_ms).saturating_add(step_ms);
            let last = start.saturating_add(size_max_ms);
            (0..size_max_ms / step_ms)
                .map(|i| first + i * step_ms)
                .take_while(|end| *end <= last)
                .collect()
        }
    }
}

fn floor_from(start: i64, time: i64, step: i64) -> i64 {
    time - (time - start).rem_euclid(step)
}

impl PartialEq for WindowAssign {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.rowtime == other.rowtime
            && self.kind == other.kind
            && self.offset_ms == other.offset_ms
    }
}

impl Eq for WindowAssign {}

impl PartialOrd for WindowAssign {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}

impl std::hash::Hash for WindowAssign {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.rowtime.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for WindowAssign {
    fn name(&self) -> &'static str {
        "WindowAssign"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![Expr::Column(self.rowtime.clone())]
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        WINDOW_COLUMNS.iter().map(|name| (*name).to_owned()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowAssign: {:?} on {}", self.kind, self.rowtime)
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (Some(Expr::Column(rowtime)), Some(input)) =
            (exprs.into_iter().next(), inputs.into_iter().next())
        else {
            return Err(DataFusionError::Internal("a window needs its rowtime column".into()));
        };
        Self::new(input, rowtime, self.kind, self.offset_ms)
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let count = self.input_columns();
        let rowtime = self.input.schema().index_of_column(&self.rowtime).ok()?;
        let mut needed: Vec<usize> =
            output_columns.iter().copied().filter(|i| *i < count).chain([rowtime]).collect();
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }
}

/// Plans window functions in FROM.
#[derive(Debug)]
pub(super) struct WindowTables;

impl RelationPlanner for WindowTables {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (call, alias) = match &relation {
            TableFactor::TableFunction { expr: ast::Expr::Function(f), alias } => {
                let FunctionArguments::List(list) = &f.args else {
                    return Ok(RelationPlanning::Original(Box::new(relation)));
                };
                (Call { name: f.name.to_string(), args: list.args.clone() }, alias.clone())
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                (Call { name: name.to_string(), args: args.args.clone() }, alias.clone())
            }
            _ => return Ok(RelationPlanning::Original(Box::new(relation))),
        };
        let node = call.plan(context).map_err(|error| match error {
            Failure::Sql(error) => DataFusionError::External(Box::new(error)),
            Failure::DataFusion(error) => error,
        })?;
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

enum Failure {
    Sql(SqlError),
    DataFusion(DataFusionError),
}

impl From<DataFusionError> for Failure {
    fn from(error: DataFusionError) -> Self {
        Self::DataFusion(error)
    }
}

/// A window function as written.
struct Call {
    name: String,
    args: Vec<FunctionArg>,
}

impl Call {
    fn plan(&self, context: &mut dyn RelationPlannerContext) -> Result<WindowAssign, Failure> {
        let lengths: &[&str] = match self.name.to_uppercase().as_str() {
            "TUMBLE" => &["SIZE"],
            "HOP" => &["SLIDE", "SIZE"],
            "CUMULATE" => &["STEP", "SIZE"],
            "SESSION" => return Err(self.refuse("SESSION windows are not supported yet")),
            _ => {
                let near = crate::nearest::nearest(&self.name, ["TUMBLE", "HOP", "CUMULATE"]);
                let error = SqlError::new(format!("unknown table function `{}`", self.name));
                return Err(Failure::Sql(
                    error.hint("table functions are TUMBLE, HOP and CUMULATE").suggest(near),
                ));
            }
        };
        let name = self.table(self.argument(0, "DATA")?)?;
        let input = context.plan(table_factor(name))?;
        let rowtime = self.descriptor(self.argument(1, "TIMECOL")?)?;
        let rowtime = self.rowtime(&input, &rowtime)?;
        let mut ms = vec![];
        for (i, length) in lengths.iter().enumerate() {
            ms.push(self.interval(self.argument(i + 2, length)?)?);
        }
        let offset_ms = match self.find(lengths.len() + 2, "OFFSET") {
            Some(offset) => self.interval_or_negative(offset)?,
            None => 0,
        };
        let kind = self.kind(&ms)?;
        WindowAssign::new(input, rowtime, kind, offset_ms).map_err(Failure::from)
    }

    fn kind(&self, ms: &[i64]) -> Result<WindowKind, Failure> {
        if ms.iter().any(|length| *length <= 0) {
            return Err(self.refuse("the intervals of a window must be longer than zero"));
        }
        match (self.name.to_uppercase().as_str(), ms) {
            ("TUMBLE", [size_ms]) => Ok(WindowKind::Tumble { size_ms: *size_ms }),
            ("HOP", [slide_ms, size_ms]) if size_ms % slide_ms == 0 => {
                Ok(WindowKind::Hop { size_ms: *size_ms, slide_ms: *slide_ms })
            }
            ("HOP", _) => {
                Err(self.refuse("HOP takes the slide first, and the size must be a multiple of it"))
            }
            ("CUMULATE", [step_ms, size_max_ms]) if size_max_ms % step_ms == 0 => {
                Ok(WindowKind::Cumulate { step_ms: *step_ms, size_max_ms: *size_max_ms })
            }
            _ => {
                Err(self
                    .refuse("CUMULATE takes the step first, and the size must be a multiple of it"))
            }
        }
    }

    fn find(&self, index: usize, name: &str) -> Option<&ast::Expr> {
        let named = self.args.iter().find_map(|arg| match arg {
            FunctionArg::Named { name: n, arg: FunctionArgExpr::Expr(expr), .. }
                if n.value.eq_ignore_ascii_case(name) =>
            {
                Some(expr)
            }
            FunctionArg::ExprNamed {
                name: ast::Expr::Identifier(n),
                arg: FunctionArgExpr::Expr(expr),
                ..
            } if n.value.eq_ignore_ascii_case(name) => Some(expr),
            _ => None,
        });
        named.or_else(|| match self.args.get(index) {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => Some(expr),
            _ => None,
        })
    }

    fn argument(&self, index: usize, name: &str) -> Result<&ast::Expr, Failure> {
        self.find(index, name).ok_or_else(|| {
            let usage = match self.name.to_uppercase().as_str() {
                "HOP" => "HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE /* slide */, INTERVAL '5' MINUTE /* size */)",
                "CUMULATE" => "CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE /* step */, INTERVAL '5' MINUTE /* size */)",
                _ => "TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE)",
            };
            Failure::Sql(SqlError::new(format!("{} lacks its {name}", self.name)).hint(usage))
        })
    }

    fn table(&self, expr: &ast::Expr) -> Result<Vec<ast::Ident>, Failure> {
        if let ast::Expr::Function(f) = expr
            && f.name.to_string() == TABLE_ARGUMENT
            && let FunctionArguments::List(list) = &f.args
            && let [
                FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::CompoundIdentifier(name))),
            ] = list.args.as_slice()
        {
            return Ok(name.clone());
        }
        Err(Failure::Sql(
            SqlError::new(format!("the first argument of {} must be a table", self.name))
                .hint("write TABLE before its name: TABLE orders"),
        ))
    }

    fn descriptor(&self, expr: &ast::Expr) -> Result<String, Failure> {
        if let ast::Expr::Function(f) = expr
            && f.name.to_string().eq_ignore_ascii_case("DESCRIPTOR")
            && let FunctionArguments::List(list) = &f.args
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Identifier(column)))] =
                list.args.as_slice()
        {
            return Ok(column.value.clone());
        }
        Err(Failure::Sql(
            SqlError::new(format!("{} needs the time column", self.name))
                .hint("write it as DESCRIPTOR(ts)"),
        ))
    }

    /// The time column, which must be the one that the table's watermark speaks of.
    fn rowtime(&self, input: &LogicalPlan, name: &str) -> Result<Column, Failure> {
        let schema = input.schema();
        let columns: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let Some(column) = schema.columns().into_iter().find(|c| c.name == name) else {
            let near = crate::nearest::nearest(name, columns.iter().map(String::as_str));
            let error = SqlError::new(format!("unknown column `{name}` in DESCRIPTOR"));
            return Err(Failure::Sql(
                error.hint(format!("columns are {}", columns.join(", "))).suggest(near),
            ));
        };
        let field = schema.field_from_column(&column)?;
        if !matches!(field.data_type(), DataType::Timestamp(..)) {
            return Err(self.refuse(&format!("`{name}` is no time: a window needs a TIMESTAMP(3)")));
        }
        if let Some(table) = scanned(input)
            && table.table.watermark.as_ref().is_none_or(|mark| mark.column != name)
        {
            let table = &table.table.name;
            return Err(Failure::Sql(
                SqlError::new(format!(
                    "`{name}` of `{table}` has no watermark, so no window on it ever closes"
                ))
                .hint(format!(
                    "declare it in the table: WATERMARK FOR {name} AS {name} - INTERVAL '5' SECOND"
                )),
            ));
        }
        Ok(column)
    }

    fn interval(&self, expr: &ast::Expr) -> Result<i64, Failure> {
        interval_ms(expr).ok_or_else(|| {
            self.refuse(&format!(
                "`{expr}` is no interval of days or less, such as INTERVAL '1' MINUTE"
            ))
        })
    }

    fn interval_or_negative(&self, expr: &ast::Expr) -> Result<i64, Failure> {
        match expr {
            ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => {
                self.interval(expr).map(|ms| -ms)
            }
            expr => self.interval(expr),
        }
    }

    fn refuse(&self, why: &str) -> Failure {
        Failure::Sql(SqlError::new(format!("{}: {why}", self.name)))
    }
}

/// The table that a plan reads without any other step.
fn scanned(plan: &LogicalPlan) -> Option<&TableRef> {
    match plan {
        LogicalPlan::TableScan(scan) => scan.source.downcast_ref::<TableRef>(),
        LogicalPlan::SubqueryAlias(alias) => scanned(&alias.input),
        _ => None,
    }
}

fn table_factor(name: Vec<ast::Ident>) -> TableFactor {
    TableFactor::Table {
        name: ObjectName::from(name),
        alias: None,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}
