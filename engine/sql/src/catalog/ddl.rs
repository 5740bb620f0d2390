//! A table written out as the statement that makes it: what `SHOW CREATE TABLE` shows and what is stored.

use std::fmt::Write as _;

use crate::{
    connector::{Column, ColumnKind, TableDef},
    parse::quoted,
};

/// The `CREATE TABLE` of a table, with every `LIKE` written out.
pub(crate) fn table_ddl(table: &TableDef) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    if let Some(watermark) = &table.watermark {
        let name = quoted(&watermark.column);
        parts.push(format!("WATERMARK FOR {name} AS {name}{}", delay(watermark.delay_ms)));
    }
    if !table.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({}) NOT ENFORCED", names(&table.primary_key)));
    }
    let mut text = format!("CREATE TABLE {} (\n  {}\n)", quoted(&table.name), parts.join(",\n  "));
    if !table.partitioned_by.is_empty() {
        let _ = write!(text, " PARTITIONED BY ({})", names(&table.partitioned_by));
    }
    let options =
        table.options.iter().map(|(name, value)| format!("{} = {}", text_of(name), text_of(value)));
    let options = options.collect::<Vec<_>>().join(",\n  ");
    let _ = write!(text, " WITH (\n  {options}\n)");
    text
}

fn column(column: &Column) -> String {
    let name = quoted(&column.name);
    let not_null = if column.nullable { "" } else { " NOT NULL" };
    match &column.kind {
        ColumnKind::Physical => format!("{name} {}{not_null}", column.sql_type),
        ColumnKind::Computed { expr } => format!("{name} AS {expr}"),
        ColumnKind::Metadata { key, is_virtual } => {
            let from =
                if *key == column.name { String::new() } else { format!(" FROM {}", text_of(key)) };
            let is_virtual = if *is_virtual { " VIRTUAL" } else { "" };
            format!("{name} {}{not_null} METADATA{from}{is_virtual}", column.sql_type)
        }
    }
}

/// What is subtracted in a watermark, as SQL.
pub(crate) fn delay(ms: i64) -> String {
    match ms {
        0 => String::new(),
        ms if ms % 1_000 == 0 => format!(" - INTERVAL '{}' SECOND", ms / 1_000),
        ms => format!(" - INTERVAL '{}.{:03}' SECOND", ms / 1_000, ms % 1_000),
    }
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn text_of(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
