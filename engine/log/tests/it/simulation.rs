//! Crashes at random moments: what was synced stays, what stays is whole and dense, and nothing is there twice.

use std::cell::Cell;

use pancake_log::{AppendError, Log, LogOptions};
use pancake_testkit::{Fault, SimRng, SimStorage, for_seeds};

use crate::support::*;

const PRODUCER: i64 = 7;

/// One life after another of a log and of the one producer that writes to it.
struct World {
    storage: SimStorage,
    log: Log,
    /// Values by offset, as far as the log answered that it has them.
    taken: Vec<String>,
    /// Batches of the producer: first offset and values.
    sent: Vec<(u64, Vec<String>)>,
    /// Below this offset the log answered that all is durable.
    synced: usize,
    start: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let storage = sim(seed);
        let (log, _) = open(&storage, options());
        Self { storage, log, taken: Vec::new(), sent: Vec::new(), synced: 0, start: 0 }
    }

    fn sequence(&self) -> i32 {
        self.sent.iter().map(|(_, values)| values.len() as i32).sum()
    }

    fn append(&mut self, rng: &mut SimRng) -> bool {
        let first = self.taken.len();
        let count = 1 + rng.below(3) as usize;
        let values: Vec<_> =
            (first..first + count).map(|i| format!("{i}/{}", rng.next_u64())).collect();
        let texts: Vec<_> = values.iter().map(String::as_str).collect();
        let sent = produced((PRODUCER, 0, self.sequence()), &texts);
        match self.log.append(sent, NOW) {
            Ok(appended) => {
                assert_eq!(
                    (appended.base_offset, appended.duplicate),
                    (offset(first as u64), false)
                );
                self.taken.extend(values.clone());
                self.sent.push((first as u64, values));
                true
            }
            Err(AppendError::Storage(_) | AppendError::Poisoned) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn act(&mut self, rng: &mut SimRng) -> bool {
        match rng.below(20) {
            0..14 => self.append(rng),
            14..17 => {
                let done = self.log.sync().is_ok();
                if done {
                    self.synced = self.taken.len();
                }
                done
            }
            17..19 => self.log.roll().is_ok(),
            _ => {
                let to = self.start + rng.below(self.taken.len() as u64 - self.start + 1);
                let done = self.log.delete_before(offset(to)).is_ok();
                if done {
                    self.start = to;
                }
                done
            }
        }
    }

    /// After a failure the log must stand still until it is opened again.
    fn check_poisoned(&self) {
        let end = self.log.end_offset();
        assert!(self.log.append(produced((1, 0, 0), &["x"]), NOW).is_err());
        assert!(self.log.sync().is_err());
        assert_eq!(self.log.end_offset(), end);
    }

    fn crash(&mut self, kill: bool) {
        if kill {
            self.storage.kill();
        } else {
            self.storage.crash();
        }
        self.log = open(&self.storage, options()).0;
        let (start, end) = (self.log.start_offset().get(), self.log.end_offset().get() as usize);
        // A deletion that failed half way may hold or not; one that was answered holds.
        assert!(start >= self.start, "the start went back from {} to {start}", self.start);
        self.start = start;
        assert!(end >= self.synced, "{} were synced, {end} are left", self.synced);
        assert!(end <= self.taken.len() && (!kill || end == self.taken.len()));
        self.taken.truncate(end);
        self.check_contents();
        self.send_again();
        self.synced = self.synced.min(self.taken.len());
    }

    fn check_contents(&self) {
        let expected: Vec<_> = (self.start..).zip(&self.taken[self.start as usize..]).collect();
        let found = values(&self.log);
        assert_eq!(found.iter().map(|(o, v)| (*o, v)).collect::<Vec<_>>(), expected);
    }

    /// The producer does not know which of its last batches arrived, and sends from the last that did.
    fn send_again(&mut self) {
        let end = self.taken.len() as u64;
        let lost = self.sent.iter().position(|(base, _)| *base >= end).unwrap_or(self.sent.len());
        let again = self.sent.split_off(lost.saturating_sub(1));
        for (i, (base, values)) in again.into_iter().enumerate() {
            let texts: Vec<_> = values.iter().map(String::as_str).collect();
            let sent = produced((PRODUCER, 0, self.sequence()), &texts);
            let appended = self.log.append(sent, NOW).expect("nothing fails now");
            assert_eq!(appended.base_offset, offset(base));
            assert_eq!(appended.duplicate, i == 0 && lost > 0, "batch at {base}");
            if !appended.duplicate {
                self.taken.extend(values.clone());
            }
            self.sent.push((base, values));
        }
        self.check_contents();
    }
}

fn options() -> LogOptions {
    LogOptions { tail_cache_bytes_max: 500, ..small() }
}

#[test]
fn nothing_that_was_synced_is_ever_lost() {
    let (crashes, faults) = (Cell::new(0), Cell::new(0));
    for_seeds(400, |seed, rng| {
        let mut world = World::new(seed);
        for _ in 0..8 {
            if rng.one_in(2) {
                let fault = *rng.choose(&[Fault::PowerCut, Fault::Full, Fault::Io]);
                world.storage.fail_at(rng.below(60), fault);
            }
            for _ in 0..rng.below(40) {
                if !world.act(rng) {
                    faults.set(faults.get() + 1);
                    world.check_poisoned();
                    break;
                }
            }
            crashes.set(crashes.get() + 1);
            world.crash(rng.one_in(4));
        }
    });
    assert!(crashes.get() >= 8 && faults.get() >= crashes.get() / 10, "{faults:?} of {crashes:?}");
}
