//! One member of a group, and what it waits for.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Joined, Synced};
use crate::wire::ErrorCode;

/// A member's id; a new member has none yet, which is the empty one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MemberId(Arc<str>);

impl MemberId {
    /// The id with a text.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether the member has not been given an id.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A member of a group.
#[derive(Debug)]
pub(crate) struct Member {
    /// What the client calls itself.
    pub(crate) client_id: String,
    /// Where it comes from.
    pub(crate) client_host: String,
    /// The name that stays the same over restarts, if it has one.
    pub(crate) instance: Option<String>,
    /// How long it may be silent.
    pub(crate) session: Duration,
    /// How long others wait for it in a rebalance.
    pub(crate) patience: Duration,
    /// Protocols it speaks, best first, with what it says in each.
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// What the leader gave it.
    pub(crate) assignment: Bytes,
    /// When its session ends, unless it waits.
    pub(crate) until: Duration,
    /// Waits for a generation.
    pub(super) joining: Option<oneshot::Sender<Result<Joined, ErrorCode>>>,
    /// Waits for an assignment.
    pub(super) syncing: Option<oneshot::Sender<Result<Synced, ErrorCode>>>,
}

impl Member {
    /// What it says in a protocol.
    pub(crate) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let said = self.protocols.iter().find(|(name, _)| Some(name.as_str()) == protocol);
        said.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Its session begins anew.
    pub(super) fn touch(&mut self, now: Duration) {
        self.until = now + self.session;
    }

    /// When its session ends; one that waits for the others is not silent.
    pub(super) fn ends_at(&self) -> Option<Duration> {
        (self.joining.is_none() && self.syncing.is_none()).then_some(self.until)
    }

    pub(super) fn is_late(&self, now: Duration) -> bool {
        self.ends_at().is_some_and(|until| until <= now)
    }

    /// Answers whatever it waits for with an error.
    pub(super) fn refuse(self, code: ErrorCode) {
        if let Some(joining) = self.joining {
            let _gone = joining.send(Err(code));
        }
        if let Some(syncing) = self.syncing {
            let _gone = syncing.send(Err(code));
        }
    }
}
