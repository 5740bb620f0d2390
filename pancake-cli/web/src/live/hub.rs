//! What was said on each channel: a bounded ring of frames and the whole state as one frame.

use std::{
    collections::VecDeque,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pancake_types::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// Frames that a channel of changes keeps for those who come back.
const RING_FRAMES_MAX: usize = 256;
/// Live connections at a time.
pub(crate) const SEATS_MAX: usize = 256;
/// Numbers per millisecond of the clock at the start: more than are ever used, so a restart goes on above.
const SEQ_PER_MS: u64 = 1_000;

/// A channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Name {
    /// The labs of the attendee: each change, in order.
    Me,
    /// The services as they are.
    Services,
    /// The jobs as they are.
    Jobs,
}

impl Name {
    /// All channels.
    pub(crate) const ALL: [Self; 3] = [Self::Me, Self::Services, Self::Jobs];

    fn newest_wins(self) -> bool {
        self != Self::Me
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Me => "me",
            Self::Services => "services",
            Self::Jobs => "jobs",
        })
    }
}

/// A channel that does not exist.
#[derive(Debug, thiserror::Error)]
#[error("no channel is named `{0}`; there are me, services and jobs")]
pub(crate) struct UnknownChannel(String);

impl FromStr for Name {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        let found = Self::ALL.into_iter().find(|name| name.to_string() == text);
        found.ok_or_else(|| UnknownChannel(text.to_owned()))
    }
}

/// One frame as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) seq: u64,
    pub(crate) text: Arc<str>,
}

impl Frame {
    fn new(name: Name, seq: u64, t: &str, data: &Value) -> Self {
        let text = json!({ "ch": name.to_string(), "seq": seq, "t": t, "data": data }).to_string();
        Self { seq, text: text.into() }
    }

    fn gap(name: Name, seq: u64) -> Self {
        let text = json!({ "ch": name.to_string(), "seq": seq, "t": "gap" }).to_string();
        Self { seq, text: text.into() }
    }
}

#[derive(Debug, Default)]
struct Channel {
    whole: Option<(Frame, Value)>,
    ring: VecDeque<Frame>,
    /// Number of the newest frame that the ring has lost.
    lost: u64,
}

#[derive(Debug)]
struct Inner {
    seq: u64,
    channels: [Channel; Name::ALL.len()],
    listeners: [usize; Name::ALL.len()],
}

/// All channels of the process.
#[derive(Debug)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    wanted: Notify,
    seats: Arc<Semaphore>,
}

/// A live connection's place; free again when dropped.
pub(crate) type Seat = OwnedSemaphorePermit;

/// Somebody listens on a channel for as long as this lives.
#[derive(Debug)]
pub(crate) struct Listening {
    hub: Arc<Hub>,
    name: Name,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(n) = self.hub.lock().listeners.get_mut(self.name as usize) {
            *n = n.saturating_sub(1);
        }
    }
}

impl Hub {
    /// A hub whose numbers begin above those of every earlier process.
    pub(crate) fn new(now: Timestamp) -> Self {
        let seq = now.millis().max(0).cast_unsigned().saturating_mul(SEQ_PER_MS);
        let channels = Name::ALL.map(|_| Channel { lost: seq, ..Channel::default() });
        Self {
            inner: Mutex::new(Inner { seq, channels, listeners: [0; Name::ALL.len()] }),
            changed: watch::Sender::new(seq),
            wanted: Notify::new(),
            seats: Arc::new(Semaphore::new(SEATS_MAX)),
        }
    }

    /// A place for one more live connection, if there is room.
    pub(crate) fn seat(&self) -> Option<Seat> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Live connections now.
    pub(crate) fn seated(&self) -> usize {
        SEATS_MAX.saturating_sub(self.seats.available_permits())
    }

    /// Announces a listener, so that the channel is fed.
    pub(crate) fn listen(self: &Arc<Self>, name: Name) -> Listening {
        if let Some(n) = self.lock().listeners.get_mut(name as usize) {
            *n += 1;
        }
        self.wanted.notify_one();
        Listening { hub: Arc::clone(self), name }
    }

    /// Whether anybody listens on a channel.
    pub(crate) fn has_listeners(&self, name: Name) -> bool {
        self.lock().listeners.get(name as usize).is_some_and(|n| *n > 0)
    }

    /// Resolves when somebody new listens.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Tells when anything is said on any channel.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Says what a channel's state is; nothing is said if it is as it was.
    pub(crate) fn publish(&self, name: Name, t: &str, whole: &impl Serialize) {
        let whole = serde_json::to_value(whole).unwrap_or_default();
        self.say(name, (t, whole), &[]);
    }

    /// Says which items of a list changed; the list as a whole, if items came or went.
    pub(crate) fn publish_items<T: Serialize>(
        &self,
        name: Name,
        (one, all): (&str, &str),
        items: &[T],
    ) {
        let items: Vec<Value> =
            items.iter().map(|item| serde_json::to_value(item).unwrap_or_default()).collect();
        let before = self.whole(name);
        let same_items =
            before.as_ref().and_then(Value::as_array).filter(|b| b.len() == items.len());
        let changes: Vec<(&str, Value)> = same_items
            .into_iter()
            .flat_map(|before| before.iter().zip(&items))
            .filter(|(old, new)| old != new)
            .map(|(_, new)| (one, new.clone()))
            .collect();
        self.say(name, (all, Value::Array(items)), &changes);
    }

    fn whole(&self, name: Name) -> Option<Value> {
        let inner = self.lock();
        inner.channels.get(name as usize)?.whole.as_ref().map(|(_, data)| data.clone())
    }

