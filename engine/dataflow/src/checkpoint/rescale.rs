//! State on its way to subtasks, the parallelism of before or another.
//!
//! * Key groups go to the subtask that owns them now; plain state and prepared commits of old subtask *i* go to new
//!   subtask *i* mod *n*; a source's splits are offered to every subtask, which takes its own.

use std::collections::BTreeMap;

use pancake_types::Watermark;

use super::state::NodeState;
use crate::{
    CheckpointId, OperatorId, OperatorState, SubtaskContext, codec::Malformed, hash::subtask_of,
};

/// A checkpoint that was read back.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) checkpoint: CheckpointId,
    /// The states of each vertex, by old subtask.
    pub(crate) vertices: BTreeMap<OperatorId, Vec<NodeState>>,
}

impl Restored {
    /// The state of one vertex in one new subtask; none if the checkpoint does not know the vertex.
    pub(crate) fn state_for(
        &self,
        vertex: &OperatorId,
        context: SubtaskContext,
    ) -> Result<Option<NodeState>, Malformed> {
        let Some(old) = self.vertices.get(vertex) else { return Ok(None) };
        let mut merged: Option<NodeState> = None;
        for (index, state) in old.iter().enumerate() {
            let here = index % context.parallelism == context.subtask;
            let share = share(state, here, context);
            merged = Some(match merged {
                None => share,
                Some(so_far) => join(so_far, share)?,
            });
        }
        Ok(merged)
    }
}

/// What of an old subtask's state belongs to a new one.
fn share(state: &NodeState, here: bool, context: SubtaskContext) -> NodeState {
    match state {
        NodeState::Source(splits) => NodeState::Source(splits.clone()),
        NodeState::Sink { prepared } => {
            NodeState::Sink { prepared: if here { prepared.clone() } else { Vec::new() } }
        }
        NodeState::Operator { mark, state } => {
            let owned = |group: u16| subtask_of(group, context.parallelism) == context.subtask;
            let keyed = state.keyed.iter().filter(|(group, _)| owned(*group)).cloned().collect();
            let plain = if here { state.plain.clone() } else { Vec::new() };
            NodeState::Operator { mark: *mark, state: OperatorState { keyed, plain } }
        }
    }
}

fn join(left: NodeState, right: NodeState) -> Result<NodeState, Malformed> {
    use NodeState::{Operator, Sink, Source};
    match (left, right) {
        (Source(mut splits), Source(more)) => {
            splits.extend(more);
            Ok(Source(splits))
        }
        (Sink { mut prepared }, Sink { prepared: more }) => {
            prepared.extend(more);
            Ok(Sink { prepared })
        }
        (Operator { mark, mut state }, Operator { mark: other, state: more }) => {
            state.keyed.extend(more.keyed);
            state.plain.extend(more.plain);
            // Behind an exchange every subtask had seen the same watermark when the barriers met.
            let mark: Watermark = mark.max(other);
            Ok(Operator { mark, state })
        }
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KEY_GROUPS;

    #[test]
    fn each_key_group_and_each_plain_state_goes_to_exactly_one_subtask() {
        let old = |subtask: usize| {
            let groups = (0..KEY_GROUPS).filter(|group| subtask_of(*group, 3) == subtask);
            let keyed = groups.map(|group| (group, vec![subtask as u8])).collect();
            let state = OperatorState { keyed, plain: vec![vec![subtask as u8]] };
            NodeState::Operator { mark: Watermark::from_millis(7), state }
        };
        let id = OperatorId::new("window");
        let vertices = BTreeMap::from([(id.clone(), (0..3).map(old).collect())]);
        let restored = Restored { checkpoint: CheckpointId::new(1), vertices };
        for parallelism in [1, 2, 3, 4, 7] {
            let (mut groups, mut plain) = (Vec::new(), Vec::new());
            for subtask in 0..parallelism {
                let context = SubtaskContext { subtask, parallelism };
                let state = restored.state_for(&id, context).unwrap().unwrap();
                let NodeState::Operator { mark, state } = state else { panic!("{state:?}") };
                assert_eq!(mark, Watermark::from_millis(7));
                groups.extend(state.keyed.iter().map(|(group, _)| *group));
                plain.extend(state.plain);
            }
            groups.sort_unstable();
            plain.sort_unstable();
            assert_eq!(groups, (0..KEY_GROUPS).collect::<Vec<_>>());
            assert_eq!(plain, [[0], [1], [2]]);
        }
    }
}
