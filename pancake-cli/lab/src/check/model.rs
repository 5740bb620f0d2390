//! `model:` is it trained, how good is it on rows it has not seen, and how good is what it serves now?

use serde_json::{Map, Value, json};

use super::{Finding, Judge};
use crate::{
    format::ModelCheck,
    world::{ModelFacts, WorldResult},
};

pub(super) fn find(check: &ModelCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let name = judge.substitute(&check.name);
    let mut expected = judge.wanted(&[
        ("versions", check.versions.as_ref()),
        ("serving", check.serving.as_ref()),
        ("updates", check.updates.as_ref()),
        ("online_age_ms", check.online_age_ms.as_ref()),
    ]);
    for (metric, limit) in check.metrics.iter().chain(&check.served) {
        if let Value::Object(fields) = &mut expected {
            fields.insert(metric.clone(), limit.text(judge.variant).into());
        }
    }
    let Some(model) = judge.world.model(&name)? else {
        let actual = json!({"exists": false, "name": name, "versions": 0});
        return Ok(Finding { actual, expected, ..Finding::default() });
    };
    let mut actual = facts(&model);
    let holds = declared_holds(check, judge, &model) && served_holds(check, judge, &mut actual)?;
    Ok(Finding { holds, actual, expected, ..Finding::default() })
}

fn declared_holds(check: &ModelCheck, judge: &Judge<'_>, model: &ModelFacts) -> bool {
    let newest = model.versions.last();
    let metric = |name: &str| newest.and_then(|v| v.metrics.get(name)).copied();
    let metrics_hold = check
        .metrics
        .iter()
        .all(|(name, limit)| metric(name).is_some_and(|value| judge.within(Some(limit), value)));
    let algorithm_holds =
        check.algorithm.as_ref().is_none_or(|a| newest.is_some_and(|v| v.algorithm == *a));
    metrics_hold
        && algorithm_holds
        && judge.within(check.versions.as_ref(), model.versions.len())
        && judge.within(check.serving.as_ref(), model.serving.unwrap_or(0))
        && judge.within(check.updates.as_ref(), model.updates)
        && check.online_age_ms.as_ref().is_none_or(|limit| {
            model.online_age_ms.is_some_and(|age| judge.within(Some(limit), age))
        })
}

fn served_holds(check: &ModelCheck, judge: &Judge<'_>, actual: &mut Value) -> WorldResult<bool> {
    let Some(table) = &check.test_table else { return Ok(true) };
    let served = judge.world.evaluate(&check.name, table)?;
    if let Value::Object(fields) = actual {
        fields.insert("served".into(), json!(served));
    }
    Ok(check.served.iter().all(|(name, limit)| {
        served.get(name).is_some_and(|value| judge.within(Some(limit), *value))
    }))
}

/// A model as conditions and messages see it: the newest version's figures at the top.
pub(super) fn facts(model: &ModelFacts) -> Value {
    let newest = model.versions.last();
    let metrics: Map<String, Value> = newest
        .map(|v| v.metrics.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
        .unwrap_or_default();
    let serving = model.versions.iter().find(|v| Some(v.version) == model.serving);
    json!({
        "exists": true, "name": model.name, "versions": model.versions.len(), "serving": model.serving,
        "algorithm": newest.map(|v| v.algorithm.as_str()), "metrics": metrics, "params": newest.map(|v| &v.params),
        "serving_metrics": serving.map(|v| &v.metrics), "rows": newest.map_or(0, |v| v.rows),
        "online": model.online_lag.is_some(), "aliases": model.aliases, "updates": model.updates, "online_age_ms": model.online_age_ms,
    })
}
