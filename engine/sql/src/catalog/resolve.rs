//! `CREATE TABLE` as written to a [`TableDef`]: types resolved, `LIKE` merged, the watermark's delay read.
//!
//! * Columns of the table that it is `LIKE` come first, then its own.
//! * Flink's defaults for `LIKE` hold: everything is taken over, and options are overwritten by the new table's.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::sql::sqlparser::ast::{BinaryOperator, DateTimeField, Expr, Ident, Value};

use super::{Catalog, Object, ddl::table_ddl};
use crate::{
    bind::{self, Functions},
    connector::{Column, ColumnKind, Options, TableDef, WatermarkDef},
    error::SqlError,
    nearest::nearest,
    parse::{
        ast::{
            ColumnSpec, ColumnSpecKind, CreateTable, Like, Merge, Part, WatermarkSpec,
            ident_position,
        },
        types,
    },
};

/// Resolves a `CREATE TABLE`.
pub(crate) fn table(
    create: &CreateTable,
    catalog: &Catalog,
    functions: &Arc<Functions>,
) -> Result<TableDef, SqlError> {
    let mut table = TableDef {
        name: create.name.value.clone(),
        columns: vec![],
        watermark: None,
        primary_key: vec![],
        partitioned_by: create.partitioned_by.iter().map(|c| c.value.clone()).collect(),
        options: Options::default(),
        ddl: String::new(),
    };
    if let Some(like) = &create.like {
        inherit(&mut table, create, like, catalog)?;
    }
    add_columns(&mut table, &create.columns, functions)?;
    if let Some(spec) = &create.watermark {
        table.watermark = Some(watermark(spec, &table)?);
    }
    if !create.primary_key.is_empty() {
        table.primary_key = primary_key(&create.primary_key, &mut table)?;
    }
    for option in &create.options {
        table.options.set(option.name.clone(), option.value.clone());
    }
    check(&table, create)?;
    table.ddl = table_ddl(&table);
    Ok(table)
}

fn check(table: &TableDef, create: &CreateTable) -> Result<(), SqlError> {
    let at = ident_position(&create.name);
    if table.columns.is_empty() {
        return Err(SqlError::new(format!("table `{}` has no columns", table.name)).at(at));
    }
    if table.connector().is_empty() {
        return Err(SqlError::new(format!(
            "table `{}` does not say where its rows are",
            table.name
        ))
        .at(at)
        .hint("add WITH ('connector' = 'kafka', …)"));
    }
    match table.partitioned_by.iter().find(|name| table.column(name).is_none()) {
        Some(name) => Err(unknown_column(name, table).at(at)),
        None => Ok(()),
    }
}

/// What `LIKE` does with a part of the source table.
fn merge_of(like: &Like, part: Part) -> Merge {
    let explicit = |part: Part| like.rules.iter().rfind(|rule| rule.part == part);
    match explicit(part).or_else(|| explicit(Part::All)) {
        Some(rule) => rule.merge,
        None if part == Part::Options => Merge::Overwriting,
        None => Merge::Including,
    }
}

fn inherit(
    table: &mut TableDef,
    create: &CreateTable,
    like: &Like,
    catalog: &Catalog,
) -> Result<(), SqlError> {
    let at = ident_position(&like.table);
    let base = match catalog.get(&like.table.value) {
        Some(Object::Table(base)) => base,
        Some(Object::View(_)) => {
            return Err(SqlError::new(format!("`{}` is a view", like.table.value)).at(at));
        }
        None => return Err(catalog.unknown(&like.table.value).at(at)),
    };
    let takes = |part| merge_of(like, part) != Merge::Excluding;
    for column in &base.columns {
        let inherited = match column.kind {
            ColumnKind::Physical => true,
            ColumnKind::Metadata { .. } => takes(Part::Metadata),
            ColumnKind::Computed { .. } => takes(Part::Generated),
        };
        let replaced = create.columns.iter().any(|own| own.name.value == column.name);
        if inherited && !replaced {
            table.columns.push(column.clone());
        }
    }
    if takes(Part::Options) {
        table.options = base.options.clone();
    }
    if takes(Part::Constraints) {
        table.primary_key.clone_from(&base.primary_key);
    }
    if takes(Part::Partitions) && table.partitioned_by.is_empty() {
        table.partitioned_by.clone_from(&base.partitioned_by);
    }
    if takes(Part::Watermarks) {
        table.watermark.clone_from(&base.watermark);
    }
    refuse_conflicts(create, like, &base).map_err(|error| error.at(at))
}

