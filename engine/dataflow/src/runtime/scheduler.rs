//! Who steps tasks. A task says what it needs; a scheduler gives it time.
//!
//! * [`Threads`] gives each task a thread, which sleeps on the task's signal.
//! * [`crate::Simulation`] steps all tasks in one thread, in an order that a seed decides.

use std::{io, thread, time::Duration};

use super::simulation::VirtualClock;

/// What a task needs after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do at once.
    Again,
    /// Nothing to do before a signal comes or this much time has gone by.
    Wait(Option<Duration>),
    /// The task is over and wants no more steps.
    Done,
}

/// Something that is stepped.
pub trait Task: Send {
    /// Does a bounded piece of work without blocking.
    fn step(&mut self) -> Step;
    /// Blocks until the task's signal comes or the time is over.
    fn wait(&self, timeout: Option<Duration>);
    /// Whether a signal came since the last time; forgets it.
    fn take_signal(&self) -> bool;
    /// A name for people.
    fn name(&self) -> String;
}

/// Waits until all tasks of a job are over.
pub type Join = Box<dyn FnOnce() + Send>;

/// Gives the tasks of jobs time to run.
pub trait Scheduler {
    /// Takes over the tasks of a job. The result waits for their end.
    fn schedule(&self, job: &str, tasks: Vec<Box<dyn Task>>) -> io::Result<Join>;
    /// The seed of every choice that tasks make, where runs are to be repeatable.
    fn seed(&self) -> Option<u64> {
        None
    }
    /// The clock of scheduled tasks, where it is not the job's own.
    fn clock(&self) -> Option<VirtualClock> {
        None
    }
}

/// One thread per task.
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

impl Scheduler for Threads {
    fn schedule(&self, job: &str, tasks: Vec<Box<dyn Task>>) -> io::Result<Join> {
        let mut threads = Vec::with_capacity(tasks.len());
        for task in tasks {
            // The system cuts names of threads; what the job is called comes last.
            let name = format!("{} {job}", task.name());
            threads.push(thread::Builder::new().name(name).spawn(move || run(task))?);
        }
        Ok(Box::new(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a task of a job panicked outside its step");
                }
            }
        }))
    }
}

fn run(mut task: Box<dyn Task>) {
    loop {
        match task.step() {
            Step::Again => {}
            Step::Wait(timeout) => task.wait(timeout),
            Step::Done => return,
        }
    }
}
