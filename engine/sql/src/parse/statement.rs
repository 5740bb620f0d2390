//! The statements around queries: what begins with which word.

use datafusion::sql::sqlparser::{
    ast::{Ident, ObjectName},
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use super::{
    ast::{Drop, Insert, Kind, Show},
    create, lex,
};

type Parsed<T> = Result<T, ParserError>;

/// Words that begin a statement.
pub(super) const STATEMENTS: &str =
    "SELECT, INSERT, CREATE, DROP, SHOW, DESCRIBE, EXPLAIN, SET, RESET, WITH or VALUES";

/// Parses one statement.
pub(super) fn statement(p: &mut Parser<'_>) -> Parsed<Kind> {
    let Token::Word(word) = p.peek_token().token else {
        if p.peek_token().token == Token::LParen {
            return Ok(Kind::Query(p.parse_query()?));
        }
        return p.expected(STATEMENTS, p.peek_token());
    };
    match word.value.to_uppercase().as_str() {
        "SELECT" | "WITH" | "VALUES" => Ok(Kind::Query(p.parse_query()?)),
        "INSERT" => insert(p),
        "CREATE" => create::create(p),
        "DROP" => drop_object(p),
        "SHOW" => show(p),
        "DESCRIBE" | "DESC" => describe(p),
        "EXPLAIN" => explain(p),
        "SET" => set(p),
        "RESET" => reset(p),
        "USE" | "ALTER" | "EXECUTE" | "BEGIN" | "STOP" | "TRUNCATE" | "DELETE" | "UPDATE"
        | "ANALYZE" | "LOAD" | "UNLOAD" | "CALL" | "COMPILE" | "ADD" | "REMOVE" => {
            let statement = word.value.to_uppercase();
            Err(ParserError::ParserError(format!(
                "{statement} is not supported yet{}",
                p.peek_token().span.start
            )))
        }
        _ => p.expected(STATEMENTS, p.peek_token()),
    }
}

/// Expects the end of the statement.
pub(super) fn end(p: &mut Parser<'_>) -> Parsed<()> {
    match p.peek_token().token {
        Token::EOF => Ok(()),
        _ => p.expected("`;` or the end of the statement", p.peek_token()),
    }
}

fn insert(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "INSERT")?;
    if at_word(p, 0, "OVERWRITE") {
        return Err(ParserError::ParserError(format!(
            "INSERT OVERWRITE is not supported yet{}",
            p.peek_token().span.start
        )));
    }
    want(p, "INTO")?;
    let table = object_name(p)?;
    let lists_columns = p.peek_token().token == Token::LParen
        && matches!(p.peek_nth_token(2).token, Token::Comma | Token::RParen);
    let columns = if lists_columns { names(p)? } else { vec![] };
    Ok(Kind::Insert(Insert { table, columns, query: p.parse_query()? }))
}

fn drop_object(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "DROP")?;
    eat(p, "TEMPORARY");
    let view = eat(p, "VIEW");
    if !view {
        want_one(p, "TABLE", "TABLE or VIEW")?;
    }
    let if_exists = eat(p, "IF");
    if if_exists {
        want(p, "EXISTS")?;
    }
    Ok(Kind::Drop(Drop { name: object_name(p)?, if_exists, view }))
}

fn show(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "SHOW")?;
    if eat(p, "TABLES") {
        return Ok(Kind::Show(Show::Tables));
    }
    if eat(p, "VIEWS") {
        return Ok(Kind::Show(Show::Views));
    }
    if eat(p, "FUNCTIONS") {
        return Ok(Kind::Show(Show::Functions));
    }
    if eat(p, "CREATE") {
        if !eat(p, "VIEW") {
            want_one(p, "TABLE", "TABLE or VIEW")?;
        }
        return Ok(Kind::Show(Show::Create(object_name(p)?)));
    }
    p.expected("TABLES, VIEWS, FUNCTIONS or CREATE TABLE", p.peek_token())
}

fn describe(p: &mut Parser<'_>) -> Parsed<Kind> {
    p.next_token();
    eat(p, "EXTENDED");
    Ok(Kind::Describe(object_name(p)?))
}

fn explain(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "EXPLAIN")?;
    if eat(p, "PLAN") {
        want(p, "FOR")?;
    }
    match statement(p)? {
        inner @ (Kind::Query(_) | Kind::Insert(_)) => Ok(Kind::Explain(Box::new(inner))),
        _ => p.expected("a SELECT or an INSERT to explain", p.peek_token()),
    }
}

fn set(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "SET")?;
    if p.peek_token().token == Token::EOF {
        return Ok(Kind::Set(None));
    }
    let name = quoted_or_dotted(p, "an option's name in single quotes")?;
    p.expect_token(&Token::Eq)?;
    Ok(Kind::Set(Some((name, p.parse_literal_string()?))))
}

fn reset(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "RESET")?;
    if p.peek_token().token == Token::EOF {
        return Ok(Kind::Reset(None));
    }
    Ok(Kind::Reset(Some(quoted_or_dotted(p, "an option's name in single quotes")?)))
}

fn quoted_or_dotted(p: &mut Parser<'_>, expected: &str) -> Parsed<String> {
    match p.peek_token().token {
        Token::SingleQuotedString(text) => {
            p.next_token();
            Ok(text)
        }
        _ => p.expected(expected, p.peek_token()),
    }
}

/// A name of a catalog's object; `default_catalog.default_database.` before it may be written and means nothing more.
pub(super) fn object_name(p: &mut Parser<'_>) -> Parsed<Ident> {
    let name = p.parse_object_name(false)?;
    last_part(&name).ok_or_else(|| {
        ParserError::ParserError(format!(
            "`{name}` names a catalog or a database that is not there"
        ))
    })
}

/// The object's own name, if what stands before it is the default catalog and database.
pub(crate) fn last_part(name: &ObjectName) -> Option<Ident> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    match parts.as_slice() {
        [name] => Some((*name).clone()),
        [database, name] if database.value == "default_database" => Some((*name).clone()),
        [catalog, database, name]
            if catalog.value == "default_catalog" && database.value == "default_database" =>
        {
            Some((*name).clone())
        }
        _ => None,
    }
}

/// Names in parentheses.
pub(super) fn names(p: &mut Parser<'_>) -> Parsed<Vec<Ident>> {
    p.expect_token(&Token::LParen)?;
    let names = p.parse_comma_separated(Parser::parse_identifier)?;
    p.expect_token(&Token::RParen)?;
    Ok(names)
}

/// Whether the nth token from here is a word.
pub(super) fn at_word(p: &Parser<'_>, n: usize, word: &str) -> bool {
    lex::is_word(&p.peek_nth_token(n).token, word)
}

/// Takes a word if it is next.
pub(super) fn eat(p: &mut Parser<'_>, word: &str) -> bool {
    let found = at_word(p, 0, word);
    if found {
        p.next_token();
    }
    found
}

/// Takes a word that must be next.
pub(super) fn want(p: &mut Parser<'_>, word: &str) -> Parsed<()> {
    want_one(p, word, word)
}

fn want_one(p: &mut Parser<'_>, word: &str, expected: &str) -> Parsed<()> {
    if eat(p, word) { Ok(()) } else { p.expected(expected, p.peek_token()) }
}
