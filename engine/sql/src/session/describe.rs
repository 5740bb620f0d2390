//! What SHOW, DESCRIBE, SET and EXPLAIN answer, as rows.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BooleanArray, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use datafusion::sql::sqlparser::ast::Ident;
use pancake_dataflow::{Exchange, JobGraph};

use super::SessionOptions;
use crate::{
    bind::{self, Functions},
    bounded::Rows,
    catalog::{Catalog, Object, delay},
    connector::{ColumnKind, TableDef},
    error::SqlError,
    parse::{
        Statement,
        ast::{Show, ident_position},
        types::sql_type,
    },
};

/// `SHOW …`.
pub(super) fn show(
    show: &Show,
    catalog: &Catalog,
    functions: &Functions,
) -> Result<Rows, SqlError> {
    let names = |views: bool| {
        let objects = catalog.objects().into_iter();
        let kept = objects.filter(move |o| !views || matches!(o, Object::View(_)));
        kept.map(|o| o.name().to_owned()).collect::<Vec<_>>()
    };
    match show {
        Show::Tables => texts("table name", names(false)),
        Show::Views => texts("view name", names(true)),
        Show::Functions => {
            texts("function name", functions.names().into_iter().map(str::to_owned).collect())
        }
        Show::Create(name) => match catalog.get(&name.value) {
            Some(object) => texts("result", vec![object.ddl().to_owned()]),
            None => Err(catalog.unknown(&name.value).at(ident_position(name))),
        },
    }
}

/// `DESCRIBE`: a table's columns with type, nullability, key, source and watermark.
pub(super) fn describe(
    name: &Ident,
    statement: &Statement,
    catalog: &Catalog,
    functions: &Arc<Functions>,
) -> Result<Rows, SqlError> {
    match catalog.get(&name.value) {
        Some(Object::Table(table)) => table_columns(&table),
        Some(Object::View(view)) => {
            let plan = bind::query(&view.query, statement, catalog, functions)?;
            let fields = plan.schema().fields().iter().enumerate();
            let rows = fields.map(|(i, field)| Described {
                name: view.columns.get(i).unwrap_or(field.name()).clone(),
                data_type: sql_type(field.data_type()),
                nullable: field.is_nullable(),
                ..Described::default()
            });
            described(&rows.collect::<Vec<_>>())
        }
        None => Err(catalog.unknown(&name.value).at(ident_position(name))),
    }
}

#[derive(Default)]
struct Described {
    name: String,
    data_type: String,
    nullable: bool,
    key: Option<String>,
    extras: Option<String>,
    watermark: Option<String>,
}

fn table_columns(table: &TableDef) -> Result<Rows, SqlError> {
    let rows = table.columns.iter().map(|column| {
        let watermark = table.watermark.as_ref().filter(|mark| mark.column == column.name);
        Described {
            name: column.name.clone(),
            data_type: match watermark {
                Some(_) => format!("{} *ROWTIME*", column.sql_type),
                None => column.sql_type.clone(),
            },
            nullable: column.nullable,
            key: table
                .primary_key
                .contains(&column.name)
                .then(|| format!("PRI({})", table.primary_key.join(", "))),
            extras: match &column.kind {
                ColumnKind::Physical => None,
                ColumnKind::Computed { expr } => Some(format!("AS {expr}")),
                ColumnKind::Metadata { key, is_virtual } => {
                    let is_virtual = if *is_virtual { " VIRTUAL" } else { "" };
                    Some(format!("METADATA FROM '{key}'{is_virtual}"))
                }
            },
            watermark: watermark.map(|mark| format!("`{}`{}", mark.column, delay(mark.delay_ms))),
        }
    });
    described(&rows.collect::<Vec<_>>())
}

fn described(rows: &[Described]) -> Result<Rows, SqlError> {
    let text = |f: fn(&Described) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(f).collect::<StringArray>())
    };
    let nullable: ArrayRef =
        Arc::new(rows.iter().map(|row| Some(row.nullable)).collect::<BooleanArray>());
    table(vec![
        ("name", text(|row| Some(&row.name))),
        ("type", text(|row| Some(&row.data_type))),
        ("null", nullable),
        ("key", text(|row| row.key.as_deref())),
        ("extras", text(|row| row.extras.as_deref())),
        ("watermark", text(|row| row.watermark.as_deref())),
    ])
}

/// `SET`: all options with their values.
pub(super) fn options(options: &SessionOptions) -> Result<Rows, SqlError> {
    let (names, values): (Vec<&str>, Vec<&str>) = options.iter().unzip();
    table(vec![
        ("key", Arc::new(StringArray::from(names))),
        ("value", Arc::new(StringArray::from(values))),
    ])
}

/// The vertices of a job in order, each with how rows come to it.
pub(super) fn graph(graph: &JobGraph) -> String {
    let vertices = graph.vertices().iter().enumerate().map(|(index, vertex)| {
        let inputs = graph.edges().iter().filter(|edge| edge.to.index() == index);
        let inputs = inputs.map(|edge| match &edge.exchange {
            Exchange::Forward => format!(" <- {}", edge.from.index()),
            Exchange::Hash(columns) if columns.is_empty() => {
                format!(" <- {} all", edge.from.index())
            }
            Exchange::Hash(_) => format!(" <- {} by key", edge.from.index()),
            Exchange::Rebalance => format!(" <- {} in turn", edge.from.index()),
        });
        let inputs: Vec<String> = inputs.collect();
        format!("{index}: {} x{}{}", vertex.name, vertex.parallelism, inputs.concat())
    });
    vertices.collect::<Vec<_>>().join("\n")
}

/// `EXPLAIN`: a plan as text.
pub(super) fn plan(text: &str) -> Result<Rows, SqlError> {
    texts("result", vec![text.to_owned()])
}

fn texts(column: &str, values: Vec<String>) -> Result<Rows, SqlError> {
    table(vec![(column, Arc::new(StringArray::from(values)))])
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Result<Rows, SqlError> {
    let field = |(name, column): &(&str, ArrayRef)| {
        let data_type: DataType = column.data_type().clone();
        Field::new(*name, data_type, true)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    RecordBatch::try_new(schema, columns)
        .map(Rows::one)
        .map_err(|error| SqlError::new(error.to_string()))
}
