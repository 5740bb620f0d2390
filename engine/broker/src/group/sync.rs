//! Syncing: the leader's assignment goes to everyone in the generation.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Group, GroupState, MemberId};
use crate::wire::ErrorCode;

/// Who asks for its assignment; only the leader brings everyone's.
#[derive(Clone, Debug)]
pub(crate) struct Sync {
    pub(crate) id: MemberId,
    pub(crate) instance: Option<String>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignments: HashMap<MemberId, Bytes>,
}

/// A member's assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignment: Bytes,
}

/// What a sync waits for.
pub(crate) type SyncAnswer = oneshot::Receiver<Result<Synced, ErrorCode>>;

impl Group {
    /// Asks for a member's assignment; the answer comes when the leader has brought it.
    pub(crate) fn sync(&mut self, sync: Sync, now: Duration) -> Result<SyncAnswer, ErrorCode> {
        self.check_member(&sync.id, sync.instance.as_deref(), sync.generation)?;
        let other = |said: &Option<String>, ours: &Option<String>| said.is_some() && said != ours;
        if other(&sync.protocol_type, &self.protocol_type) || other(&sync.protocol, &self.protocol)
        {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        let (send, answer) = oneshot::channel();
        match self.state {
            GroupState::PreparingRebalance => return Err(ErrorCode::REBALANCE_IN_PROGRESS),
            GroupState::CompletingRebalance => {
                let leads = self.leader.as_ref() == Some(&sync.id);
                if let Some(member) = self.members.get_mut(&sync.id) {
                    member.touch(now);
                    member.syncing = Some(send);
                }
                if leads {
                    self.assign(sync.assignments, now);
                }
            }
            _ => {
                let synced = self.synced(&sync.id);
                if let Some(member) = self.members.get_mut(&sync.id) {
                    member.touch(now);
                }
                let _gone = send.send(Ok(synced));
            }
        }
        Ok(answer)
    }

    fn assign(&mut self, mut assignments: HashMap<MemberId, Bytes>, now: Duration) {
        self.state = GroupState::Stable;
        for (id, member) in &mut self.members {
            // The frame that brought it is not kept in memory for it.
            let given = assignments.remove(id).unwrap_or_default();
            member.assignment = Bytes::copy_from_slice(&given);
        }
        let ids: Vec<_> = self.members.keys().cloned().collect();
        for id in ids {
            let synced = self.synced(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(syncing) = member.syncing.take() {
                member.touch(now);
                let _gone = syncing.send(Ok(synced));
            }
        }
    }

    fn synced(&self, id: &MemberId) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: self.members.get(id).map(|m| m.assignment.clone()).unwrap_or_default(),
        }
    }
}
