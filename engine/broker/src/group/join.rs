//! Joining: members are called together, a protocol and a leader are chosen, a new generation begins.

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Group, GroupState, Member, MemberId};
use crate::wire::ErrorCode;

/// Who wants to join.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    /// Its id, or the empty one for a new member.
    pub(crate) id: MemberId,
    /// The id to give to a new member.
    pub(crate) new_id: MemberId,
    /// Whether a new member must first be told its id and ask again.
    pub(crate) announce_id: bool,
    pub(crate) instance: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session: Duration,
    pub(crate) patience: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
}

/// The generation that a member has joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: MemberId,
    pub(crate) id: MemberId,
    /// Everyone, for the leader; nobody for the others.
    pub(crate) roster: Roster,
}

/// Members with their instance and what they say in the chosen protocol.
pub(crate) type Roster = Vec<(MemberId, Option<String>, Bytes)>;

/// What a join waits for.
pub(crate) type JoinAnswer = oneshot::Receiver<Result<Joined, ErrorCode>>;

impl Group {
    /// Lets a member join; the answer comes when the generation is complete.
    pub(crate) fn join(&mut self, join: Join, now: Duration) -> Result<JoinAnswer, ErrorCode> {
        self.check_protocols(&join)?;
        let id = if join.id.is_empty() { self.admit(&join, now)? } else { self.known(&join)? };
        let (send, answer) = oneshot::channel();
        let returning = self.members.get(&id).is_some_and(|m| m.protocols == join.protocols);
        self.enter(&id, join, now);
        match self.state {
            // Nothing has changed, so it only learns again what it may have missed. A leader asks for a new round.
            GroupState::CompletingRebalance if returning => {
                let _gone = send.send(Ok(self.joined(&id)));
            }
            GroupState::Stable if returning && self.leader.as_ref() != Some(&id) => {
                let _gone = send.send(Ok(self.joined(&id)));
            }
            state => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.joining = Some(send);
                }
                if state != GroupState::PreparingRebalance {
                    self.prepare(now);
                }
                self.complete_if_all_joined(now);
            }
        }
        Ok(answer)
    }

    /// The protocols must suit everyone who is in the group.
    fn check_protocols(&self, join: &Join) -> Result<(), ErrorCode> {
        let wrong_type = self.protocol_type.as_ref().is_some_and(|t| *t != join.protocol_type);
        let mut others = self.members.iter().filter(|(id, _)| **id != join.id).peekable();
        let alone = others.peek().is_none();
        let common = |name: &str| {
            others.clone().all(|(_, m)| m.protocols.iter().any(|(other, _)| other == name))
        };
        let suits = join.protocols.iter().any(|(name, _)| common(name));
        if join.protocol_type.is_empty() || !suits || (!alone && wrong_type) {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        Ok(())
    }

    /// A member without an id.
    fn admit(&mut self, join: &Join, now: Duration) -> Result<MemberId, ErrorCode> {
        if let Some(instance) = &join.instance
            && let Some(old) = self.member_of_instance(instance).cloned()
        {
            self.replace(&old, &join.new_id);
            return Ok(join.new_id.clone());
        }
        if self.members.len() + self.pending.len() >= self.rules.members_max {
            return Err(ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        if join.announce_id && join.instance.is_none() {
            self.pending.insert(join.new_id.clone(), now + join.session);
            return Err(ErrorCode::MEMBER_ID_REQUIRED);
        }
        Ok(join.new_id.clone())
    }

    /// A static member has started again: it goes on under a new id, and the old one is fenced.
    fn replace(&mut self, old: &MemberId, new: &MemberId) {
        let Some(mut member) = self.members.remove(old) else { return };
        if let Some(joining) = member.joining.take() {
            let _gone = joining.send(Err(ErrorCode::FENCED_INSTANCE_ID));
        }
        if let Some(syncing) = member.syncing.take() {
            let _gone = syncing.send(Err(ErrorCode::FENCED_INSTANCE_ID));
        }
        self.members.insert(new.clone(), member);
        if self.leader.as_ref() == Some(old) {
            self.leader = Some(new.clone());
        }
    }

    /// A member with an id.
    fn known(&mut self, join: &Join) -> Result<MemberId, ErrorCode> {
        if self.pending.remove(&join.id).is_some() {
            return Ok(join.id.clone());
        }
        self.check_instance(&join.id, join.instance.as_deref())?;
        let known = self.members.contains_key(&join.id);
        if known { Ok(join.id.clone()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    /// Writes a member down, or what is new about it.
    fn enter(&mut self, id: &MemberId, join: Join, now: Duration) {
        if self.members.is_empty() {
            self.protocol_type = Some(join.protocol_type);
        }
        let old = self.members.remove(id);
        let (assignment, waiting) = match old {
            Some(old) => (old.assignment, old.joining),
            None => (Bytes::new(), None),
        };
        if let Some(waiting) = waiting {
            // The client asks again on another connection; nobody listens on the first any more.
            let _gone = waiting.send(Err(ErrorCode::UNKNOWN_MEMBER_ID));
        }
        let member = Member {
            client_id: join.client_id,
            client_host: join.client_host,
            instance: join.instance,
            session: join.session,
            patience: join.patience,
            protocols: join.protocols,
            assignment,
            until: now + join.session,
            joining: None,
            syncing: None,
        };
        self.members.insert(id.clone(), member);
    }

    /// Calls everyone together.
    pub(super) fn prepare(&mut self, now: Duration) {
        for member in self.members.values_mut() {
            if let Some(syncing) = member.syncing.take() {
                let _gone = syncing.send(Err(ErrorCode::REBALANCE_IN_PROGRESS));
                member.touch(now);
            }
        }
        let first = self.state == GroupState::Empty;
        let patience = self.members.values().map(|m| m.patience).max().unwrap_or_default();
        self.not_before = if first { now + self.rules.initial_delay } else { now };
        self.rebalance_at = self.not_before.max(now + patience);
        self.state = GroupState::PreparingRebalance;
        self.complete_if_all_joined(now);
    }

    pub(super) fn all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|m| m.joining.is_some())
    }

    pub(super) fn complete_if_all_joined(&mut self, now: Duration) {
        let preparing = self.state == GroupState::PreparingRebalance;
        if preparing && self.all_joined() && now >= self.not_before {
            self.complete_join(now);
        }
    }

    /// Begins a generation with who has come.
    pub(super) fn complete_join(&mut self, now: Duration) {
        let missing: Vec<_> = self
            .members
            .iter()
            .filter(|(_, m)| m.joining.is_none() && m.instance.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in &missing {
            self.members.remove(id);
        }
        self.generation = self.generation.wrapping_add(1).max(1);
        if self.members.values().all(|m| m.joining.is_none()) {
            return self.become_empty();
        }
        self.state = GroupState::CompletingRebalance;
        self.protocol = self.choose_protocol();
        if self.leader.as_ref().is_none_or(|l| !self.members.contains_key(l)) {
            let joined = self.members.iter().find(|(_, m)| m.joining.is_some());
            self.leader = joined.map(|(id, _)| id.clone());
        }
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            let joined = self.joined(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(joining) = member.joining.take() {
                member.assignment = Bytes::new();
                member.touch(now);
                let _gone = joining.send(Ok(joined));
            }
        }
    }

    /// Nobody has come; static members that are away are not waited for either.
    fn become_empty(&mut self) {
        self.members.clear();
        self.leader = None;
        self.protocol = None;
        self.protocol_type = None;
        self.state = GroupState::Empty;
    }

    /// The protocol that most members like best, among those that all speak.
    fn choose_protocol(&self) -> Option<String> {
        let spoken = |name: &str| {
            self.members.values().all(|m| m.protocols.iter().any(|(other, _)| other == name))
        };
        let votes = self.members.values().filter_map(|m| {
            m.protocols.iter().map(|(name, _)| name.as_str()).find(|name| spoken(name))
        });
        let votes: Vec<_> = votes.collect();
        let candidates: HashSet<_> = votes.iter().copied().collect();
        let count = |name: &str| votes.iter().filter(|v| **v == name).count();
        candidates.into_iter().max_by_key(|name| (count(name), *name)).map(str::to_owned)
    }

    /// What a member is told about the generation.
    fn joined(&self, id: &MemberId) -> Joined {
        let leader = self.leader.clone().unwrap_or_else(|| id.clone());
        let protocol = self.protocol.as_deref();
        let roster = if leader == *id {
            let members = self.members.iter();
            members.map(|(id, m)| (id.clone(), m.instance.clone(), m.metadata(protocol))).collect()
        } else {
            Vec::new()
        };
        Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader,
            id: id.clone(),
            roster,
        }
    }
}
