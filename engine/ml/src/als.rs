//! Implicit-feedback ALS: factors of users and items from who has seen what.
//!
//! * Confidence is `alpha` for an observed pair and 1 for every other (Hu, Koren, Volinsky 2008); a row solve is
//!   `(QᵀQ + (alpha − 1)·QᵤᵀQᵤ + λI)⁻¹ · alpha·ΣQᵤ`, by conjugate gradient (Takács et al. 2011).
//! * The model is a function of the set of pairs and the settings: neither row order nor threads change it.

use std::ops::ControlFlow;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{FactorModel, Interactions, Lists, Matrix, conjugate::Sweep, normal::Normal};

/// Most factors that a model may have; rows are solved on the stack.
pub const FACTORS_MAX: usize = 128;
/// Where factors start: small and positive, so that the first sweep has a direction.
const START_MAX: f32 = 0.01;

/// What a training run is told.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlsSettings {
    /// Numbers per user and item, 1 to [`FACTORS_MAX`].
    pub factors: usize,
    /// Pull of every number towards zero, λ.
    pub regularization: f32,
    /// Confidence of an observed pair; an unobserved one has 1.
    pub alpha: f32,
    /// Sweeps over users and items.
    pub iterations: u32,
    /// Where the random start comes from.
    pub seed: u64,
}

impl Default for AlsSettings {
    fn default() -> Self {
        Self { factors: 64, regularization: 10.0, alpha: 5.0, iterations: 15, seed: 42 }
    }
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// There are no pairs.
    #[error("there is nothing to train on: the training rows hold no pair of user and item")]
    NoPairs,
    /// The number of factors is out of range.
    #[error("{factors} factors were asked for; 1 to {FACTORS_MAX} are possible")]
    Factors {
        /// What was asked for.
        factors: usize,
    },
    /// The regularisation must be a positive number.
    #[error("regularization is {regularization}; it must be above 0")]
    Regularization {
        /// What was asked for.
        regularization: f32,
    },
    /// An observed pair may not count less than an unobserved one.
    #[error("alpha is {alpha}; it must be at least 1, the confidence of an unobserved pair")]
    Alpha {
        /// What was asked for.
        alpha: f32,
    },
    /// The caller's `after` asked to stop.
    #[error("training was stopped after {iterations} iterations")]
    Stopped {
        /// Iterations that were done.
        iterations: u32,
    },
}

impl AlsSettings {
    /// Says what is wrong with the settings, if anything is.
    pub fn check(&self) -> Result<(), TrainError> {
        let Self { factors, regularization, alpha, .. } = *self;
        if !(1..=FACTORS_MAX).contains(&factors) {
            return Err(TrainError::Factors { factors });
        }
        if !(regularization > 0.0 && regularization.is_finite()) {
            return Err(TrainError::Regularization { regularization });
        }
        if !(alpha >= 1.0 && alpha.is_finite()) {
            return Err(TrainError::Alpha { alpha });
        }
        Ok(())
    }
}

/// Trains a model.
///
/// ```
/// use pancake_ml::{AlsSettings, Interactions, Recommend, train};
/// let pairs = [("ann", "tea"), ("ann", "milk"), ("bob", "tea"), ("bob", "milk"), ("cid", "tea")];
/// let seen = Interactions::from(&pairs.into_iter().collect());
/// let settings = AlsSettings { factors: 2, regularization: 0.1, ..AlsSettings::default() };
/// let model = train(&seen, &settings)?;
/// assert_eq!(model.recommend("cid", 1), ["milk"]);
/// # Ok::<(), pancake_ml::TrainError>(())
/// ```
pub fn train(seen: &Interactions, settings: &AlsSettings) -> Result<FactorModel, TrainError> {
    train_with(seen, settings, |_| ControlFlow::Continue(()))
}

/// Trains a model, calling `after` with the number of iterations done after each one; it may stop the run.
pub fn train_with(
    seen: &Interactions,
    settings: &AlsSettings,
    mut after: impl FnMut(u32) -> ControlFlow<()>,
) -> Result<FactorModel, TrainError> {
    settings.check()?;
    if seen.is_empty() {
        return Err(TrainError::NoPairs);
    }
    let mut random = ChaCha8Rng::seed_from_u64(settings.seed);
    let mut users = random_start(seen.users.len(), settings.factors, &mut random);
    let mut items = random_start(seen.items.len(), settings.factors, &mut random);
    for iteration in 1..=settings.iterations {
        sweep(&mut users, &items, &seen.by_user, settings);
        sweep(&mut items, &users, &seen.by_item, settings);
        if after(iteration).is_break() {
            return Err(TrainError::Stopped { iterations: iteration });
        }
    }
    Ok(FactorModel::new(settings, seen, users, items))
}

fn sweep(rows: &mut Matrix, others: &Matrix, observed: &Lists, settings: &AlsSettings) {
    let mut normal = Normal::gram(others);
    normal.add_diagonal(settings.regularization);
    Sweep { others, normal: &normal, observed, alpha: settings.alpha }.solve(rows);
}

fn random_start(rows: usize, columns: usize, random: &mut ChaCha8Rng) -> Matrix {
    let mut matrix = Matrix::zeros(rows, columns);
    for row in 0..rows as u32 {
        let values: Vec<f32> = (0..columns).map(|_| random.random_range(0.0..START_MAX)).collect();
        matrix.set_row(row, &values);
    }
    matrix
}

#[cfg(test)]
mod tests;
