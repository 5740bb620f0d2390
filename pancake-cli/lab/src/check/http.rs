//! `http:` what an address answers.

use serde_json::{Value, json};

use super::{Finding, Judge};
use crate::{
    format::{HttpCheck, HttpSpec, Limit},
    world::{HttpRequest, WorldResult},
};

pub(super) fn find(check: &HttpCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let spec =
        HttpSpec { get: check.get.clone(), post: check.post.clone(), body: check.body.clone() };
    let actual = facts(&spec, judge)?;
    let ok = Limit::All("200".into());
    let status = check.status.as_ref().unwrap_or(&ok);
    let holds = judge.within(Some(status), actual.get("status").cloned().unwrap_or_default());
    let expected = judge.wanted(&[("status", Some(status))]);
    Ok(Finding { holds, actual, expected, ..Finding::default() })
}

/// An answer as conditions and messages see it.
pub(super) fn facts(spec: &HttpSpec, judge: &Judge<'_>) -> WorldResult<Value> {
    let answer = judge.world.http(&request(spec, judge))?;
    Ok(json!({"status": answer.status, "body": answer.body}))
}

fn request(spec: &HttpSpec, judge: &Judge<'_>) -> HttpRequest {
    let method = if spec.post.is_some() { "POST" } else { "GET" };
    let url = spec.post.as_ref().or(spec.get.as_ref()).map(|url| judge.substitute(url));
    HttpRequest {
        method: method.into(),
        url: url.unwrap_or_default(),
        body: spec.body.clone(),
        ..HttpRequest::default()
    }
}
