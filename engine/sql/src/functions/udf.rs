//! One shape for all scalar functions: types of the arguments, type of the result, and a function over arrays.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{array::ArrayRef, datatypes::DataType};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue},
    logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility},
};

use crate::error::SqlError;

/// What types arguments are turned into before the call.
pub(super) type Coerce = fn(&[DataType]) -> Result<Vec<DataType>>;
/// The type of the result, from the types of the arguments.
pub(super) type Returns = fn(&[DataType]) -> Result<DataType>;
/// The function itself: arrays of one length and the type to make.
pub(super) type Body = fn(&[ArrayRef], &DataType) -> Result<ArrayRef>;

/// A scalar function.
#[derive(Debug)]
pub(super) struct Udf {
    name: &'static str,
    aliases: Vec<String>,
    signature: Signature,
    coerce: Coerce,
    returns: Returns,
    body: Body,
}

impl Udf {
    /// A function that depends on its arguments alone.
    pub(super) fn new(name: &'static str, coerce: Coerce, returns: Returns, body: Body) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, aliases: vec![], signature, coerce, returns, body }
    }

    /// The same function under another name.
    pub(super) fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.to_owned());
        self
    }
}

impl PartialEq for Udf {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Udf {}

impl Hash for Udf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        (self.returns)(arg_types)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        (self.coerce)(arg_types).map_err(|error| match error {
            DataFusionError::Plan(text) => {
                fail(format!("{}: {text}", self.name.trim_start_matches('_').to_uppercase()))
            }
            other => other,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = (self.body)(&arrays, args.return_field.data_type())?;
        if scalar && result.len() == 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// An error of the user's making.
pub(super) fn fail(message: impl Into<String>) -> DataFusionError {
    DataFusionError::External(Box::new(SqlError::new(message)))
}

/// The error of a call with the wrong arguments.
pub(super) fn usage(text: &str) -> DataFusionError {
    DataFusionError::Plan(text.to_owned())
}

/// An array as one of its type; coercion has made sure that it is.
pub(super) fn typed<T: arrow::array::Array + Clone + 'static>(
    arrays: &[ArrayRef],
    index: usize,
) -> Result<T> {
    arrays
        .get(index)
        .and_then(|array| array.as_any().downcast_ref::<T>())
        .cloned()
        .ok_or_else(|| DataFusionError::Internal(format!("argument {index} has another type")))
}

/// An array for the planner.
#[allow(clippy::unnecessary_wraps, reason = "it ends functions that can fail")]
pub(super) fn array(array: impl arrow::array::Array + 'static) -> Result<ArrayRef> {
    Ok(Arc::new(array))
}
