//! One version while it is served: its artefact with the online updates applied so far.
//!
//! * Records are applied in offset order, each wholly before or wholly after an answer is computed.
//! * Records of another version only move the offset.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use pancake_ml::FactorModel;
use pancake_types::Offset;

use crate::{Change, ParamRecord, Version};

/// A version that answers.
#[derive(Debug)]
pub struct Live {
    version: Version,
    state: RwLock<State>,
}

/// What an answer is computed from.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) model: FactorModel,
    /// Records below this offset have been applied.
    pub(crate) params_offset: Offset,
    pub(crate) events: u64,
    pub(crate) unusable: u64,
}

impl Live {
    /// Starts from a version's artefact.
    pub fn new(version: Version, model: FactorModel) -> Self {
        let state = State { model, params_offset: Offset::ZERO, events: 0, unusable: 0 };
        Self { version, state: RwLock::new(state) }
    }

    /// The version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Records of the params topic below this offset have been applied.
    pub fn params_offset(&self) -> Offset {
        self.read().params_offset
    }

    /// Online events that have been applied.
    pub fn events(&self) -> u64 {
        self.read().events
    }

    /// Records that had a vector of another length than the model's; they changed nothing.
    pub fn unusable(&self) -> u64 {
        self.read().unusable
    }

    /// Applies the record at an offset. One that was applied before (a lower offset) changes nothing.
    pub fn apply(&self, offset: Offset, record: &ParamRecord) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if offset < state.params_offset {
            return;
        }
        state.params_offset = offset.plus(1);
        if record.version != self.version {
            return;
        }
        let model = &mut state.model;
        let applied = match &record.change {
            Change::User { id, vector } => model.set_user(id, vector),
            Change::Item { id, vector } => model.set_item(id, vector),
            Change::Seen { user, item, .. } => {
                let new = model.add_known(user, item);
                state.events += u64::from(new);
                Ok(())
            }
        };
        state.unusable += u64::from(applied.is_err());
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
