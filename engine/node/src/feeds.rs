//! Feeds: a seeded generator bound to a topic, with a stream clock that can be held.
//!
//! * Event *n* is the same event for everybody, and is written once: each record carries its number in a header, so a
//!   feed that was killed in the middle goes on behind the last number of each partition.
//! * The clock moves only when told: to a moment, by a number of events, or by itself at a speed.
//! * One mover at a time: a new move ends the one before.
//! * What feeds there are is in `_pancake.feeds`; where each stands is in its topic.

mod feed;
mod resume;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pancake_broker::Broker;
use pancake_connect::generator::Generators;
use pancake_types::Clock;
use tokio::task::JoinSet;

use crate::{
    NodeError,
    api::{FeedSpec, FeedView, PlayRequest},
    blocking,
    journal::Journal,
    nearest::nearest,
    node::Node,
};
use feed::{Feed, Until};

/// Topic that says what feeds there are.
const TOPIC: &str = "_pancake.feeds";
/// Feeds that may exist at once.
const FEEDS_MAX: usize = 1_000;
/// Pause between two steps of a feed that plays at a speed.
const TICK: Duration = Duration::from_millis(50);

/// All feeds.
#[derive(Debug)]
pub(crate) struct Feeds {
    broker: Broker,
    generators: Generators,
    clock: Arc<dyn Clock>,
    journal: Journal,
    feeds: Mutex<BTreeMap<String, Arc<Feed>>>,
    /// Feeds that play by themselves.
    players: Mutex<JoinSet<()>>,
}

impl Feeds {
    /// Restores what feeds there were, paused where they stood. Blocks.
    pub(crate) fn restore(
        broker: &Broker,
        generators: Generators,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, NodeError> {
        let journal = Journal::compacted(broker, TOPIC)?;
        let mut feeds = BTreeMap::new();
        for (name, value) in journal.newest()? {
            let Ok(spec) = serde_json::from_slice::<FeedSpec>(&value) else { continue };
            match Feed::open(broker, &generators, spec) {
                Ok(feed) => drop(feeds.insert(name, Arc::new(feed))),
                Err(error) => tracing::warn!(feed = name, %error, "a feed cannot be restored"),
            }
        }
        Ok(Self {
            broker: broker.clone(),
            generators,
            clock,
            journal,
            feeds: Mutex::new(feeds),
            players: Mutex::default(),
        })
    }

    fn get(&self, name: &str) -> Result<Arc<Feed>, NodeError> {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.get(name).cloned().ok_or_else(|| {
            let error = NodeError::not_found("unknown_feed", format!("there is no feed `{name}`"));
            match nearest(name, feeds.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("starting a lab makes its feeds"),
            }
        })
    }

    fn all(&self) -> Vec<Arc<Feed>> {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.values().cloned().collect()
    }

    /// Ends all movement.
    pub(crate) fn hold_all(&self) {
        for feed in self.all() {
            feed.hold();
        }
    }
}

impl Node {
    /// All feeds.
    pub fn feeds(&self) -> Vec<FeedView> {
        self.inner().feeds.all().iter().map(|f| f.view()).collect()
    }

    /// A feed by name.
    ///
    /// # Errors
    /// `unknown_feed`.
    pub fn feed(&self, name: &str) -> Result<FeedView, NodeError> {
        Ok(self.inner().feeds.get(name)?.view())
    }

    /// Binds a generator to a topic, its clock at the start, paused.
    ///
    /// # Errors
    /// `feed_exists`, `invalid_feed`.
    pub async fn create_feed(&self, spec: FeedSpec) -> Result<FeedView, NodeError> {
        let node = self.clone();
        blocking(move || {
            let feeds = &node.inner().feeds;
            let name = spec.name.clone();
            if feeds.get(&name).is_ok() {
                let message = format!("there is a feed `{name}` already");
                return Err(NodeError::new(crate::ErrorKind::Conflict, "feed_exists", message));
            }
            let value =
                serde_json::to_vec(&spec).map_err(|e| NodeError::internal(e.to_string()))?;
            let feed = Arc::new(Feed::open(&feeds.broker, &feeds.generators, spec)?);
            let mut all = feeds.feeds.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= FEEDS_MAX {
                let message = format!("there are {FEEDS_MAX} feeds; no more are allowed");
                return Err(NodeError::invalid("too_many_feeds", message));
            }
            feeds.journal.append(&name, Some(value))?;
            let view = feed.view();
            all.insert(name, feed);
            Ok(view)
        })
        .await
    }

    /// Forgets a feed; its topic stays.
    ///
    /// # Errors
    /// `unknown_feed`.
    pub async fn delete_feed(&self, name: &str) -> Result<(), NodeError> {
        let (node, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let feeds = &node.inner().feeds;
            feeds.get(&name)?.end();
            feeds.journal.append(&name, None)?;
            feeds.feeds.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            Ok(())
        })
        .await
    }

    /// Moves a feed's clock. Without a speed it returns when the stop is reached, with one at once.
    ///
    /// # Errors
    /// `unknown_feed`, and what the log says.
    pub async fn play_feed(&self, name: &str, request: PlayRequest) -> Result<FeedView, NodeError> {
        let feed = self.inner().feeds.get(name)?;
        let until = Until { time: request.to, events: request.events };
        match request.speed {
            Some(speed) if speed.is_finite() && speed > 0.0 => {
                self.inner().feeds.play_at(&feed, until, speed);
                Ok(feed.view())
            }
            Some(speed) => {
                Err(NodeError::invalid("invalid_speed", format!("a feed cannot play at {speed}")))
            }
            None => {
                let moving = Arc::clone(&feed);
                blocking(move || moving.play(until)).await?;
                Ok(feed.view())
            }
        }
    }

    /// Holds a feed's clock.
    ///
    /// # Errors
    /// `unknown_feed`.
    pub async fn pause_feed(&self, name: &str) -> Result<FeedView, NodeError> {
        let feed = self.inner().feeds.get(name)?;
        let held = Arc::clone(&feed);
        blocking(move || {
            held.hold();
            Ok(())
        })
        .await?;
        Ok(feed.view())
    }
}

impl Feeds {
    /// Lets a feed play by itself: `speed` stream seconds per second.
    fn play_at(&self, feed: &Arc<Feed>, until: Until, speed: f64) {
        let (feed, clock) = (Arc::clone(feed), Arc::clone(&self.clock));
        let turn = feed.begin();
        let began = clock.monotonic();
        let from = feed.stream_time();
        let mut players = self.players.lock().unwrap_or_else(PoisonError::into_inner);
        while players.try_join_next().is_some() {}
        players.spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            loop {
                ticks.tick().await;
                let passed = clock.monotonic().saturating_sub(began).as_secs_f64() * 1000.0 * speed;
                let now = from.saturating_add(passed as i64);
                let to = until.time.map_or(now, |end| end.min(now));
                let moving = Arc::clone(&feed);
                let step = blocking(move || moving.play_turn(turn, to)).await;
                match step {
                    Ok(true) if until.time.is_none_or(|end| now < end) => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(%error, "a feed stopped");
                        break;
                    }
                }
            }
            feed.end_turn(turn);
        });
    }
}
