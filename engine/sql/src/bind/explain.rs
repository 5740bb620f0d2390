//! `DataFusion`'s errors in the words of the one who wrote the SQL, with a place.

use datafusion::common::{DataFusionError, SchemaError};

use crate::{error::SqlError, nearest::nearest, parse::Statement};

/// Says what went wrong in binding or running a statement.
pub(crate) fn explain(error: &DataFusionError, statement: Option<&Statement>) -> SqlError {
    let find = |word: &str| statement.and_then(|s| s.find(word));
    let find_any_case = |word: &str| statement.and_then(|s| s.find_ignoring_case(word));
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<SqlError>() {
            Some(error) => {
                let place = quoted_word(&error.message).and_then(find_any_case);
                error.clone().at(place)
            }
            None => SqlError::new(inner.to_string()),
        },
        DataFusionError::SchemaError(schema, _) => schema_error(schema, &find),
        DataFusionError::ResourcesExhausted(text) => SqlError::new(format!(
            "the query needs more memory than it may have: {}",
            first_line(text)
        ))
        .hint("filter or group earlier, or join on a key"),
        other => {
            let text = plain(&other.to_string());
            function_error(&text, &find_any_case)
                .or_else(|| group_error(&text, &find))
                .unwrap_or_else(|| SqlError::new(text))
        }
    }
}

type Find<'a> = dyn Fn(&str) -> Option<crate::error::Position> + 'a;

fn schema_error(error: &SchemaError, find: &Find<'_>) -> SqlError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            let mut listed = names.clone();
            listed.dedup();
            let error =
                SqlError::new(format!("unknown column `{}`", field.name)).at(find(&field.name));
            let error = if listed.is_empty() {
                error
            } else {
                error.hint(format!("columns here are {}", listed.join(", ")))
            };
            error.suggest(nearest(&field.name, names))
        }
        SchemaError::AmbiguousReference { field } => {
            SqlError::new(format!("column `{}` is in more than one table here", field.name))
                .at(find(&field.name))
                .hint("write the table's name before it")
        }
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => {
            SqlError::new(format!("column `{name}` is there twice"))
                .at(find(name))
                .hint("give one of them another name with AS")
        }
    }
}

fn function_error(text: &str, find: &Find<'_>) -> Option<SqlError> {
    let rest = text.strip_prefix("Invalid function '")?;
    let (name, rest) = rest.split_once('\'')?;
    let suggested = rest.split('\'').nth(1);
    let near = suggested.filter(|s| nearest(name, [*s]).is_some()).map(str::to_uppercase);
    let error = SqlError::new(format!("unknown function `{}`", name.to_uppercase())).at(find(name));
    Some(error.hint("SHOW FUNCTIONS lists what is there").suggest(near.as_deref()))
}

fn group_error(text: &str, find: &Find<'_>) -> Option<SqlError> {
    if !text.contains("must appear in the GROUP BY clause") && !text.contains("must be in GROUP BY")
    {
        return None;
    }
    let column = text.split('"').nth(1)?;
    let name = column.rsplit('.').next().unwrap_or(column);
    let message = format!("`{name}` is neither in GROUP BY nor inside an aggregate function");
    Some(
        SqlError::new(message)
            .at(find(name))
            .hint(format!("add it to GROUP BY, or write MAX({name})")),
    )
}

/// The first word in backticks of a message.
fn quoted_word(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// A message without the names of `DataFusion`'s error kinds.
fn plain(text: &str) -> String {
    let mut text = text;
    for prefix in [
        "Error during planning: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
        "Schema error: ",
        "Optimizer rule",
        "External error: ",
    ] {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    text.trim().to_owned()
}
