//! A clock that moves only when a test says so.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use pancake_types::{Clock, Timestamp};

/// A clock in a test's hand. Share it with an `Arc`.
#[derive(Debug)]
pub struct SimClock(Mutex<Times>);

#[derive(Clone, Copy, Debug)]
struct Times {
    wall: Timestamp,
    monotonic: Duration,
}

impl SimClock {
    /// A clock that stands at a moment.
    pub fn new(wall: Timestamp) -> Self {
        Self(Mutex::new(Times { wall, monotonic: Duration::ZERO }))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        times.wall = Timestamp::from_millis(times.wall.millis().saturating_add(millis));
        times.monotonic = times.monotonic.saturating_add(by);
    }

    /// Sets the wall clock, as an administrator might; the monotonic time does not notice.
    pub fn set_wall(&self, wall: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wall = wall;
    }

    fn times(&self) -> Times {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.times().wall
    }

    fn monotonic(&self) -> Duration {
        self.times().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_only_when_told() {
        let clock = SimClock::new(Timestamp::from_millis(1_000));
        assert_eq!(clock.now(), Timestamp::from_millis(1_000));
        clock.advance(Duration::from_millis(5));
        assert_eq!(clock.now(), Timestamp::from_millis(1_005));
        clock.set_wall(Timestamp::from_millis(0));
        assert_eq!(clock.monotonic(), Duration::from_millis(5));
    }
}
