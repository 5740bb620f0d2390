//! Text to tokens, and tokens to statements.
//!
//! * A statement ends at a semicolon or at the end of the text; empty ones are skipped.
//! * What Flink would read and this engine would not is refused here: hints in comments, names in double quotes.

use datafusion::sql::sqlparser::tokenizer::{
    Location, Token, TokenWithSpan, Tokenizer, Whitespace,
};

use super::{ast::position, dialect::FlinkDialect};
use crate::error::{Position, SqlError};

/// The tokens and the text of one statement.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) tokens: Vec<TokenWithSpan>,
}

impl Piece {
    /// Where its first token begins.
    pub(super) fn start(&self) -> Position {
        self.tokens.first().map_or(Position { line: 1, col: 1 }, position)
    }

    /// Where its last token ends.
    pub(super) fn end(&self) -> Position {
        self.tokens.last().map_or(Position { line: 1, col: 1 }, |t| Position {
            line: t.span.end.line,
            col: t.span.end.column,
        })
    }
}

/// Cuts a text at its semicolons.
pub(super) fn split(text: &str) -> Result<Vec<Piece>, SqlError> {
    let lines = LineIndex::new(text);
    let all = tokens(text)?;
    let pieces = all.split(|t| t.token == Token::SemiColon).filter(|tokens| !tokens.is_empty());
    Ok(pieces.map(|tokens| Piece { text: lines.slice(tokens), tokens: tokens.to_vec() }).collect())
}

/// The tokens of a text without blanks and comments.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let dialect = FlinkDialect;
    let all = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|error| {
        let at = Position { line: error.location.line, col: error.location.column };
        SqlError::new(lower_first(&error.message)).at(Some(at))
    })?;
    for token in &all {
        refuse(token)?;
    }
    Ok(all.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect())
}

fn refuse(token: &TokenWithSpan) -> Result<(), SqlError> {
    match &token.token {
        Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => {
            Err(SqlError::new("hints (`/*+ … */`) are not supported")
                .at(Some(position(token)))
                .hint("set the option in the table's WITH (…), or make a table LIKE it"))
        }
        Token::DoubleQuotedString(text) => Err(SqlError::new(format!(
            "double quotes around `{text}` mean nothing in this dialect"
        ))
        .at(Some(position(token)))
        .hint(format!("write '{text}' for a string, `{text}` in backticks for a name"))),
        _ => Ok(()),
    }
}

/// Rewrites what the parser has no hook for: `ROW<…>` becomes its `STRUCT<…>`, and `>>` (no operator of Flink's) two
/// closing brackets.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let brackets = |t: TokenWithSpan| match t.token {
        Token::ShiftRight => vec![TokenWithSpan { token: Token::Gt, span: t.span }; 2],
        _ => vec![t],
    };
    let mut tokens: Vec<TokenWithSpan> = tokens.into_iter().flat_map(brackets).collect();
    let rows: Vec<usize> = tokens
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| {
            matches!(pair, [row, lt] if is_word(&row.token, "ROW") && lt.token == Token::Lt)
        })
        .map(|(i, _)| i)
        .collect();
    for i in rows {
        if let Some(row) = tokens.get_mut(i) {
            row.token = Token::make_keyword("STRUCT");
        }
    }
    local_time_zone(&mut tokens);
    units_of_calls(&mut tokens);
    tokens
}

/// `TIMESTAMP(3) WITH LOCAL TIME ZONE` becomes `TIMESTAMP_LTZ(3)`.
fn local_time_zone(tokens: &mut Vec<TokenWithSpan>) {
    const WORDS: [&str; 4] = ["WITH", "LOCAL", "TIME", "ZONE"];
    let is_zone =
        |four: &[TokenWithSpan]| four.iter().zip(WORDS).all(|(t, w)| is_word(&t.token, w));
    while let Some(at) = tokens.windows(4).position(is_zone) {
        tokens.drain(at..at + 4);
        let head = tokens.get_mut(..at).unwrap_or_default();
        if let Some(name) = head.iter_mut().rfind(|t| is_word(&t.token, "TIMESTAMP")) {
            name.token = Token::make_word("TIMESTAMP_LTZ", None);
        }
    }
}

/// The unit in `TIMESTAMPDIFF(DAY, …)` is no name of a column: it becomes a text.
fn units_of_calls(tokens: &mut [TokenWithSpan]) {
    for i in 2..tokens.len() {
        let is_call = |t: &TokenWithSpan| {
            is_word(&t.token, "TIMESTAMPDIFF") || is_word(&t.token, "TIMESTAMPADD")
        };
        let Some([call, open, unit]) = tokens.get_mut(i - 2..=i) else { return };
        if is_call(call)
            && open.token == Token::LParen
            && let Token::Word(word) = &unit.token
        {
            unit.token = Token::SingleQuotedString(word.value.to_uppercase());
        }
    }
}

/// Whether a token is an unquoted word, in any case.
pub(super) fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// The same sentence with a small first letter, unless it begins with a word in capitals.
pub(super) fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), second) if !second.is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// Finds the bytes of a place in a text.
struct LineIndex<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> LineIndex<'a> {
    fn new(text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(i, _)| i + 1);
        Self { text, starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    fn byte_of(&self, at: Location) -> usize {
        let line = usize::try_from(at.line).unwrap_or(1).saturating_sub(1);
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let column = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices().nth(column).map_or(self.text.len(), |(i, _)| start + i)
    }

    fn slice(&self, tokens: &[TokenWithSpan]) -> String {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return String::new();
        };
        let range = self.byte_of(first.span.start)..self.byte_of(last.span.end);
        self.text.get(range).unwrap_or_default().to_owned()
    }
}
