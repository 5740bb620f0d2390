//! Flink's dialect as hooks of the stock parser.
//!
//! * It passes for the parser's generic dialect, which accepts most; what Flink does not have is refused later.
//! * `TABLE t PARTITION BY k` as a function's argument becomes a call of [`TABLE_ARGUMENT`], since expressions have no
//!   other place for it.

use std::any::TypeId;

use datafusion::sql::sqlparser::{
    ast::{
        Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
        Ident, ObjectName,
    },
    dialect::{Dialect, GenericDialect},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::Token,
};

/// Name of the call that stands for `TABLE t` as an argument.
pub(crate) const TABLE_ARGUMENT: &str = "__table";

/// Flink's dialect.
#[derive(Debug)]
pub(super) struct FlinkDialect;

impl Dialect for FlinkDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_' || ch == '$'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        true
    }

    fn supports_struct_literal(&self) -> bool {
        true
    }

    fn supports_multiline_comment_hints(&self) -> bool {
        false
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let is_argument = parser.peek_keyword(Keyword::TABLE)
            && matches!(parser.peek_nth_token(1).token, Token::Word(_));
        is_argument.then(|| table_argument(parser))
    }
}

fn table_argument(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.expect_keyword(Keyword::TABLE)?;
    let name = parser.parse_object_name(false)?;
    let parts = name.0.iter().filter_map(|part| part.as_ident().cloned()).collect();
    let mut args = vec![Expr::CompoundIdentifier(parts)];
    if parser.parse_keywords(&[Keyword::PARTITION, Keyword::BY]) {
        args.extend(partition_columns(parser)?);
    }
    Ok(call(TABLE_ARGUMENT, args))
}

/// Without parentheses Flink takes one column: a comma that follows ends the argument.
fn partition_columns(parser: &mut Parser<'_>) -> Result<Vec<Expr>, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(vec![parser.parse_expr()?]);
    }
    let columns = parser.parse_comma_separated(Parser::parse_expr)?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

/// A call of a function with unnamed arguments.
pub(crate) fn call(name: &str, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args,
            clauses: vec![],
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: vec![],
    })
}