    /// Appends the changes, or the whole where nothing smaller is known, and keeps the whole for newcomers.
    fn say(&self, name: Name, (t, data): (&str, Value), changes: &[(&str, Value)]) {
        let mut inner = self.lock();
        let mut seq = inner.seq;
        let Some(channel) = inner.channels.get_mut(name as usize) else { return };
        if channel.whole.as_ref().is_some_and(|(_, before)| *before == data) {
            return;
        }
        let whole = [(t, data.clone())];
        let said = if changes.is_empty() { &whole } else { changes };
        for (t, data) in said {
            seq += 1;
            if channel.ring.len() == RING_FRAMES_MAX {
                channel.lost = channel.ring.pop_front().map_or(channel.lost, |old| old.seq);
            }
            channel.ring.push_back(Frame::new(name, seq, t, data));
        }
        if name.newest_wins() {
            channel.ring.clear();
        }
        channel.whole = Some((Frame::new(name, seq, t, &data), data));
        inner.seq = seq;
        drop(inner);
        self.changed.send_replace(seq);
    }

    /// What a follower who has seen everything up to `seen` has to be told.
    pub(crate) fn after(&self, name: Name, seen: Option<u64>) -> Vec<Frame> {
        let inner = self.lock();
        let Some(channel) = inner.channels.get(name as usize) else { return Vec::new() };
        let Some((whole, _)) = &channel.whole else { return Vec::new() };
        match seen {
            None => vec![whole.clone()],
            Some(seen) if seen == whole.seq => Vec::new(),
            // Numbers that this process never gave, or frames that the ring has lost.
            Some(seen) if seen > whole.seq || (seen < channel.lost && !name.newest_wins()) => {
                vec![Frame::gap(name, whole.seq), whole.clone()]
            }
            Some(_) if name.newest_wins() => vec![whole.clone()],
            Some(seen) => channel.ring.iter().filter(|frame| frame.seq > seen).cloned().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is whole before the lock is given back, also after a panic in a serializer.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub() -> Hub {
        Hub::new(Timestamp::from_millis(1_000))
    }

    fn kinds(frames: &[Frame]) -> Vec<String> {
        let kind = |frame: &Frame| {
            let value: Value = serde_json::from_str(&frame.text).unwrap();
            value["t"].as_str().unwrap().to_owned()
        };
        frames.iter().map(kind).collect()
    }

    #[test]
    fn a_newcomer_gets_the_whole_and_then_each_change() {
        let hub = hub();
        assert!(hub.after(Name::Me, None).is_empty());
        hub.publish_items(Name::Me, ("lab", "labs"), &[1, 1]);
        let first = hub.after(Name::Me, None);
        assert_eq!(kinds(&first), ["labs"]);
        hub.publish_items(Name::Me, ("lab", "labs"), &[1, 1]);
        assert!(hub.after(Name::Me, Some(first[0].seq)).is_empty(), "nothing changed");
        hub.publish_items(Name::Me, ("lab", "labs"), &[2, 1]);
        hub.publish_items(Name::Me, ("lab", "labs"), &[3, 4]);
        let then = hub.after(Name::Me, Some(first[0].seq));
        assert_eq!(kinds(&then), ["lab", "lab", "lab"]);
        assert!(hub.after(Name::Me, Some(then[2].seq)).is_empty());
        hub.publish_items(Name::Me, ("lab", "labs"), &[3, 4, 5]);
        assert_eq!(kinds(&hub.after(Name::Me, Some(then[2].seq))), ["labs"]);
        assert_eq!(kinds(&hub.after(Name::Me, None)), ["labs"]);
    }

    #[test]
    fn who_falls_behind_the_ring_gets_a_gap_and_the_whole() {
        let hub = hub();
        hub.publish_items(Name::Me, ("lab", "labs"), &[0]);
        let seen = hub.after(Name::Me, None)[0].seq;
        for n in 1..=RING_FRAMES_MAX {
            hub.publish_items(Name::Me, ("lab", "labs"), &[n]);
        }
        assert_eq!(hub.after(Name::Me, Some(seen)).len(), RING_FRAMES_MAX);
        hub.publish_items(Name::Me, ("lab", "labs"), &[0]);
        assert_eq!(kinds(&hub.after(Name::Me, Some(seen))), ["gap", "labs"]);
    }

    #[test]
    fn numbers_of_another_process_mean_a_gap() {
        let before = hub();
        before.publish(Name::Me, "labs", &1);
        let seen = before.after(Name::Me, None)[0].seq;
        let after = Hub::new(Timestamp::from_millis(2_000));
        after.publish(Name::Me, "labs", &1);
        assert_eq!(kinds(&after.after(Name::Me, Some(seen))), ["gap", "labs"]);
        assert_eq!(kinds(&after.after(Name::Me, Some(u64::MAX))), ["gap", "labs"]);
    }

    #[test]
    fn of_a_state_only_the_newest_is_told_and_only_if_it_changed() {
        let hub = hub();
        hub.publish(Name::Services, "services", &1);
        let seen = hub.after(Name::Services, None)[0].seq;
        hub.publish(Name::Services, "services", &1);
        assert!(hub.after(Name::Services, Some(seen)).is_empty());
        hub.publish(Name::Services, "services", &2);
        hub.publish(Name::Services, "services", &3);
        let frames = hub.after(Name::Services, Some(seen));
        assert_eq!(kinds(&frames), ["services"]);
        assert!(frames[0].text.contains("\"data\":3"));
    }

    #[test]
    fn seats_are_bounded_and_come_back() {
        let hub = hub();
        let seats: Vec<Seat> = (0..SEATS_MAX).map(|_| hub.seat().unwrap()).collect();
        assert!(hub.seat().is_none());
        drop(seats);
        assert_eq!(hub.seated(), 0);
        assert!(hub.seat().is_some());
    }
}
