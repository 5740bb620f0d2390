//! Answers for one model, while versions swap and online updates arrive.
//!
//! * A request takes the served version once and computes its whole answer from it, under one read of its overlay; a swap
//!   never fails a request.
//! * Offline and served scores are the same dot product, computed by `pancake-ml`.
//! * A user without factors gets the popular items, marked `cold_start`.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use arc_swap::ArcSwapOption;
use pancake_ml::{Evaluation, Pairs, Quality, Scored};
use pancake_types::{Clock, Offset};
use serde::Serialize;

use crate::{Live, ModelName, ParamRecord, Stats, Version, live::State};

/// Most items that one answer may hold.
pub const K_MAX: usize = 1_000;

/// The endpoint of one model.
#[derive(Debug)]
pub struct Recommender {
    model: ModelName,
    current: ArcSwapOption<Live>,
    stats: Stats,
    clock: Arc<dyn Clock>,
}

/// What a user is recommended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The model.
    pub model: ModelName,
    /// The version that all of the answer is from.
    pub version: Version,
    /// Online updates below this offset of the params topic were applied.
    pub params_offset: Offset,
    /// Whether the user is unknown and got the popular items.
    pub cold_start: bool,
    /// The items, best first.
    pub items: Vec<Recommendation>,
}

/// One recommended item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// The item's id.
    pub item: Arc<str>,
    /// Its score; for a cold start the number of users who have seen it.
    pub score: f32,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PredictError {
    /// No version of the model is served.
    #[error("no version of model `{model}` is deployed")]
    NotServing {
        /// The model.
        model: ModelName,
    },
    /// Another version than the one that was asked for is served.
    #[error("version {asked} of model `{model}` is not served; version {served} is")]
    OtherVersion {
        /// The model.
        model: ModelName,
        /// The version asked for.
        asked: Version,
        /// The version served.
        served: Version,
    },
    /// The number of items is out of range.
    #[error("k is {k}; 1 to {K_MAX} items can be asked for")]
    K {
        /// What was asked for.
        k: usize,
    },
}

/// The quality of what is served, measured from answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServedQuality {
    /// The version that answered.
    pub version: Version,
    /// Online updates that had been applied when the last user was asked.
    pub params_offset: Offset,
    /// What was measured.
    pub quality: Quality,
}

impl Recommender {
    /// An endpoint that serves nothing yet.
    pub fn new(model: ModelName, clock: Arc<dyn Clock>) -> Self {
        let current = ArcSwapOption::empty();
        Self { model, current, stats: Stats::default(), clock }
    }

    /// The model's name.
    pub fn model(&self) -> &ModelName {
        &self.model
    }

    /// Serves another version from the next request on. Its overlay should be up to date: [`Live::apply`] first.
    pub fn swap(&self, live: Arc<Live>) {
        self.current.store(Some(live));
    }

    /// Stops serving.
    pub fn clear(&self) {
        self.current.store(None);
    }

    /// The version that is served now.
    pub fn live(&self) -> Option<Arc<Live>> {
        self.current.load_full()
    }

    /// Applies a record of the params topic to the version that is served now.
    pub fn apply(&self, offset: Offset, record: &ParamRecord) {
        if let Some(live) = self.current.load().as_ref() {
            live.apply(offset, record);
        }
    }

    /// The best `k` items for a user.
    pub fn recommend(&self, user: &str, k: usize) -> Result<Answer, PredictError> {
        let mut answers = self.recommend_all(&[user], k, None)?;
        answers.pop().ok_or(PredictError::NotServing { model: self.model.clone() })
    }

    /// The best `k` items for several users, all from one version at one moment.
    pub fn recommend_all<S: AsRef<str>>(
        &self,
        users: &[S],
        k: usize,
        version: Option<Version>,
    ) -> Result<Vec<Answer>, PredictError> {
        let start = self.clock.monotonic();
        let answers = self.answer(users, k, version);
        match &answers {
            Ok(answers) => {
                let cold = answers.iter().filter(|answer| answer.cold_start).count();
                let took = self.clock.monotonic().saturating_sub(start);
                self.stats.answered(answers.len(), cold, took);
            }
            Err(_) => self.stats.failed(),
        }
        answers
    }

    fn answer<S: AsRef<str>>(
        &self,
        users: &[S],
        k: usize,
        version: Option<Version>,
    ) -> Result<Vec<Answer>, PredictError> {
        if !(1..=K_MAX).contains(&k) {
            return Err(PredictError::K { k });
        }
        let live = self.serving()?;
        let served = live.version();
        if let Some(asked) = version.filter(|asked| *asked != served) {
            return Err(PredictError::OtherVersion { model: self.model.clone(), asked, served });
        }
        let state = live.read();
        Ok(users.iter().map(|user| self.compute(&state, served, user.as_ref(), k)).collect())
    }

    fn compute(&self, state: &State, version: Version, user: &str, k: usize) -> Answer {
        let known = state.model.top(user, k);
        let cold_start = known.is_none();
        let best = known.unwrap_or_else(|| state.model.popular(user, k));
        let named = |scored: &Scored| {
            let item = Arc::clone(state.model.item_name(scored.item)?);
            Some(Recommendation { item, score: scored.score })
        };
        Answer {
            model: self.model.clone(),
            version,
            params_offset: state.params_offset,
            cold_start,
            items: best.iter().filter_map(named).collect(),
        }
    }

    fn serving(&self) -> Result<Arc<Live>, PredictError> {
        self.live().ok_or_else(|| PredictError::NotServing { model: self.model.clone() })
    }

    /// Measures what is served now: asks for each user's best `k` and compares them with held-out pairs. Online updates go
    /// on meanwhile; a swap does not change which version is measured.
    pub fn evaluate(&self, held_out: &Pairs, k: usize) -> Result<ServedQuality, PredictError> {
        let live = self.serving()?;
        let mut by_user: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        for (user, item) in held_out.iter() {
            by_user.entry(user).or_default().insert(item);
        }
        let mut evaluation = Evaluation::new(k);
        for (user, held_out) in &by_user {
            let answer = self.compute(&live.read(), live.version(), user, k);
            let ranking: Vec<_> = answer.items.into_iter().map(|r| r.item).collect();
            evaluation.add(&ranking, held_out);
        }
        let (items, params_offset) = {
            let state = live.read();
            (state.model.items().len(), state.params_offset)
        };
        let quality = evaluation.quality(items);
        Ok(ServedQuality { version: live.version(), params_offset, quality })
    }

    /// Counts and latencies of the answers so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}
