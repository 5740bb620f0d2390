//! What a record looks like: its key, and the fields of its JSON value.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::Value;

use super::parse_moment;

/// A record's shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecordShape {
    /// What the key must be.
    pub key: Option<KeyShape>,
    /// What the value must be.
    pub value: Option<ValueShape>,
}

/// What a key must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyShape {
    /// There must be one.
    NotNull,
    /// There must be none.
    Null,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueShape {
    /// A JSON object with at least these fields.
    pub json: BTreeMap<String, FieldType>,
}

/// The type of a field; a `?` behind it allows null and absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldType {
    base: Base,
    optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Text,
    Number,
    Int,
    Bool,
    Moment,
    Object,
    Array,
    Any,
}

const NAMES: [(&str, Base); 8] = [
    ("string", Base::Text),
    ("number", Base::Number),
    ("int", Base::Int),
    ("bool", Base::Bool),
    ("timestamp", Base::Moment),
    ("object", Base::Object),
    ("array", Base::Array),
    ("any", Base::Any),
];

const NAMES_ONLY: &[&str] =
    &["string", "number", "int", "bool", "timestamp", "object", "array", "any"];

impl FieldType {
    fn parse(text: &str) -> Option<Self> {
        let (name, optional) = match text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let (_, base) = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(Self { base: *base, optional })
    }

    fn holds(self, value: Option<&Value>) -> bool {
        let Some(value) = value.filter(|v| !v.is_null()) else { return self.optional };
        match self.base {
            Base::Text => value.is_string(),
            // Decimals travel as JSON numbers or, in full, as text.
            Base::Number => {
                value.is_number() || value.as_str().is_some_and(|t| t.parse::<f64>().is_ok())
            }
            Base::Int => value.is_i64() || value.is_u64(),
            Base::Bool => value.is_boolean(),
            Base::Moment => value.is_i64() || value.as_str().and_then(parse_moment).is_some(),
            Base::Object => value.is_object(),
            Base::Array => value.is_array(),
            Base::Any => true,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            NAMES.iter().find(|(_, base)| *base == self.base).map_or("any", |(name, _)| name);
        write!(f, "{name}{}", if self.optional { "?" } else { "" })
    }
}

impl<'de> Deserialize<'de> for FieldType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = FieldType;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the type of a field, such as string or int")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FieldType, E> {
                FieldType::parse(text).ok_or_else(|| E::unknown_variant(text, NAMES_ONLY))
            }
        }
        deserializer.deserialize_str(Word)
    }
}

impl ValueShape {
    /// What is wrong with a value, in words, or `None` if it fits.
    pub fn misfit(&self, value: Option<&[u8]>) -> Option<String> {
        let Some(bytes) = value else { return Some("no value".into()) };
        let show = || clip(&String::from_utf8_lossy(bytes));
        let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(bytes) else {
            return Some(format!("`{}` is not a JSON object", show()));
        };
        self.json.iter().find_map(|(name, kind)| {
            if kind.holds(fields.get(name)) {
                return None;
            }
            Some(match fields.get(name) {
                None => format!("`{}` has no field `{name}`", show()),
                Some(found) => format!("`{name}` is {}, not a {kind}", clip(&found.to_string())),
            })
        })
    }
}

fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 80;
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_or_its_misfit_is_said() {
        let shape: ValueShape = serde_yaml::from_str(
            "json: {page: string, ts: timestamp, price: number, note: string?}",
        )
        .unwrap();
        let misfit = |text: &str| shape.misfit(Some(text.as_bytes()));
        assert_eq!(misfit(r#"{"page":"a","ts":"2026-05-01 09:00:00","price":"7.50"}"#), None);
        assert_eq!(misfit("{page"), Some("`{page` is not a JSON object".into()));
        assert_eq!(
            misfit(r#"{"page":3,"ts":1,"price":1}"#),
            Some("`page` is 3, not a string".into())
        );
        assert_eq!(misfit(r#"{"ts":1}"#), Some(r#"`{"ts":1}` has no field `page`"#.into()));
        assert_eq!(shape.misfit(None), Some("no value".into()));
    }

    #[test]
    fn an_unknown_type_is_refused() {
        let error = serde_yaml::from_str::<ValueShape>("json: {a: strnig}").unwrap_err();
        assert!(error.to_string().contains("unknown variant `strnig`"), "{error}");
    }
}
