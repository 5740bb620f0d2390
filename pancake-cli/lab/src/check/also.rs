//! Further facts for conditions and messages: `also: {job: counts}` makes the variable `job`.

use serde_json::{Map, Value, json};

use super::{Judge, http, job, model, query};
use crate::{
    format::{Also, show_moment},
    workspace,
    world::{FeedFacts, WorldError, WorldResult},
};

pub(super) fn fetch(
    also: &Also,
    judge: &Judge<'_>,
    facts: &mut Map<String, Value>,
) -> WorldResult<()> {
    let named = |name: &Option<String>| name.as_deref().map(|name| judge.substitute(name));
    if let Some(name) = named(&also.topic) {
        let topic = judge.world.topic(&name)?;
        let records = topic.as_ref().map_or(0, crate::world::TopicFacts::records);
        facts.insert("topic".into(), json!({"exists": topic.is_some(), "records": records}));
    }
    if let Some(id) = named(&also.group) {
        facts.insert("group".into(), json!(judge.world.group(&id)?));
    }
    if let Some(name) = named(&also.job) {
        let found = judge.world.job(&name)?;
        let seen = found.as_ref().map_or_else(|| json!({"exists": false}), job::facts);
        facts.insert("job".into(), seen);
    }
    if let Some(name) = named(&also.model) {
        let found = judge.world.model(&name)?;
        let seen = found.as_ref().map_or_else(|| json!({"exists": false}), model::facts);
        facts.insert("model".into(), seen);
    }
    if let Some(sql) = named(&also.query) {
        facts.insert("query".into(), rows(&sql, judge)?);
    }
    if let Some(spec) = &also.http {
        facts.insert("http".into(), http::facts(spec, judge)?);
    }
    if let Some(quiz) = &also.answer {
        let answers = workspace::answers(judge.world, judge.desk)?;
        facts.insert("answer".into(), json!(answers.get(quiz)));
    }
    if let Some(name) = &also.feed {
        let feed = judge.world.feed(judge.desk, name)?;
        facts.insert("feed".into(), feed.as_ref().map_or(Value::Null, feed_facts));
    }
    Ok(())
}

/// A query beside the check's own: if it is refused, the reason is a fact like any other.
fn rows(sql: &str, judge: &Judge<'_>) -> WorldResult<Value> {
    match judge.world.query(sql, 1000) {
        Ok(rows) => Ok(query::facts(&rows)),
        Err(WorldError::Refused { message, .. }) => {
            Ok(json!({"error": message, "rows": 0, "data": []}))
        }
        Err(error) => Err(error),
    }
}

fn feed_facts(feed: &FeedFacts) -> Value {
    json!({
        "state": feed.state, "at": show_moment(feed.at.millis()), "sent": feed.sent, "total": feed.total,
    })
}
