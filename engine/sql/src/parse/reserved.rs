//! Flink's reserved words, which are names only in backticks.
//!
//! The stock parser takes most of them as names; text that passes here must also pass on Flink.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, Ident, Query, Select, SelectItem, SetExpr, TableFactor, Visit, Visitor,
};

use super::ast::{ColumnSpecKind, Kind, Statement, ident_position};
use crate::error::SqlError;

/// Reserved in Flink SQL; words that begin clauses stop the parser by themselves, but are here all the same.
const RESERVED: &str = " ABS ALL ALLOCATE ALLOW ALTER AND ANY ARE ARRAY AS ASENSITIVE ASYMMETRIC AT ATOMIC \
AUTHORIZATION AVG BEGIN BETWEEN BIGINT BINARY BIT BLOB BOOLEAN BOTH BY CALL CALLED CARDINALITY CASCADED CASE CAST \
CEIL CEILING CHAR CHARACTER CHARACTER_LENGTH CHAR_LENGTH CHECK CLASSIFIER CLOB CLOSE COALESCE COLLATE COLLECT \
COLUMN COMMIT CONDITION CONNECT CONSTRAINT CONTAINS CONVERT CORR CORRESPONDING COUNT COVAR_POP COVAR_SAMP CREATE \
CROSS CUBE CUME_DIST CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURSOR CYCLE DATE DATETIME DAY DEALLOCATE \
DEC DECIMAL DECLARE DEFAULT DEFINE DELETE DENSE_RANK DEREF DESCRIBE DETERMINISTIC DISALLOW DISCONNECT DISTINCT \
DOUBLE DROP DYNAMIC EACH ELEMENT ELSE EMPTY END EQUALS ESCAPE EVERY EXCEPT EXEC EXECUTE EXISTS EXP EXPLAIN EXTEND \
EXTERNAL EXTRACT FALSE FETCH FILTER FIRST_VALUE FLOAT FLOOR FOR FOREIGN FREE FROM FULL FUNCTION FUSION GET GLOBAL \
GRANT GROUP GROUPING GROUPS HAVING HOLD HOUR IDENTITY IMPORT IN INDICATOR INITIAL INNER INOUT INSENSITIVE INSERT INT \
INTEGER INTERSECT INTERSECTION INTERVAL INTO IS JOIN LAG LANGUAGE LARGE LAST_VALUE LATERAL LEAD LEADING LEFT LIKE \
LIMIT LN LOCAL LOCALTIME LOCALTIMESTAMP LOWER MATCH MATCHES MATCH_NUMBER MATCH_RECOGNIZE MAX MEASURES MEMBER MERGE \
METHOD MIN MINUS MINUTE MOD MODIFIES MODULE MONTH MULTISET NATIONAL NATURAL NCHAR NCLOB NEW NEXT NO NONE NORMALIZE \
NOT NTH_VALUE NTILE NULL NULLIF NUMERIC OCTET_LENGTH OF OFFSET OLD OMIT ON ONE ONLY OPEN OR ORDER OUT OUTER OVER \
OVERLAPS OVERLAY PARAMETER PARTITION PATTERN PER PERCENT PERCENTILE_CONT PERCENTILE_DISC PERCENT_RANK PERIOD \
PERMUTE PORTION POSITION POWER PRECEDES PRECISION PREPARE PREV PRIMARY PROCEDURE QUALIFY RANGE RANK READS REAL \
RECURSIVE REF REFERENCES REFERENCING RELEASE RESET RESULT RETURN RETURNS REVOKE RIGHT ROLLBACK ROLLUP ROW ROWS \
ROW_NUMBER RUNNING SAVEPOINT SCOPE SCROLL SEARCH SECOND SEEK SELECT SENSITIVE SESSION_USER SET SHOW SIMILAR SKIP \
SMALLINT SOME SPECIFIC SPECIFICTYPE SQL SQLEXCEPTION SQLSTATE SQLWARNING SQRT START STATIC STDDEV_POP STDDEV_SAMP \
STREAM SUBMULTISET SUBSET SUBSTRING SUCCEEDS SUM SYMMETRIC SYSTEM SYSTEM_TIME SYSTEM_USER TABLE TABLESAMPLE THEN \
TIME TIMESTAMP TINYINT TO TRAILING TRANSLATE TRANSLATION TREAT TRIGGER TRIM TRUE TRUNCATE UESCAPE UNION UNIQUE \
UNKNOWN UNNEST UPDATE UPPER UPSERT USER USING VALUE VALUES VARBINARY VARCHAR VARYING VAR_POP VAR_SAMP VERSIONING \
WATERMARK WHEN WHENEVER WHERE WINDOW WITH WITHIN WITHOUT YEAR ";

