//! Jobs: statements that go on by themselves, and go on again after a crash.
//!
//! * What should run is in `_pancake.jobs`, written before a job starts; what a job knows is in its checkpoints.
//! * After `kill -9` every job that should run is planned again from its statement and resumes from its last complete
//!   checkpoint.
//! * A job that ended or failed says so in its record, so that a bounded one does not run twice.

mod record;
mod show;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use pancake_dataflow::{
    CheckpointOptions, JobGraph, JobHandle, JobOptions, JobStats, JobStatus, StopMode, Threads,
};
use pancake_types::{Clock, Storage};

use crate::{
    ErrorKind, NodeError,
    api::{JobDetail, JobView},
    blocking,
    journal::Journal,
    nearest::nearest,
    node::Node,
    topics::chain,
};
pub(crate) use record::{Desired, JobRecord, job_id};

/// Topic of what should run.
const TOPIC: &str = "_pancake.jobs";
/// Jobs that may be known at once, ended ones too.
const JOBS_MAX: usize = 1_000;

/// All jobs.
#[derive(Debug)]
pub(crate) struct Jobs {
    journal: Journal,
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    dir: PathBuf,
    checkpoint_interval: Duration,
    jobs: Mutex<BTreeMap<String, Job>>,
}

/// A job that is known.
#[derive(Debug)]
struct Job {
    record: JobRecord,
    handle: Option<JobHandle>,
    /// An earlier look and its time, to show shares of the recent past instead of since the start.
    earlier: Option<(Duration, JobStats)>,
}

/// A statement made ready to run.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) graph: JobGraph,
    pub(crate) name: String,
    /// Topics that it writes.
    pub(crate) writes: Vec<String>,
}

/// Where and how jobs run.
#[derive(Debug)]
pub(crate) struct JobsOptions {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dir: PathBuf,
    pub(crate) checkpoint_interval: Duration,
}

impl Jobs {
    /// Reads what should run; nothing runs yet. Blocks.
    pub(crate) fn open(
        broker: &pancake_broker::Broker,
        options: JobsOptions,
    ) -> Result<Self, NodeError> {
        let journal = Journal::compacted(broker, TOPIC)?;
        let mut jobs = BTreeMap::new();
        for (id, value) in journal.newest()? {
            match serde_json::from_slice::<JobRecord>(&value) {
                Ok(record) => drop(jobs.insert(id, Job { record, handle: None, earlier: None })),
                Err(error) => tracing::error!(job = id, %error, "a job's record cannot be read"),
            }
        }
        let JobsOptions { storage, clock, dir, checkpoint_interval } = options;
        Ok(Self { journal, storage, clock, dir, checkpoint_interval, jobs: Mutex::new(jobs) })
    }

    /// Records of the jobs that should run.
    pub(crate) fn desired(&self) -> Vec<JobRecord> {
        let jobs = self.lock();
        let records = jobs.values().map(|job| &job.record);
        records.filter(|r| r.desired == Desired::Running).cloned().collect()
    }

    /// Makes a statement a job: writes its record, then starts it. Blocks.
    pub(crate) fn submit(&self, record: JobRecord, planned: &Planned) -> Result<(), NodeError> {
        if self.lock().len() >= JOBS_MAX {
            let message = format!("{JOBS_MAX} jobs are known; no more are allowed");
            return Err(NodeError::invalid("too_many_jobs", message)
                .hint("drop tables and topics of old ones, or reset the labs that made them"));
        }
        let id = record.id.clone();
        self.write(&record)?;
        self.lock().insert(id.clone(), Job { record, handle: None, earlier: None });
        self.start(&id, planned)
    }

    /// Starts a job that is known, from its newest checkpoint if it has one. Blocks.
    pub(crate) fn start(&self, id: &str, planned: &Planned) -> Result<(), NodeError> {
        let mut options = JobOptions::new(Arc::clone(&self.clock));
        let mut checkpoints = CheckpointOptions::new(Arc::clone(&self.storage), self.dir.join(id));
        checkpoints.interval = Some(self.checkpoint_interval);
        options.checkpoints = Some(checkpoints);
        match JobHandle::start(&planned.graph, &options, &Threads) {
            Ok(handle) => {
                if let Some(job) = self.lock().get_mut(id) {
                    job.handle = Some(handle);
                }
                Ok(())
            }
            Err(error) => {
                let text = chain(&error);
                self.failed(id, text.clone())?;
                Err(NodeError::invalid("job_start", text))
            }
        }
    }

    /// Notes that a job cannot run any more.
    pub(crate) fn failed(&self, id: &str, error: String) -> Result<(), NodeError> {
        self.note(id, |record| {
            record.desired = Desired::Failed;
            record.error = Some(error);
        })
    }

    /// Writes down which jobs have ended by themselves since the last look. Blocks.
    pub(crate) fn settle(&self) -> Result<(), NodeError> {
        let ended: Vec<(String, JobStatus, JobStats)> = {
            let jobs = self.lock();
            let running = jobs.iter().filter(|(_, j)| j.record.desired == Desired::Running);
            running
                .filter_map(|(id, job)| {
                    let handle = job.handle.as_ref()?;
                    let status = handle.status();
                    status.is_final().then(|| (id.clone(), status, handle.stats()))
                })
                .collect()
        };
        for (id, status, stats) in ended {
            self.note(&id, |record| {
                record.last = Some(show::totals(&stats));
                match status {
                    JobStatus::Finished => record.desired = Desired::Finished,
                    JobStatus::Cancelled => record.desired = Desired::Stopped,
                    JobStatus::Failed { .. } => {
                        record.desired = Desired::Failed;
                        record.error = status.error();
                    }
                    JobStatus::Running => {}
                }
            })?;
        }
        Ok(())
    }

