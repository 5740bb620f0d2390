//! A tensor as the protocol writes it in JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A named tensor with its data, flat or nested.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) datatype: String,
    pub(super) shape: Vec<i64>,
    pub(super) data: Vec<Value>,
}

impl Tensor {
    /// The elements of a BYTES tensor as texts, checked against its shape.
    pub(super) fn texts(&self) -> Result<Vec<String>, String> {
        if self.datatype != "BYTES" {
            return Err(format!("input `{}` is {}; it has to be BYTES", self.name, self.datatype));
        }
        let mut texts = Vec::new();
        flatten(&self.name, &self.data, &mut texts)?;
        let said = self.shape.iter().try_fold(1_i64, |all, n| all.checked_mul(*n));
        if said != i64::try_from(texts.len()).ok() {
            let (shape, found) = (&self.shape, texts.len());
            return Err(format!(
                "input `{}` says shape {shape:?} and has {found} elements",
                self.name
            ));
        }
        Ok(texts)
    }
}

fn flatten(name: &str, data: &[Value], texts: &mut Vec<String>) -> Result<(), String> {
    for value in data {
        match value {
            Value::String(text) => texts.push(text.clone()),
            // Ids are often numbers where they come from; as text they are the same ids.
            Value::Number(number) => texts.push(number.to_string()),
            Value::Array(inner) => flatten(name, inner, texts)?,
            Value::Null | Value::Bool(_) | Value::Object(_) => {
                return Err(format!("input `{name}` holds {value}, which is no text"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[i64], data: Value) -> Tensor {
        let (name, datatype) = ("user".to_owned(), "BYTES".to_owned());
        Tensor { name, datatype, shape: shape.to_vec(), data: data.as_array().unwrap().clone() }
    }

    #[test]
    fn data_may_be_flat_or_nested_and_fits_its_shape() {
        let flat = tensor(&[2], serde_json::json!(["ann", 7]));
        assert_eq!(flat.texts().unwrap(), ["ann", "7"]);
        let nested = tensor(&[2, 1], serde_json::json!([["ann"], ["bob"]]));
        assert_eq!(nested.texts().unwrap(), ["ann", "bob"]);
        assert!(
            tensor(&[3], serde_json::json!(["ann"])).texts().unwrap_err().contains("shape [3]")
        );
        assert!(tensor(&[i64::MAX, 2], serde_json::json!([])).texts().is_err());
        assert!(tensor(&[1], serde_json::json!([true])).texts().unwrap_err().contains("no text"));
    }
}
