//! The bounded queue between two subtasks, and the signal that wakes one.
//!
//! * One writer, one reader. Bounded in messages and in rows; one message always fits, so that no batch is too large.
//! * A signal that comes while its task is awake is kept, so no wake-up is lost.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use pancake_types::Watermark;

use crate::{ChangeBatch, CheckpointId};

/// What travels between subtasks.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    /// Rows.
    Data(ChangeBatch),
    /// No later row has event time at or before this.
    Watermark(Watermark),
    /// Nothing will come for a while: hold no watermark back for this channel. Rows or a watermark end it.
    Idle,
    /// Everything before belongs to this checkpoint, everything after does not.
    Barrier(CheckpointId),
    /// Nothing comes any more.
    End,
}

impl Msg {
    pub(crate) fn rows(&self) -> usize {
        match self {
            Self::Data(batch) => batch.num_rows(),
            Self::Watermark(_) | Self::Idle | Self::Barrier(_) | Self::End => 0,
        }
    }
}

/// Locks, also after a panic elsewhere: what is guarded here is never left half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one task.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    set: AtomicBool,
    gate: Mutex<()>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn notify(&self) {
        if !self.set.swap(true, Ordering::SeqCst) {
            drop(lock(&self.gate));
            self.changed.notify_one();
        }
    }

    /// Whether there was a signal since the last time; forgets it.
    pub(crate) fn take(&self) -> bool {
        self.set.swap(false, Ordering::SeqCst)
    }

    /// Whether there was a signal since it was last taken.
    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    /// Waits for a signal, or for `timeout`; the signal stays until it is taken.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let guard = lock(&self.gate);
        if self.is_set() {
            return;
        }
        match timeout {
            Some(timeout) => {
                let waited = self.changed.wait_timeout(guard, timeout);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
            None => drop(self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// How much a channel holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelLimits {
    pub(crate) messages_max: usize,
    pub(crate) rows_max: usize,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Msg>,
    rows: usize,
    refused: bool,
}

/// A bounded queue from one subtask to another.
#[derive(Debug)]
pub(crate) struct Channel {
    queue: Mutex<Queue>,
    limits: ChannelLimits,
    reader: Arc<Signal>,
    writer: Arc<Signal>,
}

impl Channel {
    pub(crate) fn new(limits: ChannelLimits, writer: &Arc<Signal>, reader: &Arc<Signal>) -> Self {
        Self {
            queue: Mutex::default(),
            limits,
            reader: Arc::clone(reader),
            writer: Arc::clone(writer),
        }
    }

    /// Puts a message in, or gives it back when there is no room; then the writer is woken once there is.
    #[allow(clippy::result_large_err, reason = "a message that was refused is kept, not dropped")]
    pub(crate) fn try_send(&self, message: Msg) -> Result<(), Msg> {
        let mut queue = lock(&self.queue);
        let rows = message.rows();
        let full = queue.messages.len() >= self.limits.messages_max
            || (rows > 0 && queue.rows > 0 && queue.rows + rows > self.limits.rows_max);
        if full {
            queue.refused = true;
            return Err(message);
        }
        queue.rows += rows;
        queue.messages.push_back(message);
        drop(queue);
        self.reader.notify();
        Ok(())
    }

    pub(crate) fn try_receive(&self) -> Option<Msg> {
        let mut queue = lock(&self.queue);
        let message = queue.messages.pop_front()?;
        queue.rows -= message.rows();
        let wake = std::mem::take(&mut queue.refused);
        drop(queue);
        if wake {
            self.writer.notify();
        }
        Some(message)
    }

    /// How full it is, from 0 to 1.
    pub(crate) fn fullness(&self) -> f64 {
        let queue = lock(&self.queue);
        let messages = queue.messages.len() as f64 / self.limits.messages_max as f64;
        let rows = queue.rows as f64 / self.limits.rows_max as f64;
        messages.max(rows).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(messages_max: usize) -> (Channel, Arc<Signal>, Arc<Signal>) {
        let (writer, reader) = (Arc::new(Signal::default()), Arc::new(Signal::default()));
        let limits = ChannelLimits { messages_max, rows_max: 10 };
        (Channel::new(limits, &writer, &reader), writer, reader)
    }

    #[test]
    fn a_full_channel_gives_the_message_back_and_wakes_the_writer_later() {
        let (channel, writer, reader) = channel(2);
        assert!(channel.try_send(Msg::Idle).is_ok());
        assert!(channel.try_send(Msg::Idle).is_ok());
        assert!(reader.take() && !reader.take());
        assert!(channel.try_send(Msg::End).is_err());
        assert!(!writer.take());
        assert!(channel.try_receive().is_some());
        assert!(writer.take());
        assert!((channel.fullness() - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn a_signal_before_the_wait_is_not_lost() {
        let signal = Signal::default();
        signal.notify();
        signal.wait(None);
        assert!(signal.take() && !signal.take());
    }
}