/// Whether a name needs backticks.
pub(crate) fn is_reserved(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        && RESERVED.contains(&format!(" {upper} "))
}

/// Refuses reserved words where a statement uses them as names.
pub(super) fn check(statement: &Statement) -> Result<(), SqlError> {
    match &statement.kind {
        Kind::CreateTable(table) => {
            check_ident(&table.name)?;
            for column in &table.columns {
                check_ident(&column.name)?;
                if let ColumnSpecKind::Computed(expr) = &column.kind {
                    check_names(expr.as_ref())?;
                }
            }
            table.watermark.as_ref().map_or(Ok(()), |watermark| check_ident(&watermark.column))
        }
        Kind::CreateView(view) => check_names(&*view.query),
        Kind::Insert(insert) => {
            check_ident(&insert.table)?;
            insert.columns.iter().try_for_each(check_ident)?;
            check_names(&*insert.query)
        }
        Kind::Query(query) => check_names(&**query),
        Kind::Explain(inner) => {
            check(&Statement { kind: inner.as_ref().clone(), ..statement.clone() })
        }
        Kind::Drop(drop) => check_ident(&drop.name),
        Kind::Describe(name) => check_ident(name),
        Kind::Show(_) | Kind::Set(_) | Kind::Reset(_) => Ok(()),
    }
}

fn check_ident(ident: &Ident) -> Result<(), SqlError> {
    if ident.quote_style.is_some() || !is_reserved(&ident.value) {
        return Ok(());
    }
    let name = &ident.value;
    Err(SqlError::new(format!("`{name}` is a reserved word of Flink SQL"))
        .at(ident_position(ident))
        .hint(format!("write it in backticks where it is a name: `{name}`")))
}

fn check_names<N: Visit>(node: &N) -> Result<(), SqlError> {
    match node.visit(&mut Names) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Visits names of columns, tables and aliases.
struct Names;

fn flow(result: Result<(), SqlError>) -> ControlFlow<SqlError> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

impl Visitor for Names {
    type Break = SqlError;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<SqlError> {
        match expr {
            Expr::Identifier(ident) => flow(check_ident(ident)),
            Expr::CompoundIdentifier(parts) => flow(parts.iter().try_for_each(check_ident)),
            // `user` without parentheses is a function to the parser, and a column to the one who wrote it.
            Expr::Function(f) if matches!(f.args, FunctionArguments::None) => {
                let name = f.name.0.first().and_then(|part| part.as_ident());
                let user = name.filter(|name| name.value.to_ascii_uppercase().ends_with("USER"));
                flow(user.map_or(Ok(()), check_ident))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<SqlError> {
        let SetExpr::Select(select) = query.body.as_ref() else {
            return ControlFlow::Continue(());
        };
        flow(check_aliases(select))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<SqlError> {
        let alias = match factor {
            TableFactor::Table { name, alias, .. } => {
                let mut parts = name.0.iter().filter_map(|part| part.as_ident());
                if let Err(error) = parts.try_for_each(check_ident) {
                    return ControlFlow::Break(error);
                }
                alias
            }
            TableFactor::Derived { alias, .. } | TableFactor::TableFunction { alias, .. } => alias,
            _ => return ControlFlow::Continue(()),
        };
        flow(alias.as_ref().map_or(Ok(()), |alias| check_ident(&alias.name)))
    }
}

fn check_aliases(select: &Select) -> Result<(), SqlError> {
    select.projection.iter().try_for_each(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => check_ident(alias),
        _ => Ok(()),
    })
}

/// A name as text of SQL: in backticks when it needs them.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
