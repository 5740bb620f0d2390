//! One thread, a virtual clock, and a seed that decides which task goes next: the same seed, the same run.
//!
//! * Tasks are the ones that threads run, so a failure found here is a failure of the product.
//! * Time stands still while anything can be done, then leaps to the next thing that waits for time.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use pancake_types::{Clock, Timestamp};

use super::{
    channel::lock,
    scheduler::{Join, Scheduler, Step, Task},
    subtask::Turns,
};

/// A clock that moves only when it is told to.
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Arc<AtomicU64>);

impl VirtualClock {
    fn advance_to(&self, time: Duration) {
        self.0.fetch_max(time.as_micros() as u64, Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.monotonic().as_millis() as i64)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Why a simulation stopped running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// All tasks are over.
    Done,
    /// The steps that were given are used up.
    OutOfSteps,
    /// Every task waits for something outside, none for time.
    Stuck,
}

/// Whether a task can be stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awake,
    /// Until a signal comes, and at most until a moment.
    Asleep(Option<Duration>),
}

impl State {
    const fn until(self) -> Option<Duration> {
        match self {
            Self::Asleep(until) => until,
            Self::Awake => None,
        }
    }
}

struct Actor {
    task: Box<dyn Task>,
    state: State,
}

/// A scheduler for tests: nothing runs until [`Simulation::run`]. Dropping it is a crash.
pub struct Simulation {
    actors: Mutex<Vec<Actor>>,
    turns: Mutex<Turns>,
    seed: u64,
    clock: VirtualClock,
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).finish_non_exhaustive()
    }
}

impl Simulation {
    /// A simulation whose every choice follows from a seed.
    pub fn new(seed: u64) -> Self {
        let turns = Mutex::new(Turns(seed ^ 0x9e37_79b9_7f4a_7c15));
        Self { actors: Mutex::default(), turns, seed, clock: VirtualClock::default() }
    }

    /// The clock of everything in it.
    pub fn virtual_clock(&self) -> VirtualClock {
        self.clock.clone()
    }

    /// Steps tasks, at most so many times.
    pub fn run(&self, steps_max: usize) -> Pause {
        let mut actors = lock(&self.actors);
        for _ in 0..steps_max {
            if actors.is_empty() {
                return Pause::Done;
            }
            let Some(index) = self.choose(&mut actors) else {
                if self.leap(&mut actors) {
                    continue;
                }
                return Pause::Stuck;
            };
            let Some(actor) = actors.get_mut(index) else { continue };
            match actor.task.step() {
                Step::Again => {}
                Step::Wait(time) => {
                    let until = time.map(|time| self.clock.monotonic().saturating_add(time));
                    actor.state = State::Asleep(until);
                }
                Step::Done => drop(actors.remove(index)),
            }
        }
        if actors.is_empty() { Pause::Done } else { Pause::OutOfSteps }
    }

    /// One of the tasks that can be stepped.
    fn choose(&self, actors: &mut [Actor]) -> Option<usize> {
        let mut ready = Vec::with_capacity(actors.len());
        for (index, actor) in actors.iter_mut().enumerate() {
            if actor.task.take_signal() {
                actor.state = State::Awake;
            }
            if actor.state == State::Awake {
                ready.push(index);
            }
        }
        let turn = lock(&self.turns).next();
        ready.get(turn.checked_rem(ready.len())?).copied()
    }

    /// Moves the clock to the next moment that a task waits for; false if there is none.
    fn leap(&self, actors: &mut [Actor]) -> bool {
        let Some(next) = actors.iter().filter_map(|actor| actor.state.until()).min() else {
            return false;
        };
        self.clock.advance_to(next);
        for actor in actors.iter_mut() {
            if actor.state.until().is_some_and(|until| until <= next) {
                actor.state = State::Awake;
            }
        }
        true
    }
}

impl Scheduler for Simulation {
    fn schedule(&self, _job: &str, tasks: Vec<Box<dyn Task>>) -> io::Result<Join> {
        let actors = tasks.into_iter().map(|task| Actor { task, state: State::Awake });
        lock(&self.actors).extend(actors);
        Ok(Box::new(|| {}))
    }

    fn seed(&self) -> Option<u64> {
        Some(self.seed)
    }

    fn clock(&self) -> Option<VirtualClock> {
        Some(self.clock.clone())
    }
}
