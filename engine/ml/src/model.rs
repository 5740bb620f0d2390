//! A trained recommender: factors of users and items, what each user has seen, and how often each item was.
//!
//! * Rows may be replaced and added while it is used; a row number never changes its meaning.
//! * `known` lists are sorted and without duplicates, and `counts` are their sums per item.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    AlsSettings, Ids, Interactions, Matrix, Scored,
    rank::{Recommend, best_items, hide, top_k},
};

/// A trained ALS model. Cheap enough to clone for a second life that follows a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorModel {
    pub(crate) settings: AlsSettings,
    pub(crate) data_sha256: String,
    pub(crate) users: Ids,
    pub(crate) items: Ids,
    pub(crate) user_rows: Matrix,
    pub(crate) item_rows: Matrix,
    pub(crate) known: Vec<Vec<u32>>,
    pub(crate) counts: Vec<u32>,
}

/// Why a vector cannot stand in a model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// The vector has another length than the model's factors.
    #[error("a vector of {found} numbers does not fit a model of {expected} factors")]
    Length {
        /// The model's factors.
        expected: usize,
        /// The vector's numbers.
        found: usize,
    },
    /// A number is infinite or not a number.
    #[error("a vector holds a number that is not finite")]
    NotFinite,
}

impl FactorModel {
    pub(crate) fn new(
        settings: &AlsSettings,
        seen: &Interactions,
        user_rows: Matrix,
        item_rows: Matrix,
    ) -> Self {
        let users = 0..seen.users.len() as u32;
        Self {
            settings: *settings,
            data_sha256: seen.sha256(),
            users: seen.users.clone(),
            items: seen.items.clone(),
            user_rows,
            item_rows,
            known: users.map(|user| seen.by_user.list(user).to_vec()).collect(),
            counts: seen.by_user.counts(seen.items.len()),
        }
    }

    /// A model that gives every item its number of users for a score, whoever asks.
    pub fn popularity(seen: &Interactions) -> Self {
        let counts = seen.by_user.counts(seen.items.len());
        Self::same_for_all(seen, counts.into_iter().map(|count| count as f32))
    }

    /// A model that scores items by chance, the same for everyone.
    pub fn random(train: &Interactions, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        Self::same_for_all(train, (0..train.items.len()).map(|_| random.random_range(0.0..1.0)))
    }

    /// One factor: 1 for each user, the score for each item.
    fn same_for_all(seen: &Interactions, scores: impl Iterator<Item = f32>) -> Self {
        let settings = AlsSettings { factors: 1, iterations: 0, ..AlsSettings::default() };
        let mut users = Matrix::zeros(seen.users.len(), 1);
        let mut items = Matrix::zeros(seen.items.len(), 1);
        for row in 0..seen.users.len() as u32 {
            users.set_row(row, &[1.0]);
        }
        for (row, score) in (0..).zip(scores) {
            items.set_row(row, &[score]);
        }
        Self::new(&settings, seen, users, items)
    }

    /// How the model was trained.
    pub fn settings(&self) -> &AlsSettings {
        &self.settings
    }

    /// Names the pairs that it was trained on.
    pub fn data_sha256(&self) -> &str {
        &self.data_sha256
    }

    /// The users that have a row.
    pub fn users(&self) -> &Ids {
        &self.users
    }

    /// The items that have a row.
    pub fn items(&self) -> &Ids {
        &self.items
    }

    /// A user's factors.
    pub fn user_vector(&self, user: &str) -> Option<Vec<f32>> {
        self.user_rows.row(self.users.row(user)?)
    }

    /// An item's factors.
    pub fn item_vector(&self, item: &str) -> Option<Vec<f32>> {
        self.item_rows.row(self.items.row(item)?)
    }

    /// Row numbers of the items that a user has seen, sorted.
    pub fn known(&self, user: &str) -> &[u32] {
        self.users.row(user).map_or(&[], |row| self.known_row(row))
    }

    pub(crate) fn known_row(&self, user: u32) -> &[u32] {
        self.known.get(user as usize).map_or(&[], Vec::as_slice)
    }

