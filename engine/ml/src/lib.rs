//! Algorithms: train, evaluate, export.
//!
//! * Training takes Arrow batches or id pairs, never a query; nothing here reads a clock or opens a socket.
//! * The same seed and the same set of pairs give the same model, whatever the number of threads or the order of rows.
//! * Offline scores and served scores come from the same dot product in the same order.
//!
//! Start reading at [`train`], then [`FoldIn`] for how a model follows its stream.

#![allow(
    clippy::inline_always,
    reason = "code is compiled per kind of processor only where it is inlined"
)]

mod als;
mod artifact;
mod baseline;
mod cholesky;
mod conjugate;
mod foldin;
mod ids;
mod interactions;
mod lanes;
mod matrix;
mod metrics;
mod model;
mod normal;
#[cfg(test)]
mod planted;
mod rank;
mod split;

pub use als::{AlsSettings, FACTORS_MAX, TrainError, train, train_with};
pub use artifact::{ArtifactError, decode, encode, sha256_hex};
pub use baseline::{Popularity, RandomRanking};
pub use foldin::{FoldIn, Folded};
pub use ids::Ids;
pub use interactions::{ColumnError, Interactions, Lists, Pairs};
pub use matrix::Matrix;
pub use metrics::{Evaluation, Quality, evaluate, ndcg};
pub use model::{FactorModel, VectorError};
pub use rank::{Recommend, Scored, top_k};
pub use split::split;
