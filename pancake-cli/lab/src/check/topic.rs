//! `topic:` is it there, how many records does it hold, and what do they look like?

use std::ops::ControlFlow;

use serde_json::json;

use super::{Finding, Judge};
use crate::{
    format::{KeyShape, RecordShape, TopicCheck},
    world::{RecordFacts, WorldResult},
};

/// What a look through the records counts.
#[derive(Default)]
struct Seen {
    null_keys: u64,
    fitting: u64,
    malformed: u64,
    first_malformed: Option<String>,
}

pub(super) fn find(check: &TopicCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let name = judge.substitute(&check.name);
    let expected = judge
        .wanted(&[("records", check.records.as_ref()), ("partitions", check.partitions.as_ref())]);
    let topic = judge.world.topic(&name)?;
    let exists = topic.is_some();
    let topic = topic.unwrap_or_default();
    let mut seen = Seen::default();
    let shape = check.every.as_ref().or(check.any.as_ref());
    if let (true, Some(shape)) = (exists, shape) {
        judge.world.scan_topic(&name, &mut |record| {
            seen.count(shape, record);
            ControlFlow::Continue(())
        })?;
    }
    let shapes_hold =
        (check.any.is_none() || seen.fitting > 0) && (check.every.is_none() || seen.malformed == 0);
    let records = topic.records();
    let partitions = topic.partitions.len();
    let holds = exists
        && shapes_hold
        && judge.within(check.records.as_ref(), records)
        && judge.within(check.partitions.as_ref(), partitions);
    let actual = json!({
        "name": name, "exists": exists, "records": records, "partitions": partitions, "null_keys": seen.null_keys,
        "fitting": seen.fitting, "malformed": seen.malformed, "first_malformed": seen.first_malformed,
    });
    Ok(Finding { holds, actual, expected, ..Finding::default() })
}

impl Seen {
    fn count(&mut self, shape: &RecordShape, record: &RecordFacts<'_>) {
        self.null_keys += u64::from(record.key.is_none());
        let key = match (shape.key, record.key) {
            (Some(KeyShape::NotNull), None) => Some("it has no key".to_owned()),
            (Some(KeyShape::Null), Some(_)) => Some("it has a key".to_owned()),
            _ => None,
        };
        let misfit = key.or_else(|| shape.value.as_ref()?.misfit(record.value));
        match misfit {
            None => self.fitting += 1,
            Some(why) => {
                self.malformed += 1;
                self.first_malformed.get_or_insert_with(|| {
                    format!("partition {}, offset {}: {why}", record.partition, record.offset)
                });
            }
        }
    }
}
