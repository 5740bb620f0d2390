//! What a statement says, before any name in it is looked up.

use std::sync::Arc;

use datafusion::sql::sqlparser::{
    ast::{DataType, Expr, Ident, Query},
    tokenizer::{Token, TokenWithSpan},
};

use crate::error::Position;

/// One parsed statement of a text.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) text: String,
    pub(crate) at: Position,
    pub(crate) kind: Kind,
    pub(crate) tokens: Arc<[TokenWithSpan]>,
}

impl Statement {
    /// The statement as it was written, without its semicolon.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it begins in the whole text.
    pub fn at(&self) -> Position {
        self.at
    }

    /// Whether it asks for rows (`SELECT`, `VALUES`, `WITH`).
    pub fn is_query(&self) -> bool {
        matches!(self.kind, Kind::Query(_))
    }

    /// Whether it writes into a table.
    pub fn is_insert(&self) -> bool {
        matches!(self.kind, Kind::Insert(_))
    }

    /// The table, view or sink that the statement is about, if it is about one.
    pub fn object(&self) -> Option<&str> {
        match &self.kind {
            Kind::CreateTable(create) => Some(&create.name.value),
            Kind::CreateView(create) => Some(&create.name.value),
            Kind::Drop(drop) => Some(&drop.name.value),
            Kind::Insert(insert) => Some(&insert.table.value),
            Kind::Describe(name) => Some(&name.value),
            _ => None,
        }
    }

    /// Whether it makes a table or a view.
    pub fn is_create(&self) -> bool {
        matches!(self.kind, Kind::CreateTable(_) | Kind::CreateView(_))
    }

    /// Place of the first token that is this word, as a name or as a keyword.
    pub(crate) fn find(&self, word: &str) -> Option<Position> {
        self.tokens.iter().find_map(|t| match &t.token {
            Token::Word(w) if w.value == word => Some(position(t)),
            _ => None,
        })
    }

    /// As [`Statement::find`], in any case.
    pub(crate) fn find_ignoring_case(&self, word: &str) -> Option<Position> {
        self.tokens.iter().find_map(|t| match &t.token {
            Token::Word(w) if w.value.eq_ignore_ascii_case(word) => Some(position(t)),
            _ => None,
        })
    }
}

/// Where a token begins.
pub(crate) fn position(token: &TokenWithSpan) -> Position {
    Position { line: token.span.start.line, col: token.span.start.column }
}

/// Where a name begins.
pub(crate) fn ident_position(ident: &Ident) -> Option<Position> {
    let start = ident.span.start;
    (start.line > 0).then_some(Position { line: start.line, col: start.column })
}

/// The kinds of statements.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    CreateTable(Box<CreateTable>),
    CreateView(CreateView),
    Drop(Drop),
    Show(Show),
    Describe(Ident),
    Set(Option<(String, String)>),
    Reset(Option<String>),
    Insert(Insert),
    Query(Box<Query>),
    Explain(Box<Kind>),
}

/// `CREATE TABLE`.
#[derive(Clone, Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: Ident,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<ColumnSpec>,
    pub(crate) watermark: Option<WatermarkSpec>,
    pub(crate) primary_key: Vec<Ident>,
    pub(crate) partitioned_by: Vec<Ident>,
    pub(crate) options: Vec<OptionSpec>,
    pub(crate) like: Option<Like>,
}

/// A column as written.
#[derive(Clone, Debug)]
pub(crate) struct ColumnSpec {
    pub(crate) name: Ident,
    pub(crate) not_null: bool,
    pub(crate) kind: ColumnSpecKind,
}

/// Where a column's values come from, as written.
#[derive(Clone, Debug)]
pub(crate) enum ColumnSpecKind {
    Physical(DataType),
    Metadata { data_type: DataType, key: Option<String>, is_virtual: bool },
    Computed(Box<Expr>),
}

/// `WATERMARK FOR column AS expr`.
#[derive(Clone, Debug)]
pub(crate) struct WatermarkSpec {
    pub(crate) column: Ident,
    pub(crate) expr: Expr,
}

/// One `'name' = 'value'`.
#[derive(Clone, Debug)]
pub(crate) struct OptionSpec {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) at: Position,
}

/// `LIKE table (…)`.
#[derive(Clone, Debug)]
pub(crate) struct Like {
    pub(crate) table: Ident,
    pub(crate) rules: Vec<LikeRule>,
}

/// `INCLUDING OPTIONS`, `OVERWRITING WATERMARKS` and the like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LikeRule {
    pub(crate) merge: Merge,
    pub(crate) part: Part,
}

/// What happens to a part that both tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    Including,
    Excluding,
    Overwriting,
}

/// A part of a table that `LIKE` takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    Constraints,
    Generated,
    Metadata,
    Options,
    Partitions,
    Watermarks,
}

/// `CREATE VIEW`.
#[derive(Clone, Debug)]
pub(crate) struct CreateView {
    pub(crate) name: Ident,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<Ident>,
    pub(crate) query: Box<Query>,
}

/// `DROP TABLE` and `DROP VIEW`.
#[derive(Clone, Debug)]
pub(crate) struct Drop {
    pub(crate) name: Ident,
    pub(crate) if_exists: bool,
    pub(crate) view: bool,
}

/// The `SHOW` statements.
#[derive(Clone, Debug)]
pub(crate) enum Show {
    Tables,
    Views,
    Functions,
    Create(Ident),
}

/// `INSERT INTO`.
#[derive(Clone, Debug)]
pub(crate) struct Insert {
    pub(crate) table: Ident,
    pub(crate) columns: Vec<Ident>,
    pub(crate) query: Box<Query>,
}
