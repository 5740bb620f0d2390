//! A model that follows its stream: each new pair solves its user's row and its item's row again.
//!
//! * A fold is exact: the row that it writes depends on the pairs known and on the other side's rows, not on the row's
//!   last value. So folding a pair again after a crash gives what it gave before.
//! * Gram matrices follow by rank-one updates and are summed afresh every [`UPDATES_MAX`] folds, which bounds the drift.
//! * An unknown user or item gets a row of its own at its first pair.

use crate::{FactorModel, Matrix, Recommend, VectorError, cholesky, normal::Normal};

/// Folds after which the Gram matrices are summed afresh.
const UPDATES_MAX: u32 = 4_096;

/// A model together with all that its next fold needs.
#[derive(Clone, Debug)]
pub struct FoldIn {
    model: FactorModel,
    users_of_item: Vec<Vec<u32>>,
    user_gram: Normal,
    item_gram: Normal,
    updates: u32,
}

/// The rows that a fold has written.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The user's new factors.
    pub user_vector: Vec<f32>,
    /// The item's new factors.
    pub item_vector: Vec<f32>,
}

impl FoldIn {
    /// Starts to follow from a model.
    pub fn new(model: FactorModel) -> Self {
        let mut users_of_item = vec![Vec::new(); model.items.len()];
        for (user, known) in (0_u32..).zip(&model.known) {
            for item in known {
                if let Some(users) = users_of_item.get_mut(*item as usize) {
                    users.push(user);
                }
            }
        }
        let user_gram = Normal::gram(&model.user_rows);
        let item_gram = Normal::gram(&model.item_rows);
        Self { model, users_of_item, user_gram, item_gram, updates: 0 }
    }

    /// The model as it stands.
    pub fn model(&self) -> &FactorModel {
        &self.model
    }

    /// Takes in a pair and says which rows it has written; `None` if the pair was known and nothing changed.
    pub fn fold(&mut self, user: &str, item: &str) -> Option<Folded> {
        if !self.note(user, item) {
            return None;
        }
        let (user, item) = (self.model.user_row(user), self.model.item_row(item));
        let user_vector = self.solve_user(user)?;
        replace(&mut self.model.user_rows, &mut self.user_gram, user, &user_vector);
        let item_vector = self.solve_item(item)?;
        replace(&mut self.model.item_rows, &mut self.item_gram, item, &item_vector);
        self.updates += 1;
        if self.updates >= UPDATES_MAX {
            self.sum_grams();
        }
        Some(Folded { user_vector, item_vector })
    }

    /// Notes a pair without solving any row, as a restore does; false if it was known.
    pub fn note(&mut self, user: &str, item: &str) -> bool {
        if !self.model.add_known(user, item) {
            return false;
        }
        let (user, item) = (self.model.user_row(user), self.model.item_row(item));
        self.users_of_item.resize_with(self.model.items.len(), Vec::new);
        if let Some(users) = self.users_of_item.get_mut(item as usize) {
            users.push(user);
        }
        true
    }

    /// Puts a row of an earlier life in place; call [`FoldIn::sum_grams`] after the last one.
    pub fn restore_user(&mut self, user: &str, vector: &[f32]) -> Result<(), VectorError> {
        self.model.set_user(user, vector)
    }

    /// Puts a row of an earlier life in place; call [`FoldIn::sum_grams`] after the last one.
    pub fn restore_item(&mut self, item: &str, vector: &[f32]) -> Result<(), VectorError> {
        self.model.set_item(item, vector)?;
        self.users_of_item.resize_with(self.model.items.len(), Vec::new);
        Ok(())
    }

    /// Sums both Gram matrices afresh from all rows.
    pub fn sum_grams(&mut self) {
        self.user_gram = Normal::gram(&self.model.user_rows);
        self.item_gram = Normal::gram(&self.model.item_rows);
        self.updates = 0;
    }

    fn solve_user(&self, user: u32) -> Option<Vec<f32>> {
        self.solve(&self.model.item_rows, &self.item_gram, self.model.known_row(user))
    }

    fn solve_item(&self, item: u32) -> Option<Vec<f32>> {
        let users = self.users_of_item.get(item as usize)?;
        self.solve(&self.model.user_rows, &self.user_gram, users)
    }

    /// `(G + (alpha − 1)·Σ y·yᵀ + λI)⁻¹ · alpha·Σ y`, exactly.
    fn solve(&self, others: &Matrix, gram: &Normal, observed: &[u32]) -> Option<Vec<f32>> {
        let settings = &self.model.settings;
        let system = gram.system(others, observed, settings.alpha - 1.0, settings.regularization);
        let right = others.sum_listed(observed).into_iter().map(|v| f64::from(settings.alpha * v));
        let solved = cholesky::solve(system, right.collect())?;
        Some(solved.into_iter().map(|v| v as f32).collect())
    }
}

/// Replaces a row and lets the Gram matrix of its side follow.
fn replace(rows: &mut Matrix, gram: &mut Normal, row: u32, vector: &[f32]) {
    if let Some(old) = rows.row_lanes(row) {
        gram.add_one(old, -1.0);
    }
    rows.set_row(row, vector);
    if let Some(new) = rows.row_lanes(row) {
        gram.add_one(new, 1.0);
    }
}

impl Recommend for FoldIn {
    fn recommend(&self, user: &str, k: usize) -> Vec<&str> {
        self.model.recommend(user, k)
    }

    fn item_count(&self) -> usize {
        self.model.item_count()
    }
}

#[cfg(test)]
mod tests;
