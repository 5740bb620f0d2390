//! `CREATE TABLE` and `CREATE VIEW` as Flink writes them.

use datafusion::sql::sqlparser::{
    parser::{Parser, ParserError},
    tokenizer::Token,
};

use super::{
    ast::{
        ColumnSpec, ColumnSpecKind, CreateTable, CreateView, Kind, Like, LikeRule, Merge,
        OptionSpec, Part, WatermarkSpec, position,
    },
    statement::{at_word, eat, names, object_name, want},
    types,
};

type Parsed<T> = Result<T, ParserError>;

/// Parses what begins with `CREATE`.
pub(super) fn create(p: &mut Parser<'_>) -> Parsed<Kind> {
    want(p, "CREATE")?;
    eat(p, "TEMPORARY");
    if eat(p, "TABLE") {
        return Ok(Kind::CreateTable(Box::new(table(p)?)));
    }
    if eat(p, "VIEW") {
        return view(p);
    }
    p.expected("TABLE or VIEW", p.peek_token())
}

fn view(p: &mut Parser<'_>) -> Parsed<Kind> {
    let if_not_exists = if_not_exists(p)?;
    let name = object_name(p)?;
    let columns = if p.peek_token().token == Token::LParen { names(p)? } else { vec![] };
    comment(p)?;
    want(p, "AS")?;
    Ok(Kind::CreateView(CreateView { name, if_not_exists, columns, query: p.parse_query()? }))
}

fn table(p: &mut Parser<'_>) -> Parsed<CreateTable> {
    let if_not_exists = if_not_exists(p)?;
    let mut table = CreateTable {
        name: object_name(p)?,
        if_not_exists,
        columns: vec![],
        watermark: None,
        primary_key: vec![],
        partitioned_by: vec![],
        options: vec![],
        like: None,
    };
    if p.consume_token(&Token::LParen) {
        loop {
            element(p, &mut table)?;
            if !p.consume_token(&Token::Comma) {
                break;
            }
        }
        if p.peek_token().token != Token::RParen {
            return p.expected("`,` or `)` after a column", p.peek_token());
        }
        p.expect_token(&Token::RParen)?;
    }
    comment(p)?;
    if eat(p, "PARTITIONED") {
        want(p, "BY")?;
        table.partitioned_by = names(p)?;
    }
    if eat(p, "WITH") {
        table.options = options(p)?;
    }
    if eat(p, "LIKE") {
        table.like = Some(like(p)?);
    }
    if at_word(p, 0, "AS") {
        let place = p.peek_token().span.start;
        let text = format!("CREATE TABLE … AS SELECT is not supported yet{place}");
        return Err(ParserError::ParserError(text));
    }
    Ok(table)
}

fn element(p: &mut Parser<'_>, table: &mut CreateTable) -> Parsed<()> {
    if at_word(p, 0, "WATERMARK") && at_word(p, 1, "FOR") {
        p.next_token();
        p.next_token();
        let column = p.parse_identifier()?;
        want(p, "AS")?;
        table.watermark = Some(WatermarkSpec { column, expr: p.parse_expr()? });
        return Ok(());
    }
    if at_word(p, 0, "PRIMARY") || at_word(p, 0, "CONSTRAINT") {
        if eat(p, "CONSTRAINT") {
            p.parse_identifier()?;
        }
        want(p, "PRIMARY")?;
        want(p, "KEY")?;
        table.primary_key = names(p)?;
        return not_enforced(p);
    }
    column(p, table)
}

fn column(p: &mut Parser<'_>, table: &mut CreateTable) -> Parsed<()> {
    let name = p.parse_identifier()?;
    if eat(p, "AS") {
        let kind = ColumnSpecKind::Computed(Box::new(p.parse_expr()?));
        comment(p)?;
        table.columns.push(ColumnSpec { name, not_null: false, kind });
        return Ok(());
    }
    let data_type = types::parse(p)?;
    let not_null = eat(p, "NOT");
    if not_null {
        want(p, "NULL")?;
    } else {
        eat(p, "NULL");
    }
    let kind = if eat(p, "METADATA") {
        let key = if eat(p, "FROM") { Some(p.parse_literal_string()?) } else { None };
        ColumnSpecKind::Metadata { data_type, key, is_virtual: eat(p, "VIRTUAL") }
    } else {
        ColumnSpecKind::Physical(data_type)
    };
    if eat(p, "PRIMARY") {
        want(p, "KEY")?;
        not_enforced(p)?;
        table.primary_key.push(name.clone());
    }
    comment(p)?;
    table.columns.push(ColumnSpec { name, not_null, kind });
    Ok(())
}

/// Flink's keys are promises: it insists on the words, and so do we.
fn not_enforced(p: &mut Parser<'_>) -> Parsed<()> {
    if !eat(p, "NOT") {
        return p.expected("NOT ENFORCED (keys are promised here, not checked)", p.peek_token());
    }
    want(p, "ENFORCED")
}

fn if_not_exists(p: &mut Parser<'_>) -> Parsed<bool> {
    if !eat(p, "IF") {
        return Ok(false);
    }
    want(p, "NOT")?;
    want(p, "EXISTS")?;
    Ok(true)
}

fn comment(p: &mut Parser<'_>) -> Parsed<()> {
    if eat(p, "COMMENT") {
        p.parse_literal_string()?;
    }
    Ok(())
}

fn options(p: &mut Parser<'_>) -> Parsed<Vec<OptionSpec>> {
    p.expect_token(&Token::LParen)?;
    let options = p.parse_comma_separated(|p| {
        let at = position(&p.peek_token());
        let Token::SingleQuotedString(name) = p.peek_token().token else {
            return p.expected("an option's name in single quotes", p.peek_token());
        };
        p.next_token();
        p.expect_token(&Token::Eq)?;
        let Token::SingleQuotedString(value) = p.peek_token().token else {
            return p.expected("the option's value in single quotes", p.peek_token());
        };
        p.next_token();
        Ok(OptionSpec { name, value, at })
    })?;
    p.expect_token(&Token::RParen)?;
    Ok(options)
}

fn like(p: &mut Parser<'_>) -> Parsed<Like> {
    let table = object_name(p)?;
    let mut rules = vec![];
    if p.consume_token(&Token::LParen) {
        while !p.consume_token(&Token::RParen) {
            rules.push(like_rule(p)?);
        }
    }
    Ok(Like { table, rules })
}

fn like_rule(p: &mut Parser<'_>) -> Parsed<LikeRule> {
    let merge = match word(p).as_str() {
        "INCLUDING" => Merge::Including,
        "EXCLUDING" => Merge::Excluding,
        "OVERWRITING" => Merge::Overwriting,
        _ => return p.expected("INCLUDING, EXCLUDING or OVERWRITING", p.peek_token()),
    };
    p.next_token();
    let part = match word(p).as_str() {
        "ALL" => Part::All,
        "CONSTRAINTS" => Part::Constraints,
        "GENERATED" => Part::Generated,
        "METADATA" => Part::Metadata,
        "OPTIONS" => Part::Options,
        "PARTITIONS" => Part::Partitions,
        "WATERMARKS" => Part::Watermarks,
        _ => {
            let parts = "ALL, CONSTRAINTS, GENERATED, METADATA, OPTIONS, PARTITIONS or WATERMARKS";
            return p.expected(parts, p.peek_token());
        }
    };
    p.next_token();
    Ok(LikeRule { merge, part })
}

fn word(p: &Parser<'_>) -> String {
    match p.peek_token().token {
        Token::Word(word) => word.value.to_uppercase(),
        _ => String::new(),
    }
}
