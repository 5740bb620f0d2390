//! `group:` who reads, and how far have they come?

use serde_json::json;

use super::{Finding, Judge, absent};
use crate::{format::GroupCheck, world::WorldResult};

pub(super) fn find(check: &GroupCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let id = judge.substitute(&check.id);
    let Some(group) = judge.world.group(&id)? else {
        return Ok(absent(&id));
    };
    let topic = check.topic.as_deref().map(|topic| judge.substitute(topic));
    let read: Vec<_> =
        group.offsets.iter().filter(|o| topic.as_ref().is_none_or(|t| *t == o.topic)).collect();
    let committed: u64 = read.iter().map(|o| o.committed).sum();
    let lag: u64 = read.iter().map(|o| o.end.saturating_sub(o.committed)).sum();
    let holds = check.state.as_ref().is_none_or(|state| *state == group.state)
        && judge.within(check.members.as_ref(), group.members)
        && judge.within(check.committed.as_ref(), committed)
        && judge.within(check.lag.as_ref(), lag);
    let expected = judge.wanted(&[
        ("members", check.members.as_ref()),
        ("committed", check.committed.as_ref()),
        ("lag", check.lag.as_ref()),
    ]);
    let actual = json!({
        "exists": true, "id": id, "state": group.state, "members": group.members, "committed": committed, "lag": lag,
    });
    Ok(Finding { holds, actual, expected, ..Finding::default() })
}
