//! A text of SQL to statements, in Flink's dialect, on the stock parser.
//!
//! * The text is cut into tokens once; every statement keeps its own, so places are those of the whole text.
//! * Nothing here knows the catalog: what parses may still name tables that are not there.
//!
//! Start reading at [`script`].

pub(crate) mod ast;
mod create;
mod dialect;
mod explain;
mod lex;
mod reserved;
mod statement;
pub(crate) mod types;

use datafusion::sql::sqlparser::{ast::Expr, parser::Parser};

pub use ast::Statement;
use dialect::FlinkDialect;
pub(crate) use dialect::{TABLE_ARGUMENT, call};
pub(crate) use reserved::quoted;

use crate::error::{Position, SqlError};

/// Parses all statements of a text.
pub(crate) fn script(text: &str) -> Result<Vec<Statement>, SqlError> {
    lex::split(text)?.into_iter().map(one).collect()
}

fn one(piece: lex::Piece) -> Result<Statement, SqlError> {
    let dialect = FlinkDialect;
    let mut parser =
        Parser::new(&dialect).with_tokens_with_locations(lex::rewrite(piece.tokens.clone()));
    let kind = statement::statement(&mut parser)
        .and_then(|kind| statement::end(&mut parser).map(|()| kind))
        .map_err(|error| explain::explain(&error, &piece))?;
    let at = piece.start();
    let statement = Statement { text: piece.text, at, kind, tokens: piece.tokens.into() };
    reserved::check(&statement)?;
    Ok(statement)
}

/// Parses one expression, such as the one of a computed column.
pub(crate) fn expression(text: &str) -> Result<Expr, SqlError> {
    let dialect = FlinkDialect;
    let at = Position { line: 1, col: 1 };
    let tokens = lex::tokens(text)?;
    let piece = lex::Piece { text: text.to_owned(), tokens };
    let mut parser =
        Parser::new(&dialect).with_tokens_with_locations(lex::rewrite(piece.tokens.clone()));
    parser.parse_expr().map_err(|error| explain::explain(&error, &piece).at(Some(at)))
}

#[cfg(test)]
mod tests;
