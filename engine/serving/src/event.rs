//! A rating as it stands in a topic: a JSON object with a user and an item.
//!
//! * Ids are text or whole numbers, as in training, so that `7` and `"7"` are the same user.

use serde_json::{Map, Value};

/// Which fields of an event name the user and the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFields {
    /// Field of the user's id.
    pub user: String,
    /// Field of the item's id.
    pub item: String,
}

/// Why a record is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The record is no JSON object.
    #[error("the record is no JSON object")]
    Json(#[from] serde_json::Error),
    /// A field is absent or null.
    #[error("the event has no `{field}`")]
    Missing {
        /// The field.
        field: String,
    },
    /// A field is neither text nor a whole number.
    #[error("`{field}` is {found}; an id is text or a whole number")]
    Type {
        /// The field.
        field: String,
        /// Its value.
        found: String,
    },
}

impl EventFields {
    /// Reads user and item from a record's value.
    pub fn read(&self, value: &[u8]) -> Result<(String, String), EventError> {
        let event: Map<String, Value> = serde_json::from_slice(value)?;
        Ok((id(&event, &self.user)?, id(&event, &self.item)?))
    }
}

fn id(event: &Map<String, Value>, field: &str) -> Result<String, EventError> {
    match event.get(field) {
        None | Some(Value::Null) => Err(EventError::Missing { field: field.to_owned() }),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Ok(number.to_string()),
        Some(other) => Err(EventError::Type { field: field.to_owned(), found: other.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_read(value: &str, expected: Result<(&str, &str), &str>) {
        let fields = EventFields { user: "user".to_owned(), item: "item".to_owned() };
        let found = fields.read(value.as_bytes()).map_err(|error| error.to_string());
        let expected = expected.map(|(user, item)| (user.to_owned(), item.to_owned()));
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn ids_are_text_or_whole_numbers() {
        check_read(r#"{"user": "ann", "item": 7, "rating": 4.5}"#, Ok(("ann", "7")));
        check_read(r#"{"user": "ann"}"#, Err("the event has no `item`"));
        check_read(r#"{"user": null, "item": 7}"#, Err("the event has no `user`"));
        check_read(
            r#"{"user": 1.5, "item": 7}"#,
            Err("`user` is 1.5; an id is text or a whole number"),
        );
        check_read("[1]", Err("the record is no JSON object"));
        check_read(r#"{"user""#, Err("the record is no JSON object"));
    }
}
