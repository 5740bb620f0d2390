//! What an act has made: the difference between what exists before it and after it.

use std::collections::BTreeSet;

use crate::{
    loader::Lab,
    world::{Inventory, World, WorldResult},
};

/// What is in `after` and not in `before`, and the topics of the new jobs that were not there before.
pub(super) fn made(world: &dyn World, before: &Inventory) -> WorldResult<Inventory> {
    let after = world.inventory()?;
    let jobs = new(&before.jobs, &after.jobs);
    let mut topics: BTreeSet<String> = new(&before.topics, &after.topics).into_iter().collect();
    for job in &jobs {
        let writes = world.job(job)?.map(|job| job.writes).unwrap_or_default();
        topics.extend(writes.into_iter().filter(|topic| !before.topics.contains(topic)));
    }
    Ok(Inventory {
        topics: topics.into_iter().collect(),
        tables: new(&before.tables, &after.tables),
        jobs,
        models: new(&before.models, &after.models),
    })
}

fn new(before: &[String], after: &[String]) -> Vec<String> {
    after.iter().filter(|name| !before.contains(name)).cloned().collect()
}

/// What of it an undo may remove: not the topics that a stream of the lab fills or another job writes, and no models, since a
/// second training makes a second version.
pub(super) fn undoable(world: &dyn World, lab: &Lab, made: &Inventory) -> WorldResult<Inventory> {
    let mut kept: BTreeSet<String> = lab
        .feeds(None)
        .into_iter()
        .chain(lab.feeds(Some("real")))
        .map(|(feed, _)| feed.topic)
        .collect();
    for name in world.inventory()?.jobs {
        if !made.jobs.contains(&name) {
            kept.extend(world.job(&name)?.into_iter().flat_map(|job| job.writes));
        }
    }
    let topics = made.topics.iter().filter(|topic| !kept.contains(*topic)).cloned().collect();
    Ok(Inventory { topics, models: Vec::new(), ..made.clone() })
}

/// Everything that is in either.
pub(super) fn union(a: Inventory, b: &Inventory) -> Inventory {
    let join = |mut a: Vec<String>, b: &[String]| {
        for name in b {
            if !a.contains(name) {
                a.push(name.clone());
            }
        }
        a
    };
    Inventory {
        topics: join(a.topics, &b.topics),
        tables: join(a.tables, &b.tables),
        jobs: join(a.jobs, &b.jobs),
        models: join(a.models, &b.models),
    }
}
