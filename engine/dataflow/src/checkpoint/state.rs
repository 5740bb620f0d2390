//! The state of one vertex in one subtask, and its bytes.

use pancake_types::Watermark;

use crate::{
    OperatorState, SplitId, SplitState,
    codec::{Malformed, Reader, Writer},
    watermark::SavedClock,
};

/// What a vertex's subtask puts into a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NodeState {
    Source(Vec<SavedSplit>),
    Operator { mark: Watermark, state: OperatorState },
    Sink { prepared: Vec<Vec<u8>> },
}

/// A split's position and event time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedSplit {
    pub(crate) state: SplitState,
    pub(crate) clock: SavedClock,
}

const SOURCE: u8 = 1;
const OPERATOR: u8 = 2;
const SINK: u8 = 3;
const IDLE: u8 = 1;
const FINISHED: u8 = 2;

impl NodeState {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        match self {
            Self::Source(splits) => {
                to.u8(SOURCE);
                to.u64(splits.len() as u64);
                for split in splits {
                    encode_split(&mut to, split);
                }
            }
            Self::Operator { mark, state } => {
                to.u8(OPERATOR);
                to.i64(mark.millis());
                to.u64(state.plain.len() as u64);
                state.plain.iter().for_each(|plain| to.blob(plain));
                to.u64(state.keyed.len() as u64);
                for (group, bytes) in &state.keyed {
                    to.u16(*group);
                    to.blob(bytes);
                }
            }
            Self::Sink { prepared } => {
                to.u8(SINK);
                to.u64(prepared.len() as u64);
                for prepared in prepared {
                    to.blob(prepared);
                }
            }
        }
        to.into_bytes()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut from = Reader::new(bytes);
        let state = match from.u8()? {
            SOURCE => Self::Source(list(&mut from, decode_split)?),
            OPERATOR => {
                let mark = Watermark::from_millis(from.i64()?);
                let plain = list(&mut from, |from| Ok(from.blob()?.to_vec()))?;
                let keyed = list(&mut from, |from| Ok((from.u16()?, from.blob()?.to_vec())))?;
                Self::Operator { mark, state: OperatorState { keyed, plain } }
            }
            SINK => Self::Sink { prepared: list(&mut from, |from| Ok(from.blob()?.to_vec()))? },
            _ => return Err(Malformed),
        };
        if from.is_empty() { Ok(state) } else { Err(Malformed) }
    }
}

fn list<'a, T>(
    from: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = from.u64()?;
    (0..count).map(|_| read(from)).collect()
}

fn encode_split(to: &mut Writer, split: &SavedSplit) {
    let clock = &split.clock;
    to.blob(split.state.split.as_str().as_bytes());
    to.blob(&split.state.position);
    to.i64(clock.mark.millis());
    to.i64(clock.emitted.millis());
    to.u64(clock.lateness_max_ms);
    to.u8(u8::from(clock.idle) * IDLE + u8::from(clock.finished) * FINISHED);
}

fn decode_split(from: &mut Reader<'_>) -> Result<SavedSplit, Malformed> {
    let name = std::str::from_utf8(from.blob()?).map_err(|_| Malformed)?;
    let position = from.blob()?.to_vec();
    let mark = Watermark::from_millis(from.i64()?);
    let emitted = Watermark::from_millis(from.i64()?);
    let lateness_max_ms = from.u64()?;
    let flags = from.u8()?;
    let (idle, finished) = (flags & IDLE != 0, flags & FINISHED != 0);
    Ok(SavedSplit {
        state: SplitState { split: SplitId::new(name), position },
        clock: SavedClock { mark, idle, finished, lateness_max_ms, emitted },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_round_trip(state: &NodeState) {
        let bytes = state.encode();
        assert_eq!(NodeState::decode(&bytes).as_ref(), Ok(state));
        for cut in 0..bytes.len() {
            assert!(NodeState::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn states_survive_their_bytes() {
        let clock = SavedClock {
            mark: Watermark::from_millis(5),
            idle: true,
            finished: false,
            lateness_max_ms: 9,
            emitted: Watermark::MIN,
        };
        let state = SplitState { split: SplitId::new("orders-0"), position: vec![1, 2] };
        check_round_trip(&NodeState::Source(vec![SavedSplit { state, clock }]));
        check_round_trip(&NodeState::Sink { prepared: vec![vec![], vec![7]] });
        let state =
            OperatorState { keyed: vec![(3, vec![1]), (127, vec![])], plain: vec![vec![4]] };
        check_round_trip(&NodeState::Operator { mark: Watermark::MAX, state });
    }
}
