//! One feed: its generator, how far it has written, and who moves it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use pancake_broker::{Broker, Durability, Header, NewRecord, TopicSpec, partition_for_key};
use pancake_connect::generator::{Event, Events, Generators};
use pancake_types::{PartitionId, TopicName};

use super::resume;
use crate::{
    NodeError,
    api::{FeedSpec, FeedView},
    topics::{name, produce_error, topic_error},
};

/// Header that numbers a feed's records.
pub(super) const HEADER: &str = "pancake.feed";
/// Events written in one append per partition.
const BATCH_EVENTS: usize = 500;

/// Where a move ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Until {
    /// At this stream time.
    pub(super) time: Option<i64>,
    /// After so many events.
    pub(super) events: Option<u64>,
}

/// A generator bound to a topic.
#[derive(Debug)]
pub(super) struct Feed {
    broker: Broker,
    spec: FeedSpec,
    topic: TopicName,
    partitions: u32,
    /// Number of the move that may write; a new move takes the next.
    turn: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    events: Events,
    start: i64,
    clock: Option<i64>,
    playing: bool,
    finished: bool,
    /// Per partition: number of the last event that its log has; those are not written again.
    written: BTreeMap<u32, u64>,
}

impl Feed {
    /// Opens a feed where its topic says that it stands. Blocks.
    pub(super) fn open(
        broker: &Broker,
        generators: &Generators,
        spec: FeedSpec,
    ) -> Result<Self, NodeError> {
        let topic = name(&spec.topic)?;
        let invalid = |e: pancake_connect::generator::GeneratorError| {
            NodeError::invalid("invalid_feed", crate::topics::chain(&e))
        };
        let mut events = generators.open(&spec.generator, &spec.params).map_err(invalid)?;
        let start = events.next_arrival().map_or(0, pancake_types::Timestamp::millis);
        let wanted = spec.params.get("partitions").and_then(serde_json::Value::as_u64);
        let topic_spec = TopicSpec {
            partitions: wanted.and_then(|p| u32::try_from(p).ok()),
            ..TopicSpec::default()
        };
        let view = broker.ensure_topic(&topic, topic_spec).map_err(topic_error)?;
        let partitions = u32::try_from(view.partitions.len()).unwrap_or(1).max(1);
        let found = resume::last_events(broker, &topic, partitions)?;
        let newest = found.written.values().max().copied();
        if let Some(newest) = newest {
            events.skip_to(newest.saturating_sub(BATCH_EVENTS as u64 - 1));
        }
        let state = State {
            events,
            start,
            clock: found.clock,
            playing: false,
            finished: false,
            written: found.written,
        };
        let feed = Self {
            broker: broker.clone(),
            spec,
            topic,
            partitions,
            turn: AtomicU64::new(0),
            state: Mutex::new(state),
        };
        feed.complete(newest)?;
        Ok(feed)
    }

    /// Writes what the last batch before a crash did not get into every partition: a batch is written whole before the
    /// next begins, so nothing older can be missing.
    fn complete(&self, newest: Option<u64>) -> Result<(), NodeError> {
        let mut state = self.state();
        while newest.is_some_and(|newest| state.events.position() <= newest) {
            let batch = state.take(None, 1);
            if batch.is_empty() {
                break;
            }
            self.append(&mut state, batch)?;
        }
        state.finished = state.events.next_arrival().is_none();
        Ok(())
    }

    /// What it shows.
    pub(super) fn view(&self) -> FeedView {
        let state = self.state();
        FeedView {
            name: self.spec.name.clone(),
            generator: self.spec.generator.clone(),
            topic: self.spec.topic.clone(),
            seed: self.spec.params.get("seed").and_then(serde_json::Value::as_u64).unwrap_or(0),
            position: state.events.position(),
            start: state.start,
            clock: state.clock,
            until: state.events.until().map(pancake_types::Timestamp::millis),
            total: state.finished.then(|| state.events.position()),
            speed: self.spec.speed,
            playing: state.playing,
            finished: state.finished,
        }
    }

    /// Where the stream clock stands.
    pub(super) fn stream_time(&self) -> i64 {
        let state = self.state();
        state.clock.unwrap_or(state.start)
    }

