//! Seeded sequences of events for labs and tests: orders, ratings, clicks.
//!
//! * The same generator with the same parameters gives the same events in the same order, byte for byte; event 417 is the
//!   same event for everybody.
//! * Events come in the order of their arrival; nothing here reads a clock or waits. Whoever plays them decides when.
//! * [`Events::skip_to`] makes a sequence resume where another run stopped.
//!
//! Start reading at [`Generators::open`]; a generator of its own begins in [`orders`].

pub mod clickstream;
pub(crate) mod dice;
pub mod orders;
mod params;
pub mod ratings;
mod reorder;

use std::{collections::BTreeMap, fmt, iter::Peekable, path::PathBuf};

use bytes::Bytes;
use pancake_types::{PartitionId, Timestamp};
use serde_json::Value;

pub(crate) use dice::Dice;
pub use params::Params;

use crate::dataset::{DatasetError, anime};

/// One record that a generator would write to its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened; also in its value.
    pub event_time: Timestamp,
    /// When it reaches the log: the stream clock that a feed plays by, and the record's timestamp.
    pub arrival_time: Timestamp,
    /// The record's key.
    pub key: Option<Bytes>,
    /// The record's value, JSON unless a dirty row was asked for.
    pub value: Bytes,
    /// The partition it belongs to, below the parameter `partitions`; by the key's hash when absent.
    pub partition: Option<PartitionId>,
}

/// A generator's events in the order of their arrival, and how many of them have been taken.
pub struct Events {
    rest: Peekable<Box<dyn Iterator<Item = Event> + Send>>,
    position: u64,
    until: Option<Timestamp>,
}

impl Events {
    /// Counts a sequence of events that are in the order of their arrival; `until` is where it ends, if that is known.
    pub fn new(
        events: impl Iterator<Item = Event> + Send + 'static,
        until: Option<Timestamp>,
    ) -> Self {
        let events: Box<dyn Iterator<Item = Event> + Send> = Box::new(events);
        Self { rest: events.peekable(), position: 0, until }
    }

    /// How many events have been taken or skipped.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Stream time of the end: every event has arrived by then.
    pub fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// When the next event arrives, without taking it; `None` at the end.
    pub fn next_arrival(&mut self) -> Option<Timestamp> {
        self.rest.peek().map(|event| event.arrival_time)
    }

    /// Goes forward to a position (a count of events); behind the current one it does nothing. Stops at the end.
    pub fn skip_to(&mut self, position: u64) {
        while self.position < position && self.next().is_some() {}
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let event = self.rest.next()?;
        self.position += 1;
        Some(event)
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("position", &self.position)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A generator as a list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeneratorInfo {
    /// Its name in `generator:`.
    pub name: &'static str,
    /// What it makes, in one sentence.
    pub about: &'static str,
    /// Parameters that it reads, beside `seed`, `rate`, `start`, `until`, `partitions` and `events`.
    pub parameters: &'static [&'static str],
}

/// All generators, sorted by name.
pub const GENERATORS: [GeneratorInfo; 4] =
    [anime::INFO, clickstream::INFO, orders::INFO, ratings::INFO];

/// Opens generators by name.
#[derive(Clone, Debug)]
pub struct Generators {
    /// Where pulled files lie (the home's `blobs`); only the generator `anime` reads there.
    pub blobs: PathBuf,
}

impl Generators {
    /// Opens a generator at its first event.
    pub fn open(
        &self,
        name: &str,
        params: &BTreeMap<String, Value>,
    ) -> Result<Events, GeneratorError> {
        let Some(info) = GENERATORS.iter().find(|info| info.name == name) else {
            return Err(GeneratorError::Unknown { name: name.to_owned() });
        };
        let params = Params::new(info, params)?;
        match info.name {
            "orders" => Ok(orders::open(&params)?),
            "ratings" => Ok(ratings::open(&params)?),
            "clickstream" => Ok(clickstream::open(&params)?),
            _ => anime::open(&self.blobs, &params),
        }
    }
}

/// Why a generator cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// No generator has this name.
    #[error("no generator is named `{name}`; there are {}", names().join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The generator has no such parameter.
    #[error("generator `{generator}` has no parameter `{name}`; it knows {}", known.join(", "))]
    UnknownParameter {
        /// The generator.
        generator: &'static str,
        /// The parameter.
        name: String,
        /// What it knows.
        known: Vec<&'static str>,
    },
    /// A parameter has a value that cannot be read.
    #[error("parameter `{name}` is `{value}`; it must be {expected}")]
    Malformed {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: String,
    },
    /// The data set behind the generator cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

fn names() -> Vec<&'static str> {
    GENERATORS.iter().map(|info| info.name).collect()
}

#[cfg(test)]
mod tests;
