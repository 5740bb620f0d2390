//! Turns events in the order they happened into the order they arrive.
//!
//! * The input is sorted by event time, and no event arrives before it happened; so at most the events of the longest
//!   delay wait here.
//! * Events that arrive in the same millisecond keep the order in which they were made.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    iter::Peekable,
};

use super::Event;

/// Events in the order of their arrival.
#[derive(Debug)]
pub(super) struct ByArrival<I: Iterator<Item = Event>> {
    made: Peekable<I>,
    waiting: BTreeMap<u64, Event>,
    due: BinaryHeap<Reverse<(i64, u64)>>,
    count: u64,
}

impl<I: Iterator<Item = Event>> ByArrival<I> {
    pub(super) fn new(made: I) -> Self {
        let (waiting, due) = (BTreeMap::new(), BinaryHeap::new());
        Self { made: made.peekable(), waiting, due, count: 0 }
    }

    fn take(&mut self, number: u64) -> Option<Event> {
        self.due.pop();
        self.waiting.remove(&number)
    }
}

impl<I: Iterator<Item = Event>> Iterator for ByArrival<I> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let due = self.due.peek().map(|Reverse(due)| *due);
            let Some(made) = self.made.peek() else {
                return due.and_then(|(_, number)| self.take(number));
            };
            if let Some((at, number)) = due
                && at <= made.event_time.millis()
            {
                return self.take(number);
            }
            let event = self.made.next()?;
            self.due.push(Reverse((event.arrival_time.millis(), self.count)));
            self.waiting.insert(self.count, event);
            self.count += 1;
        }
    }
}
