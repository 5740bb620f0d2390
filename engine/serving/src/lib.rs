//! Model registry, prediction and online updates; no HTTP.
//!
//! * Nothing here opens a socket or a topic: records come in and go out as values, and the node carries them.
//! * The registry and every model's overlay are folds over their topics: replaying the records gives the same state.
//! * An answer is wholly one version's, and says which, and up to where online updates were applied.
//!
//! Start reading at [`Recommender`], then [`OnlineUpdater`].

mod event;
mod live;
mod name;
mod oip;
mod params;
mod recommender;
mod registry;
mod stats;
mod updater;

pub use event::{EventError, EventFields};
pub use live::Live;
pub use name::{ModelName, ModelNameError, Version};
pub use oip::{
    InferError, InferInput, InferOutput, InferRequest, InferResponse, ModelMetadata,
    ServerMetadata, TensorMetadata, USERS_MAX, WantedOutput, infer, model_metadata,
    server_metadata,
};
pub use params::{Change, ParamRecord, ParamRecordError, params_topic};
pub use recommender::{Answer, K_MAX, PredictError, Recommendation, Recommender, ServedQuality};
pub use registry::{
    AliasRecord, CHAMPION, ModelEntry, Registry, RegistryError, RegistryEvent, RegistryRecordError,
    VersionRecord,
};
pub use stats::{LATENCY_BOUNDS_US, Stats, StatsView};
pub use updater::{OnlineUpdater, SourceEvent, UpdaterView};
