//! UNION ALL: rows of several inputs as one stream.

use crate::{ChangeBatch, Operator, OperatorError, Output};

/// Hands on the rows of all inputs. Their common watermark is the runtime's work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Union;

impl Operator for Union {
    fn on_batch(
        &mut self,
        _input: usize,
        batch: ChangeBatch,
        out: &mut Output,
    ) -> Result<(), OperatorError> {
        out.emit(batch);
        Ok(())
    }
}
