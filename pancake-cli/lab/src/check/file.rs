//! `file:` what a file of the workspace holds.

use serde_json::json;

use super::{Finding, Judge};
use crate::{format::FileCheck, world::WorldResult};

pub(super) fn find(check: &FileCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let expected = judge.wanted(&[("lines", check.lines.as_ref())]);
    let Some(bytes) = judge.world.file(judge.desk, &check.path)? else {
        let actual = json!({"exists": false, "path": check.path, "lines": 0});
        return Ok(Finding { actual, expected, ..Finding::default() });
    };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().count();
    let equals = check
        .equals
        .as_ref()
        .is_none_or(|file| judge.lab.expected.get(file).is_some_and(|want| *want == bytes));
    let matches = check
        .matches
        .as_deref()
        .is_none_or(|pattern| regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text)));
    let holds = equals && matches && judge.within(check.lines.as_ref(), lines);
    let actual = json!({
        "exists": true, "path": check.path, "lines": lines, "bytes": bytes.len(), "equal": equals, "matches": matches,
    });
    Ok(Finding { holds, actual, expected, ..Finding::default() })
}
