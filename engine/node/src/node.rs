//! The engine's handle: every method is one thing that the API, the command line or a lab may ask.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::mpsc;

use crate::{NodeError, api::*};

/// How to open an engine.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The home directory.
    pub home: PathBuf,
}

/// A running engine. Cheap to clone; all clones are the same engine.
#[derive(Clone, Debug)]
pub struct Node(Arc<NodeOptions>);

fn later<T>() -> Result<T, NodeError> {
    Err(NodeError::internal("not wired yet"))
}

#[allow(clippy::unused_async, clippy::unused_self, missing_docs, reason = "interface sketch")]
impl Node {
    pub async fn open(options: NodeOptions) -> Result<Self, NodeError> {
        Ok(Self(Arc::new(options)))
    }
    pub fn view(&self) -> Result<NodeView, NodeError> {
        later()
    }
    pub fn topics(&self) -> Vec<TopicView> {
        Vec::new()
    }
    pub fn topic(&self, _name: &str) -> Result<TopicView, NodeError> {
        later()
    }
    pub async fn create_topic(&self, _name: &str, _spec: TopicSpec) -> Result<TopicView, NodeError> {
        later()
    }
    pub async fn delete_topic(&self, _name: &str) -> Result<(), NodeError> {
        later()
    }
    /// At most `limit` records, partition by partition from `from` on.
    pub async fn records(&self, _topic: &str, _from: ReadFrom, _limit: usize) -> Result<Vec<RecordView>, NodeError> {
        later()
    }
    /// Writes records; answers (partition, offset) of each.
    pub async fn produce(&self, _topic: &str, _records: Vec<NewRecordView>) -> Result<Vec<(u32, u64)>, NodeError> {
        later()
    }
    pub fn groups(&self) -> Vec<GroupView> {
        Vec::new()
    }
    pub fn group(&self, _id: &str) -> Result<GroupView, NodeError> {
        later()
    }
    pub async fn delete_group(&self, _id: &str) -> Result<(), NodeError> {
        later()
    }
    /// Moves an empty group's offsets of one topic.
    pub async fn reset_group(&self, _id: &str, _topic: &str, _to: ReadFrom) -> Result<GroupView, NodeError> {
        later()
    }
    /// Tables and views.
    pub fn tables(&self) -> Vec<TableView> {
        Vec::new()
    }
    /// Runs statements; dropping the receiver ends a running SELECT (jobs go on). The channel is bounded.
    pub fn sql(&self, _request: SqlRequest) -> mpsc::Receiver<SqlEvent> {
        mpsc::channel(1).1
    }
    pub fn jobs(&self) -> Vec<JobView> {
        Vec::new()
    }
    /// By id or by name (the newest of that name).
    pub fn job(&self, _id: &str) -> Result<JobDetail, NodeError> {
        later()
    }
    pub async fn stop_job(&self, _id: &str) -> Result<JobView, NodeError> {
        later()
    }
    pub fn models(&self) -> Vec<ModelView> {
        Vec::new()
    }
    pub fn model(&self, _name: &str) -> Result<ModelView, NodeError> {
        later()
    }
    pub async fn train(&self, _request: TrainRequest) -> Result<VersionView, NodeError> {
        later()
    }
    pub async fn deploy(&self, _model: &str, _request: DeployRequest) -> Result<ModelView, NodeError> {
        later()
    }
    /// Serves the version that was served before.
    pub async fn rollback(&self, _model: &str) -> Result<ModelView, NodeError> {
        later()
    }
    /// Measures what is served now on the rows of a table.
    pub async fn evaluate(&self, _model: &str, _test_table: &str) -> Result<EvaluationView, NodeError> {
        later()
    }
    pub async fn delete_model(&self, _model: &str) -> Result<(), NodeError> {
        later()
    }
    pub async fn drop_table(&self, _name: &str) -> Result<(), NodeError> {
        later()
    }
    /// Stops a job and forgets it with its checkpoints.
    pub async fn forget_job(&self, _id: &str) -> Result<(), NodeError> {
        later()
    }
    pub async fn append_progress(&self, _key: &str, _value: Vec<u8>) -> Result<(), NodeError> {
        later()
    }
    pub async fn read_progress(&self) -> Result<Vec<(String, Vec<u8>)>, NodeError> {
        later()
    }
    pub fn feeds(&self) -> Vec<FeedView> {
        Vec::new()
    }
    pub fn feed(&self, _name: &str) -> Result<FeedView, NodeError> {
        later()
    }
    pub async fn create_feed(&self, _spec: FeedSpec) -> Result<FeedView, NodeError> {
        later()
    }
    pub async fn delete_feed(&self, _name: &str) -> Result<(), NodeError> {
        later()
    }
    /// Plays; without `speed` it returns when the stop is reached.
    pub async fn play_feed(&self, _name: &str, _request: PlayRequest) -> Result<FeedView, NodeError> {
        later()
    }
    pub async fn pause_feed(&self, _name: &str) -> Result<FeedView, NodeError> {
        later()
    }
    // Recommendations and inference: `pub fn recommender(&self, model: &str) -> Result<…>` giving pancake_serving's handle
    // comes when that crate has it; `/v2` and `/recommendations` call serving's domain types through it.
    /// Resolves when the engine is asked to shut down from within (API call `shutdown`).
    pub async fn shutdown_requested(&self) {
        std::future::pending::<()>().await;
    }
    pub fn request_shutdown(&self) {}
    /// Last checkpoints, recovery points, clean marker.
    pub async fn close(&self) -> Result<(), NodeError> {
        Ok(())
    }
}