/// A part that both have is an error unless the statement says `OVERWRITING` or `EXCLUDING`.
fn refuse_conflicts(create: &CreateTable, like: &Like, base: &TableDef) -> Result<(), SqlError> {
    let including = |part| merge_of(like, part) == Merge::Including;
    let both = |what: &str, words: &str| {
        SqlError::new(format!("`{}` and `{}` both have {what}", create.name.value, base.name))
            .hint(format!("say LIKE `{}` (OVERWRITING {words})", base.name))
    };
    if create.watermark.is_some() && base.watermark.is_some() && including(Part::Watermarks) {
        return Err(both("a watermark", "WATERMARKS"));
    }
    let same_option = |name: &str| base.options.get(name).is_some();
    if including(Part::Options) && create.options.iter().any(|own| same_option(&own.name)) {
        return Err(both("the same option", "OPTIONS"));
    }
    Ok(())
}

fn add_columns(
    table: &mut TableDef,
    specs: &[ColumnSpec],
    functions: &Arc<Functions>,
) -> Result<(), SqlError> {
    let is_computed = |spec: &&ColumnSpec| matches!(spec.kind, ColumnSpecKind::Computed(_));
    for spec in specs {
        if specs.iter().filter(|other| other.name.value == spec.name.value).count() > 1 {
            let message = format!("column `{}` is there twice", spec.name.value);
            return Err(SqlError::new(message).at(ident_position(&spec.name)));
        }
    }
    let inherited = table.columns.iter().filter(|c| !matches!(c.kind, ColumnKind::Computed { .. }));
    let mut known: Vec<_> = inherited.map(Column::field).collect();
    for spec in specs.iter().filter(|spec| !is_computed(spec)) {
        known.push(stored_column(spec)?.field());
    }
    let known = Schema::new(known);
    for spec in specs {
        let column = match &spec.kind {
            ColumnSpecKind::Computed(expr) => computed_column(spec, expr, &known, functions)?,
            _ => stored_column(spec)?,
        };
        table.columns.push(column);
    }
    Ok(())
}

fn stored_column(spec: &ColumnSpec) -> Result<Column, SqlError> {
    let name = spec.name.value.clone();
    let (data_type, kind) = match &spec.kind {
        ColumnSpecKind::Metadata { data_type, key, is_virtual } => {
            let key = key.clone().unwrap_or_else(|| name.clone());
            (data_type, ColumnKind::Metadata { key, is_virtual: *is_virtual })
        }
        ColumnSpecKind::Physical(data_type) => (data_type, ColumnKind::Physical),
        ColumnSpecKind::Computed(_) => return Err(SqlError::new("a computed column has no type")),
    };
    let Some((arrow, sql_type)) = types::resolve(data_type) else {
        return Err(unknown_type(&data_type.to_string()).at(ident_position(&spec.name)));
    };
    Ok(Column { name, data_type: arrow, sql_type, nullable: !spec.not_null, kind })
}

fn unknown_type(written: &str) -> SqlError {
    const TYPES: &[&str] = &[
        "STRING",
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INT",
        "BIGINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "TIMESTAMP_LTZ",
        "BYTES",
        "ARRAY",
        "MAP",
        "ROW",
    ];
    SqlError::new(format!("unknown type `{written}`"))
        .hint(format!("known types: {}", TYPES.join(", ")))
        .suggest(nearest(written, TYPES.iter().copied()))
}