    /// Takes the next turn, which ends the one before.
    pub(super) fn begin(&self) -> u64 {
        let turn = self.turn.fetch_add(1, Ordering::AcqRel) + 1;
        self.state().playing = true;
        turn
    }

    /// Ends a turn, if it is still this one.
    pub(super) fn end_turn(&self, turn: u64) {
        if self.turn.load(Ordering::Acquire) == turn {
            self.state().playing = false;
        }
    }

    /// Holds the clock where it is.
    pub(super) fn hold(&self) {
        let turn = self.begin();
        self.end_turn(turn);
    }

    /// Holds the clock for good: nothing is written any more.
    pub(super) fn end(&self) {
        self.hold();
    }

    /// Writes everything up to a stop, as fast as the log takes it.
    pub(super) fn play(&self, until: Until) -> Result<(), NodeError> {
        let turn = self.begin();
        let result = self.write(turn, until);
        self.end_turn(turn);
        result.map(drop)
    }

    /// Writes what has arrived by a stream time; says whether there is more to come for this turn.
    pub(super) fn play_turn(&self, turn: u64, to: i64) -> Result<bool, NodeError> {
        self.write(turn, Until { time: Some(to), events: None })
    }

    fn write(&self, turn: u64, until: Until) -> Result<bool, NodeError> {
        let mut left = until.events.unwrap_or(u64::MAX);
        loop {
            let mut state = self.state();
            if self.turn.load(Ordering::Acquire) != turn {
                return Ok(false);
            }
            let batch = state.take(until.time, left.min(BATCH_EVENTS as u64));
            if batch.is_empty() {
                state.rest(until);
                return Ok(!state.finished);
            }
            left -= batch.len() as u64;
            self.append(&mut state, batch)?;
        }
    }

    /// Appends events to their partitions, leaving out those that a partition has.
    fn append(&self, state: &mut State, batch: Vec<(u64, Event)>) -> Result<(), NodeError> {
        let mut by_partition: BTreeMap<u32, Vec<(u64, NewRecord)>> = BTreeMap::new();
        for (number, event) in batch {
            state.clock = Some(event.arrival_time.millis());
            let partition = self.partition_of(number, &event);
            if state.written.get(&partition).is_some_and(|last| *last >= number) {
                continue;
            }
            by_partition.entry(partition).or_default().push((number, record(number, event)));
        }
        for (partition, records) in by_partition {
            let (numbers, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
            let to = self.topic.partition(PartitionId::new(partition));
            self.broker.append(&to, records, Durability::Cache).map_err(produce_error)?;
            if let Some(last) = numbers.last() {
                state.written.insert(partition, *last);
            }
        }
        Ok(())
    }

    fn partition_of(&self, number: u64, event: &Event) -> u32 {
        match (&event.partition, &event.key) {
            (Some(partition), _) if partition.get() < self.partitions => partition.get(),
            (_, Some(key)) => partition_for_key(key, self.partitions),
            _ => (number % u64::from(self.partitions)) as u32,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next events that have arrived by a stream time, each with its number.
    fn take(&mut self, to: Option<i64>, count: u64) -> Vec<(u64, Event)> {
        let mut batch = Vec::new();
        while (batch.len() as u64) < count {
            let next = self.events.next_arrival();
            if next.is_none_or(|at| to.is_some_and(|t| at.millis() > t)) {
                break;
            }
            let number = self.events.position();
            batch.extend(self.events.next().map(|event| (number, event)));
        }
        batch
    }

    /// The clock comes to rest where it was told to, though the last event may be earlier.
    fn rest(&mut self, until: Until) {
        self.finished = self.events.next_arrival().is_none();
        if let Some(time) = until.time {
            self.clock = Some(self.clock.map_or(time, |clock| clock.max(time)));
        }
    }
}

fn record(number: u64, event: Event) -> NewRecord {
    let header = Header {
        key: Bytes::from_static(HEADER.as_bytes()),
        value: Some(Bytes::from(number.to_string())),
    };
    NewRecord {
        key: event.key,
        value: Some(event.value),
        headers: vec![header],
        timestamp: Some(event.arrival_time),
    }
}
