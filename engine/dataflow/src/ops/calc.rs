//! Filter, projection, computed columns: whatever a closure makes of a batch on its own.

use crate::{ChangeBatch, Operator, OperatorError, Output, RowTransform};

/// Hands each batch through a closure. Keeps no state.
pub struct Calc {
    transform: RowTransform,
}

impl Calc {
    /// A step around a closure; use [`ChangeBatch::filter`] and [`ChangeBatch::with_rows`] in it, so that rows keep
    /// their operations.
    pub fn new(
        transform: impl FnMut(ChangeBatch) -> Result<ChangeBatch, OperatorError> + Send + 'static,
    ) -> Self {
        Self { transform: Box::new(transform) }
    }
}

impl std::fmt::Debug for Calc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Calc")
    }
}

impl Operator for Calc {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        out.emit((self.transform)(batch)?);
        Ok(())
    }
}