    /// Ends every job with one more checkpoint; they run again at the next start. Blocks.
    pub(crate) fn hold_all(&self) {
        let handles: Vec<JobHandle> =
            self.lock().values().filter_map(|job| job.handle.clone()).collect();
        let answers: Vec<_> = handles.iter().map(|h| h.stop(StopMode::WithCheckpoint)).collect();
        for answer in answers {
            if let Err(error) = answer.wait() {
                tracing::debug!(%error, "a job had ended before it was stopped");
            }
        }
    }

    /// Number of jobs that run.
    pub(crate) fn running(&self) -> usize {
        let jobs = self.lock();
        let handles = jobs.values().filter_map(|job| job.handle.as_ref());
        handles.filter(|handle| matches!(handle.status(), JobStatus::Running)).count()
    }

    fn note(&self, id: &str, change: impl FnOnce(&mut JobRecord)) -> Result<(), NodeError> {
        let mut jobs = self.lock();
        let Some(job) = jobs.get_mut(id) else { return Ok(()) };
        change(&mut job.record);
        let record = job.record.clone();
        drop(jobs);
        self.write(&record)
    }

    fn write(&self, record: &JobRecord) -> Result<(), NodeError> {
        let value = serde_json::to_vec(record).map_err(|e| NodeError::internal(e.to_string()))?;
        self.journal.append(&record.id, Some(value)).map(drop)
    }

    /// The id of a job: by id, else the newest of that name.
    fn find(&self, name: &str) -> Result<String, NodeError> {
        let jobs = self.lock();
        if jobs.contains_key(name) {
            return Ok(name.to_owned());
        }
        let named = jobs.values().map(|job| &job.record).filter(|r| r.name == name);
        if let Some(newest) = named.max_by_key(|r| r.created_at) {
            return Ok(newest.id.clone());
        }
        let error = NodeError::not_found("unknown_job", format!("there is no job `{name}`"));
        Err(match nearest(name, jobs.values().map(|j| j.record.name.as_str())) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`pancake job list` shows what there is"),
        })
    }

    fn stop(&self, id: &str) -> Result<(), NodeError> {
        let handle = self.lock().get(id).and_then(|job| job.handle.clone());
        if let Some(handle) = handle {
            let last = show::totals(&handle.stats());
            if let Err(error) = handle.stop(StopMode::WithCheckpoint).wait() {
                tracing::debug!(%error, "the job had ended already");
            }
            handle.wait();
            let was_running =
                self.lock().get(id).is_some_and(|j| j.record.desired == Desired::Running);
            if was_running {
                self.note(id, |record| {
                    record.desired = Desired::Stopped;
                    record.last = Some(last);
                })?;
            }
        }
        Ok(())
    }

    fn forget(&self, id: &str) -> Result<(), NodeError> {
        let job = self.lock().remove(id);
        if let Some(handle) = job.and_then(|job| job.handle) {
            if let Err(error) = handle.stop(StopMode::Now).wait() {
                tracing::debug!(%error, "the job had ended already");
            }
            handle.wait();
        }
        self.journal.append(id, None)?;
        let dir = self.dir.join(id);
        if self.storage.exists(&dir) {
            let removed = self.storage.remove_dir_all(&dir);
            removed.map_err(|e| {
                let message = format!("cannot remove {}: {e}", dir.display());
                NodeError::new(ErrorKind::Unavailable, "storage", message)
            })?;
        }
        Ok(())
    }

    fn detail(&self, id: &str) -> Option<JobDetail> {
        let mut jobs = self.lock();
        let job = jobs.get_mut(id)?;
        Some(show::detail(job, self.clock.monotonic()))
    }

    fn views(&self) -> Vec<JobView> {
        let now = self.clock.monotonic();
        let mut jobs = self.lock();
        let mut views: Vec<JobView> =
            jobs.values_mut().map(|job| show::detail(job, now).job).collect();
        views.sort_by_key(|job| job.created_at);
        views
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// All jobs, oldest first.
    pub fn jobs(&self) -> Vec<JobView> {
        self.inner().jobs.views()
    }

    /// A job by id, or the newest of a name.
    ///
    /// # Errors
    /// `unknown_job`.
    pub fn job(&self, id: &str) -> Result<JobDetail, NodeError> {
        let jobs = &self.inner().jobs;
        let id = jobs.find(id)?;
        jobs.detail(&id).ok_or_else(|| NodeError::not_found("unknown_job", "the job is gone"))
    }

    /// Stops a job after one more checkpoint.
    ///
    /// # Errors
    /// `unknown_job`.
    pub async fn stop_job(&self, id: &str) -> Result<JobView, NodeError> {
        let id = self.inner().jobs.find(id)?;
        let node = self.clone();
        blocking(move || {
            node.inner().jobs.stop(&id)?;
            node.job(&id).map(|detail| detail.job)
        })
        .await
    }

    /// Stops all jobs of a name (or the one with an id) and forgets them with their checkpoints.
    ///
    /// # Errors
    /// `unknown_job`.
    pub async fn forget_job(&self, id: &str) -> Result<(), NodeError> {
        self.inner().jobs.find(id)?;
        let (node, name) = (self.clone(), id.to_owned());
        blocking(move || {
            while let Ok(id) = node.inner().jobs.find(&name) {
                node.inner().jobs.forget(&id)?;
            }
            Ok(())
        })
        .await
    }
}
