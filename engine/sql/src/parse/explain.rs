//! The stock parser's errors in words that help: what was found, what belongs there, and what was probably meant.

use datafusion::sql::sqlparser::{
    parser::ParserError,
    tokenizer::{Token, TokenWithSpan},
};

use super::{
    ast::position,
    lex::{Piece, lower_first},
};
use crate::{
    error::{Position, SqlError},
    nearest::nearest,
};

/// Words that learners mistype; a word of the text that is not one of them may have been meant as one.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "INSERT",
    "INTO",
    "VALUES",
    "CREATE",
    "TABLE",
    "VIEW",
    "WITH",
    "LIKE",
    "WATERMARK",
    "PRIMARY",
    "ENFORCED",
    "INTERVAL",
    "DESCRIPTOR",
    "TUMBLE",
    "UNION",
    "DISTINCT",
    "BETWEEN",
    "DROP",
    "DESCRIBE",
    "EXPLAIN",
    "SHOW",
    "TABLES",
    "JOIN",
    "INNER",
    "LEFT",
    "RESET",
    "METADATA",
    "SECOND",
    "MINUTE",
    "PARTITION",
    "EXISTS",
    "STRING",
    "BIGINT",
    "DECIMAL",
    "TIMESTAMP",
    "BOOLEAN",
    "DOUBLE",
    "INTEGER",
    "INCLUDING",
    "EXCLUDING",
    "OVERWRITING",
    "OPTIONS",
    "WATERMARKS",
    "CASE",
    "WHEN",
    "THEN",
    "PARTITIONED",
    "REPLACE",
    "VIRTUAL",
];

/// Says what the parser met, where, and what it may have been.
pub(super) fn explain(error: &ParserError, piece: &Piece) -> SqlError {
    let text = match error {
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => {
            return SqlError::new("the statement is nested too deeply").at(Some(piece.start()));
        }
    };
    let (message, at) = cut_position(text);
    let at = at.unwrap_or_else(|| piece.end());
    let found = piece.tokens.iter().position(|token| position(token) == at);
    let error = SqlError::new(reword(message)).at(Some(at));
    match found.and_then(|index| typo(piece, index)) {
        Some((place, word)) => {
            let mut error = error.suggest(Some(word));
            error.at = Some(place);
            error
        }
        None => match found.and_then(|index| reserved_name(piece, index)) {
            Some(name) => {
                error.hint(format!("where `{name}` is a name, write it in backticks: `{name}`"))
            }
            None => error,
        },
    }
}

/// Reserved words that learners take for names of columns.
const NAME_LIKE: &[&str] = &[
    "DATE",
    "TIME",
    "TIMESTAMP",
    "INTERVAL",
    "VALUE",
    "VALUES",
    "ORDER",
    "GROUP",
    "START",
    "END",
    "YEAR",
    "MONTH",
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "ROW",
    "ROWS",
    "TABLE",
    "POSITION",
    "CASE",
];

fn reserved_name(piece: &Piece, found: usize) -> Option<&str> {
    let before = found.checked_sub(1).and_then(|i| piece.tokens.get(i));
    let word = |token: &'_ TokenWithSpan| match &token.token {
        Token::Word(word) if word.quote_style.is_none() => {
            NAME_LIKE.contains(&word.value.to_uppercase().as_str())
        }
        _ => false,
    };
    let token = [before, piece.tokens.get(found)].into_iter().flatten().find(|t| word(t))?;
    match &token.token {
        Token::Word(word) => Some(&word.value),
        _ => None,
    }
}

/// Cuts ` at Line: 1, Column: 8` off a message.
fn cut_position(text: &str) -> (&str, Option<Position>) {
    let Some((message, place)) = text.rsplit_once(" at Line: ") else { return (text, None) };
    let numbers = place.split_once(", Column: ");
    let at = numbers.and_then(|(line, col)| {
        Some(Position { line: line.trim().parse().ok()?, col: col.trim().parse().ok()? })
    });
    (message, at)
}

fn reword(message: &str) -> String {
    let message = message.trim_start_matches("sql parser error: ");
    let Some(rest) = message.strip_prefix("Expected: ") else { return lower_first(message) };
    match rest.rsplit_once(", found: ") {
        Some((expected, "EOF")) => format!("expected {expected}, but the statement ends here"),
        Some((expected, found)) => format!("expected {expected}, found `{found}`"),
        None => format!("expected {rest}"),
    }
}

/// A word that looks like a keyword mistyped: the one before the place (it was then taken for a name), or the one there.
fn typo(piece: &Piece, found: usize) -> Option<(Position, &'static str)> {
    let before = found.checked_sub(1).and_then(|i| piece.tokens.get(i));
    let candidates = [before, piece.tokens.get(found)];
    candidates.into_iter().flatten().find_map(|token| Some((position(token), meant(token)?)))
}

fn meant(token: &TokenWithSpan) -> Option<&'static str> {
    let Token::Word(word) = &token.token else { return None };
    let typed = word.value.to_uppercase();
    if word.quote_style.is_some() || WORDS.contains(&typed.as_str()) {
        return None;
    }
    nearest(&typed, WORDS.iter().copied())
        .filter(|near| near.len().abs_diff(typed.len()) <= 2 && typed.len() > 2)
}