fn computed_column(
    spec: &ColumnSpec,
    expr: &Expr,
    known: &Schema,
    functions: &Arc<Functions>,
) -> Result<Column, SqlError> {
    let at = ident_position(&spec.name);
    let data_type = bind::expression_type(expr, known, functions).map_err(|error| error.at(at))?;
    Ok(Column {
        name: spec.name.value.clone(),
        sql_type: types::sql_type(&data_type),
        data_type,
        nullable: true,
        kind: ColumnKind::Computed { expr: expr.to_string() },
    })
}

fn watermark(spec: &WatermarkSpec, table: &TableDef) -> Result<WatermarkDef, SqlError> {
    let at = ident_position(&spec.column);
    let name = &spec.column.value;
    let Some(column) = table.column(name) else {
        return Err(unknown_column(name, table).at(at));
    };
    if !matches!(column.data_type, DataType::Timestamp(TimeUnit::Millisecond, _)) {
        let message = format!(
            "`{name}` is {}; a watermark needs TIMESTAMP(3) or TIMESTAMP_LTZ(3)",
            column.sql_type
        );
        return Err(SqlError::new(message).at(at));
    }
    let is_column = |expr: &Expr| matches!(expr, Expr::Identifier(ident) if ident.value == *name);
    let delay_ms = match &spec.expr {
        expr if is_column(expr) => Some(0),
        Expr::BinaryOp { left, op: BinaryOperator::Minus, right } if is_column(left) => {
            interval_ms(right)
        }
        _ => None,
    };
    let Some(delay_ms) = delay_ms else {
        return Err(SqlError::new(
            "a watermark must be its column, or its column minus an interval",
        )
        .at(at)
        .hint(format!("WATERMARK FOR {name} AS {name} - INTERVAL '5' SECOND")));
    };
    Ok(WatermarkDef { column: name.clone(), delay_ms })
}

fn primary_key(names: &[Ident], table: &mut TableDef) -> Result<Vec<String>, SqlError> {
    for ident in names {
        let known = unknown_column(&ident.value, table);
        match table.columns.iter_mut().find(|column| column.name == ident.value) {
            Some(column) => column.nullable = false,
            None => return Err(known.at(ident_position(ident))),
        }
    }
    Ok(names.iter().map(|ident| ident.value.clone()).collect())
}

/// The error for a column that a table does not have.
pub(crate) fn unknown_column(name: &str, table: &TableDef) -> SqlError {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    SqlError::new(format!("table `{}` has no column `{name}`", table.name))
        .hint(format!("it has {}", columns.join(", ")))
        .suggest(nearest(name, columns))
}

/// The milliseconds of an interval literal of days or less.
pub(crate) fn interval_ms(expr: &Expr) -> Option<i64> {
    let Expr::Interval(interval) = expr else { return None };
    if interval.last_field.is_some() {
        return None;
    }
    let Expr::Value(value) = interval.value.as_ref() else { return None };
    let (Value::SingleQuotedString(text) | Value::Number(text, _)) = &value.value else {
        return None;
    };
    let unit = match interval.leading_field.as_ref()? {
        DateTimeField::Millisecond | DateTimeField::Milliseconds => 1,
        DateTimeField::Second | DateTimeField::Seconds => 1_000,
        DateTimeField::Minute | DateTimeField::Minutes => 60_000,
        DateTimeField::Hour | DateTimeField::Hours => 3_600_000,
        DateTimeField::Day | DateTimeField::Days => 86_400_000,
        DateTimeField::Week(_) | DateTimeField::Weeks => 604_800_000,
        _ => return None,
    };
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let whole: i64 = whole.parse().ok()?;
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    whole.checked_mul(unit)?.checked_add(thousandths.checked_mul(unit)? / 1_000)
}
