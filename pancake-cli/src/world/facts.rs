//! What checks may ask: read-only.

use std::{collections::BTreeMap, ops::ControlFlow, thread, time::Duration};

use pancake_lab::world::{
    ColumnFacts, Desk, FeedFacts, FeedState, GroupFacts, GroupOffset, HttpAnswer, HttpRequest,
    Inventory, JobFacts, LateFacts, ModelFacts, PartitionFacts, RecordFacts, Rows, TopicFacts,
    VersionFacts, World, WorldError, WorldResult,
};
use pancake_node::api::{
    FeedView, JobView, ModelView, RowView, SqlEvent, SqlRequest, TopicView, VersionView,
};
use pancake_types::{Clock as _, PartitionId, Timestamp};

use super::{Shop, files, found, world_error};

/// Records read at a time.
const SCAN_RECORDS: usize = 4_096;
/// Longest nap between two looks for a change.
const NAP_MAX: Duration = Duration::from_millis(20);

impl World for Shop {
    fn topic(&self, name: &str) -> WorldResult<Option<TopicFacts>> {
        Ok(found(self.node.topic(name))?.map(topic_facts))
    }

    fn scan_topic(
        &self,
        name: &str,
        visit: &mut dyn FnMut(&RecordFacts<'_>) -> ControlFlow<()>,
    ) -> WorldResult<()> {
        let topic = self.node.topic(name).map_err(world_error)?;
        for partition in &topic.partitions {
            let mut next = partition.start_offset;
            while next < partition.end_offset {
                let read =
                    self.node.read(name, PartitionId::new(partition.partition), next, SCAN_RECORDS);
                let (records, after) = self.wait(read).map_err(world_error)?;
                for r in records.iter().filter(|r| r.offset.get() < partition.end_offset) {
                    let facts = RecordFacts {
                        partition: partition.partition,
                        offset: r.offset.get(),
                        timestamp: r.timestamp,
                        key: r.key.as_deref(),
                        value: r.value.as_deref(),
                    };
                    if visit(&facts).is_break() {
                        return Ok(());
                    }
                }
                if after <= next {
                    break;
                }
                next = after;
            }
        }
        Ok(())
    }

    fn group(&self, id: &str) -> WorldResult<Option<GroupFacts>> {
        Ok(found(self.node.group(id))?.map(|g| GroupFacts {
            id: g.id,
            state: g.state.to_lowercase(),
            members: g.members.len() as u64,
            offsets: g
                .offsets
                .into_iter()
                .map(|o| GroupOffset {
                    topic: o.topic,
                    partition: o.partition,
                    committed: o.committed,
                    end: o.end_offset,
                })
                .collect(),
        }))
    }

    fn job(&self, name: &str) -> WorldResult<Option<JobFacts>> {
        Ok(found(self.node.job(name))?.map(|detail| job_facts(detail.job)))
    }

    fn query(&self, sql: &str, rows_max: usize) -> WorldResult<Rows> {
        let request =
            SqlRequest { sql: sql.to_owned(), streaming: false, max_rows: Some(rows_max as u64) };
        let mut events = self.sql(request);
        let mut rows = Rows::default();
        while let Some(event) = self.wait(events.recv()) {
            match event {
                SqlEvent::Columns { columns, .. } => {
                    rows.columns = columns
                        .into_iter()
                        .map(|c| ColumnFacts { name: c.name, r#type: c.data_type })
                        .collect();
                }
                SqlEvent::Rows { rows: more } => {
                    rows.data.extend(more.into_iter().map(|r| values(&rows.columns, r)));
                }
                SqlEvent::Error { error, .. } => return Err(world_error(error)),
                SqlEvent::End { truncated, .. } => rows.truncated = truncated,
                SqlEvent::Done { .. } | SqlEvent::Job { .. } => {}
            }
        }
        Ok(rows)
    }

    fn model(&self, name: &str) -> WorldResult<Option<ModelFacts>> {
        Ok(found(self.node.model(name))?.map(model_facts))
    }

    fn evaluate(&self, model: &str, test_table: &str) -> WorldResult<BTreeMap<String, f64>> {
        self.wait(self.node.evaluate(model, test_table)).map(|e| e.metrics).map_err(world_error)
    }

    fn http(&self, request: &HttpRequest) -> WorldResult<HttpAnswer> {
        self.call(request)
    }

    fn file(&self, desk: &Desk, path: &str) -> WorldResult<Option<Vec<u8>>> {
        files::read(&self.home, desk, path)
    }

    fn files(&self, desk: &Desk) -> WorldResult<Vec<String>> {
        files::list(&self.home, desk)
    }

    fn feed(&self, desk: &Desk, feed: &str) -> WorldResult<Option<FeedFacts>> {
        Ok(found(self.node.feed(&feed_name(desk, feed)))?.map(|view| feed_facts(feed, view)))
    }

    fn inventory(&self) -> WorldResult<Inventory> {
        let internal = |name: &String| !name.starts_with("_pancake.");
        Ok(Inventory {
            topics: self.node.topics().into_iter().map(|t| t.name).filter(internal).collect(),
            tables: self.node.tables().into_iter().map(|t| t.name).collect(),
            jobs: self.node.jobs().into_iter().map(|j| j.name).collect(),
            models: self.node.models().into_iter().map(|m| m.name).collect(),
        })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wait_for_change(&self, limit: Duration) {
        thread::sleep(limit.min(NAP_MAX));
    }
}

/// A desk's feed as the engine knows it: two labs may call their feeds alike.
pub(super) fn feed_name(desk: &Desk, feed: &str) -> String {
    format!("{}/{}/{feed}", desk.attendee, desk.lab)
}

/// Why a name that the lab used is not there.
pub(super) fn missing(what: &str) -> WorldError {
    WorldError::Refused { message: format!("{what} is not there"), hint: None }
}

fn topic_facts(topic: TopicView) -> TopicFacts {
    TopicFacts {
        name: topic.name,
        partitions: topic
            .partitions
            .into_iter()
            .map(|p| PartitionFacts {
                id: p.partition,
                start: p.start_offset,
                high_watermark: p.end_offset,
            })
            .collect(),
    }
}

fn job_facts(job: JobView) -> JobFacts {
    let watermark = if job.watermark_end { Some(i64::MAX) } else { job.watermark };
    JobFacts {
        name: job.name,
        state: job.state,
        error: job.error,
        watermark: watermark.map(Timestamp::from_millis),
        rows_in: job.rows_in,
        rows_out: job.rows_out,
        malformed: job.malformed,
        first_malformed: job.first_malformed,
        caught_up: job.caught_up,
        late: LateFacts { rows: job.late_rows, max_s: job.late_max_ms as f64 / 1000.0 },
        writes: job.writes,
    }
}

fn values(columns: &[ColumnFacts], mut row: RowView) -> Vec<serde_json::Value> {
    columns.iter().map(|c| row.row.remove(&c.name).unwrap_or_default()).collect()
}

fn model_facts(model: ModelView) -> ModelFacts {
    ModelFacts {
        name: model.name,
        versions: model.versions.into_iter().map(version_facts).collect(),
        aliases: model.aliases.into_iter().map(|(a, v)| (a, v.into())).collect(),
        serving: model.serving.map(u64::from),
        updates: model.online.as_ref().map_or(0, |o| o.events),
        online_lag: model.online.as_ref().map(|o| o.lag),
        online_age_ms: model.online.and_then(|o| o.age_ms).map(|ms| ms as f64),
    }
}

fn version_facts(version: VersionView) -> VersionFacts {
    VersionFacts {
        version: version.version.into(),
        algorithm: version.algorithm,
        metrics: version.metrics,
        params: version.params,
        rows: version.rows,
    }
}

fn feed_facts(name: &str, feed: FeedView) -> FeedFacts {
    let state = match (feed.finished, feed.playing) {
        (true, _) => FeedState::Done,
        (false, true) => FeedState::Playing,
        (false, false) => FeedState::Paused,
    };
    let start = Timestamp::from_millis(feed.start);
    FeedFacts {
        name: name.to_owned(),
        topic: feed.topic,
        state,
        at: feed.clock.map_or(start, Timestamp::from_millis),
        start,
        until: feed.until.map(Timestamp::from_millis),
        sent: feed.position,
        total: feed.total,
    }
}
