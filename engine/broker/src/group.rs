//! One consumer group: who is in it, which generation it is in, who waits for what.
//!
//! * It is a plain state machine: the time comes in, answers go out through channels, nothing here waits.
//! * Every member that waits in a join or a sync is answered exactly once: with a result, or when the group is dropped.
//! * A generation's number only grows; a member that speaks of another one is refused.
//!
//! Start reading at [`Group::join`], then [`Group::complete_join`].

mod join;
mod member;
mod sync;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub(crate) use join::{Join, Joined};
pub(crate) use member::{Member, MemberId};
pub(crate) use sync::{Sync, Synced};

use crate::wire::ErrorCode;

/// Where a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// No members; offsets may be there.
    Empty,
    /// Members are being called together.
    PreparingRebalance,
    /// All have joined; the leader's assignment is awaited.
    CompletingRebalance,
    /// Everyone knows their partitions.
    Stable,
    /// There is no such group.
    Dead,
}

impl GroupState {
    /// Kafka's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

impl std::fmt::Display for GroupState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Bounds and delays of a group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupRules {
    /// Members at most.
    pub(crate) members_max: usize,
    /// How long the first rebalance waits for more members.
    pub(crate) initial_delay: Duration,
}

/// A consumer group.
#[derive(Debug)]
pub(crate) struct Group {
    rules: GroupRules,
    pub(crate) state: GroupState,
    generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    leader: Option<MemberId>,
    pub(crate) members: BTreeMap<MemberId, Member>,
    /// Ids that were given out and not yet used, with the moment at which they are forgotten.
    pending: BTreeMap<MemberId, Duration>,
    /// While a rebalance is prepared: when it goes on without who is missing.
    rebalance_at: Duration,
    /// While a first rebalance is delayed: it does not complete before.
    not_before: Duration,
}

impl Group {
    /// A group without members.
    pub(crate) fn new(rules: GroupRules) -> Self {
        Self {
            rules,
            state: GroupState::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            rebalance_at: Duration::ZERO,
            not_before: Duration::ZERO,
        }
    }

    /// Whether nobody is in the group or about to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty() && self.pending.is_empty()
    }

    /// A member says that it is alive.
    pub(crate) fn heartbeat(
        &mut self,
        id: &MemberId,
        instance: Option<&str>,
        generation: i32,
        now: Duration,
    ) -> ErrorCode {
        if let Err(code) = self.check_member(id, instance, generation) {
            return code;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.touch(now);
        }
        match self.state {
            GroupState::PreparingRebalance => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }

    /// Whether a member may commit offsets. A client that is in no group may, as long as nobody else is in it.
    pub(crate) fn check_commit(
        &mut self,
        id: &MemberId,
        instance: Option<&str>,
        generation: i32,
        now: Duration,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && id.is_empty() {
            let free = self.members.is_empty();
            return if free { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) };
        }
        self.check_member(id, instance, generation)?;
        if let Some(member) = self.members.get_mut(id) {
            member.touch(now);
        }
        match self.state {
            GroupState::CompletingRebalance => Err(ErrorCode::REBALANCE_IN_PROGRESS),
            _ => Ok(()),
        }
    }

    fn check_member(
        &self,
        id: &MemberId,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), ErrorCode> {
        self.check_instance(id, instance)?;
        if !self.members.contains_key(id) {
            return Err(ErrorCode::UNKNOWN_MEMBER_ID);
        }
        if generation != self.generation {
            return Err(ErrorCode::ILLEGAL_GENERATION);
        }
        Ok(())
    }

    /// A static member's id must be the one its instance has now.
    fn check_instance(&self, id: &MemberId, instance: Option<&str>) -> Result<(), ErrorCode> {
        let Some(instance) = instance else { return Ok(()) };
        match self.member_of_instance(instance) {
            Some(current) if current == id => Ok(()),
            Some(_) => Err(ErrorCode::FENCED_INSTANCE_ID),
            None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
        }
    }

    fn member_of_instance(&self, instance: &str) -> Option<&MemberId> {
        let mut members = self.members.iter();
        members.find(|(_, m)| m.instance.as_deref() == Some(instance)).map(|(id, _)| id)
    }

    /// A member leaves, by its id or by its instance.
    pub(crate) fn leave(
        &mut self,
        id: &MemberId,
        instance: Option<&str>,
        now: Duration,
    ) -> ErrorCode {
        if self.pending.remove(id).is_some() {
            self.complete_if_all_joined(now);
            return ErrorCode::NONE;
        }
        let known = match instance {
            Some(instance) => self.member_of_instance(instance).cloned(),
            None => self.members.contains_key(id).then(|| id.clone()),
        };
        match known {
            None => ErrorCode::UNKNOWN_MEMBER_ID,
            Some(known) if !id.is_empty() && known != *id => ErrorCode::FENCED_INSTANCE_ID,
            Some(known) => {
                self.remove(&known, now);
                ErrorCode::NONE
            }
        }
    }

    /// Takes a member out and calls the others together.
    fn remove(&mut self, id: &MemberId, now: Duration) {
        let Some(member) = self.members.remove(id) else { return };
        member.refuse(ErrorCode::UNKNOWN_MEMBER_ID);
        if self.leader.as_ref() == Some(id) {
            self.leader = None;
        }
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => self.prepare(now),
            _ => self.complete_if_all_joined(now),
        }
    }

    /// Lets time pass: sessions end, and a rebalance goes on without who has not come.
    pub(crate) fn tick(&mut self, now: Duration) {
        self.pending.retain(|_, until| *until > now);
        let late: Vec<_> =
            self.members.iter().filter(|(_, m)| m.is_late(now)).map(|(id, _)| id.clone()).collect();
        for id in late {
            tracing::info!(member = %id, "session ended");
            self.remove(&id, now);
        }
        if self.state == GroupState::PreparingRebalance {
            if now >= self.rebalance_at {
                self.complete_join(now);
            } else {
                self.complete_if_all_joined(now);
            }
        }
    }

    /// The next moment at which [`Group::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Duration> {
        let sessions = self.members.values().filter_map(Member::ends_at);
        let pending = self.pending.values().copied();
        let rebalance = (self.state == GroupState::PreparingRebalance).then(|| {
            let delayed = self.all_joined() && self.not_before < self.rebalance_at;
            if delayed { self.not_before } else { self.rebalance_at }
        });
        sessions.chain(pending).chain(rebalance).min()
    }
}