    /// How many users have seen an item.
    pub fn count(&self, item: &str) -> u32 {
        let row = self.items.row(item);
        row.and_then(|row| self.counts.get(row as usize)).copied().unwrap_or_default()
    }

    /// The score of an item for a user; `None` if either is unknown.
    pub fn score(&self, user: &str, item: &str) -> Option<f32> {
        let mut scores = Vec::new();
        let mut one = Matrix::zeros(1, self.settings.factors);
        one.set_row(0, &self.item_vector(item)?);
        one.scores(&self.user_vector(user)?, &mut scores);
        scores.first().copied()
    }

    /// The best `k` items for a user without those they have seen; `None` for a user without factors.
    pub fn top(&self, user: &str, k: usize) -> Option<Vec<Scored>> {
        let row = self.users.row(user)?;
        let vector = self.user_rows.row(row)?;
        if vector.iter().all(|v| *v == 0.0) {
            return None;
        }
        Some(best_items(&self.item_rows, &vector, self.known_row(row), k))
    }

    /// The `k` items that most users have seen, without those that this user has; the score is the number of users.
    pub fn popular(&self, user: &str, k: usize) -> Vec<Scored> {
        let mut scores: Vec<f32> = self.counts.iter().map(|count| *count as f32).collect();
        hide(&mut scores, self.known(user));
        top_k(&scores, k)
    }

    /// Replaces a user's factors, or adds the user.
    pub fn set_user(&mut self, user: &str, vector: &[f32]) -> Result<(), VectorError> {
        self.check_vector(vector)?;
        let row = self.user_row(user);
        self.user_rows.set_row(row, vector);
        Ok(())
    }

    /// Replaces an item's factors, or adds the item.
    pub fn set_item(&mut self, item: &str, vector: &[f32]) -> Result<(), VectorError> {
        self.check_vector(vector)?;
        let row = self.item_row(item);
        self.item_rows.set_row(row, vector);
        Ok(())
    }

    /// Notes that a user has seen an item, adding either if it is new; false if that was known.
    pub fn add_known(&mut self, user: &str, item: &str) -> bool {
        let (user, item) = (self.user_row(user), self.item_row(item));
        let Some(known) = self.known.get_mut(user as usize) else { return false };
        let Err(place) = known.binary_search(&item) else { return false };
        known.insert(place, item);
        if let Some(count) = self.counts.get_mut(item as usize) {
            *count += 1;
        }
        true
    }

    /// Whether a user has seen an item.
    pub fn knows(&self, user: &str, item: &str) -> bool {
        self.items.row(item).is_some_and(|item| self.known(user).binary_search(&item).is_ok())
    }

    /// The id of an item's row.
    pub fn item_name(&self, row: u32) -> Option<&Arc<str>> {
        self.items.name(row)
    }

    pub(crate) fn user_row(&mut self, user: &str) -> u32 {
        let row = self.users.intern(user);
        self.user_rows.grow(self.users.len());
        self.known.resize_with(self.users.len(), Vec::new);
        row
    }

    pub(crate) fn item_row(&mut self, item: &str) -> u32 {
        let row = self.items.intern(item);
        self.item_rows.grow(self.items.len());
        self.counts.resize(self.items.len(), 0);
        row
    }

    fn check_vector(&self, vector: &[f32]) -> Result<(), VectorError> {
        if vector.len() != self.settings.factors {
            let (expected, found) = (self.settings.factors, vector.len());
            return Err(VectorError::Length { expected, found });
        }
        if vector.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(VectorError::NotFinite) }
    }
}

impl Recommend for FactorModel {
    fn recommend(&self, user: &str, k: usize) -> Vec<&str> {
        let best = self.top(user, k).unwrap_or_else(|| self.popular(user, k));
        best.iter().filter_map(|s| self.items.name(s.item)).map(AsRef::as_ref).collect()
    }

    fn item_count(&self) -> usize {
        self.items.len()
    }
}
