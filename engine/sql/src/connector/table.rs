//! A table as its DDL describes it, resolved: types are Arrow's, the watermark is a column and a delay.
//!
//! * Names keep the case they were written in.
//! * `TIMESTAMP(p)` and `TIMESTAMP_LTZ(p)` with p ≤ 3 are milliseconds, else nanoseconds or microseconds as Arrow has them.
//! * [`TableDef::ddl`] is the statement that would make the table again (a `LIKE` is written out).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::Options;

/// A table of the catalog.
#[derive(Clone, Debug)]
pub struct TableDef {
    /// Its name.
    pub name: String,
    /// Its columns in the order of the DDL.
    pub columns: Vec<Column>,
    /// What it promises about late rows.
    pub watermark: Option<WatermarkDef>,
    /// Columns of the primary key, not enforced; empty when there is none.
    pub primary_key: Vec<String>,
    /// Columns that partition it (`PARTITIONED BY`), for files.
    pub partitioned_by: Vec<String>,
    /// Its options, `connector` included.
    pub options: Options,
    /// The statement that makes it.
    pub ddl: String,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as Arrow has it.
    pub data_type: DataType,
    /// Its type as Flink writes it, such as `DECIMAL(5, 2)`.
    pub sql_type: String,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Where its values come from.
    pub kind: ColumnKind,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// From the row itself.
    Physical,
    /// From what surrounds the row: a record's offset, a file's name.
    Metadata {
        /// The connector's name for it (the column's own unless `FROM '…'` says another).
        key: String,
        /// A virtual one is read and never written.
        is_virtual: bool,
    },
    /// Computed by SQL from the other columns; a connector never sees it.
    Computed {
        /// The expression's text.
        expr: String,
    },
}

/// `WATERMARK FOR column AS column - INTERVAL …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatermarkDef {
    /// The column with the event time, of type `TIMESTAMP(3)` or `TIMESTAMP_LTZ(3)`.
    pub column: String,
    /// How late a row may be behind the latest seen.
    pub delay_ms: i64,
}

impl TableDef {
    /// The value of `'connector'`.
    pub fn connector(&self) -> &str {
        self.options.get("connector").unwrap_or_default()
    }

    /// What a source yields: physical and metadata columns in the order of the DDL.
    pub fn source_schema(&self) -> SchemaRef {
        self.schema_of(|column| !matches!(column.kind, ColumnKind::Computed { .. }))
    }

    /// What a sink is given: physical columns and metadata columns that can be written.
    pub fn sink_schema(&self) -> SchemaRef {
        self.schema_of(|column| match column.kind {
            ColumnKind::Physical => true,
            ColumnKind::Metadata { is_virtual, .. } => !is_virtual,
            ColumnKind::Computed { .. } => false,
        })
    }

    /// What a query sees: every column.
    pub fn schema(&self) -> SchemaRef {
        self.schema_of(|_| true)
    }

    /// The column with a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn schema_of(&self, keep: impl Fn(&Column) -> bool) -> SchemaRef {
        let fields = self.columns.iter().filter(|c| keep(c)).map(Column::field);
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

impl Column {
    /// The column as a field of a schema.
    pub fn field(&self) -> Field {
        Field::new(&self.name, self.data_type.clone(), self.nullable)
    }
}
