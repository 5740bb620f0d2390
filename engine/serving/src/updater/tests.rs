//! Whatever record a crash falls after, the next life ends where an uninterrupted one does.

use std::collections::HashMap;

use pancake_ml::{AlsSettings, Interactions, train};

use super::*;

const EVENTS: [(&str, &str); 6] =
    [("u1", "i7"), ("new", "i1"), ("u1", "i7"), ("new", "brand new"), ("u2", "i9"), ("new", "i2")];

fn model() -> FactorModel {
    let ids = |n: u32| (format!("u{}", n % 20), format!("i{}", (n * 7 + n / 20) % 15));
    let rows: Vec<_> = (0..120).map(ids).collect();
    let pairs = rows.iter().map(|(user, item)| (user.as_str(), item.as_str())).collect();
    let settings = AlsSettings { factors: 4, regularization: 1.0, ..AlsSettings::default() };
    train(&Interactions::from(&pairs), &settings).unwrap()
}

fn restored(records: &[ParamRecord]) -> OnlineUpdater {
    OnlineUpdater::restore(Version::FIRST, model(), BTreeMap::new(), records)
}

/// Reads the source from where the updater says, as the node does, appending record by record.
fn follow(updater: &mut OnlineUpdater, topic: &mut Vec<ParamRecord>, records_max: usize) {
    let partition = PartitionId::new(0);
    let from = updater.position(partition).map_or(0, Offset::get) as usize;
    for (offset, (user, item)) in EVENTS.iter().enumerate().skip(from) {
        let offset = Offset::new(offset as u64);
        for record in updater.fold(&SourceEvent { partition, offset, user, item }) {
            if topic.len() < records_max {
                topic.push(record);
            }
        }
    }
}

fn rows(model: &FactorModel) -> HashMap<String, Vec<f32>> {
    let users = model.users().iter().map(|id| (format!("u/{id}"), model.user_vector(id).unwrap()));
    let items = model.items().iter().map(|id| (format!("i/{id}"), model.item_vector(id).unwrap()));
    users.chain(items).collect()
}

#[track_caller]
fn check_same(found: &FactorModel, expected: &FactorModel) {
    let (found_rows, expected_rows) = (rows(found), rows(expected));
    assert_eq!(found_rows.len(), expected_rows.len());
    for (id, expected) in &expected_rows {
        for (found, expected) in found_rows[id].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{id}: {found} instead of {expected}");
        }
    }
    for user in expected.users().iter() {
        for item in expected.items().iter() {
            assert_eq!(found.knows(user, item), expected.knows(user, item), "{user} {item}");
        }
    }
}

#[test]
fn a_crash_after_any_record_loses_and_doubles_nothing() {
    let mut whole = Vec::new();
    let mut uninterrupted = restored(&[]);
    follow(&mut uninterrupted, &mut whole, usize::MAX);
    assert!(whole.len() >= 12, "too few events change anything: {}", whole.len());
    for crash_after in 0..=whole.len() {
        let mut topic = Vec::new();
        follow(&mut restored(&[]), &mut topic, crash_after);
        assert_eq!(topic, whole[..crash_after]);
        let mut second = restored(&topic);
        follow(&mut second, &mut topic, usize::MAX);
        check_same(second.model(), uninterrupted.model());
        check_same(restored(&topic).model(), uninterrupted.model());
        let finished = |topic: &[ParamRecord]| {
            let items = topic.iter().filter(|r| matches!(r.change, Change::Item { .. }));
            items.map(ParamRecord::key).collect::<Vec<_>>()
        };
        assert_eq!(finished(&topic), finished(&whole), "crash after {crash_after} records");
    }
}

#[test]
fn a_compacted_topic_restores_the_same() {
    let mut topic = Vec::new();
    let mut updater = restored(&[]);
    follow(&mut updater, &mut topic, usize::MAX);
    let last = |at: usize| !topic[at + 1..].iter().any(|r| r.key() == topic[at].key());
    let compacted: Vec<_> = (0..topic.len()).filter(|at| last(*at)).collect();
    assert!(compacted.len() < topic.len());
    let compacted: Vec<_> = compacted.into_iter().map(|at| topic[at].clone()).collect();
    let restored = restored(&compacted);
    check_same(restored.model(), updater.model());
    let partition = PartitionId::new(0);
    assert_eq!(restored.position(partition), updater.position(partition));
}

#[test]
fn an_event_delivered_again_or_of_a_known_pair_yields_nothing() {
    let mut updater = restored(&[]);
    let event = |offset, user, item| SourceEvent {
        partition: PartitionId::new(0),
        offset: Offset::new(offset),
        user,
        item,
    };
    assert_eq!(updater.fold(&event(5, "new", "i1")).len(), 3);
    assert_eq!(updater.fold(&event(5, "new", "i2")), []);
    assert_eq!(updater.fold(&event(4, "new", "i2")), []);
    assert_eq!(updater.fold(&event(6, "new", "i1")), []);
    updater.skip(PartitionId::new(0), Offset::new(7));
    assert_eq!(updater.position(PartitionId::new(0)), Some(Offset::new(8)));
    let expected = UpdaterView { folded: 1, known: 1, ..UpdaterView::default() };
    assert_eq!(updater.view(), expected);
}

#[test]
fn another_versions_records_are_not_mixed_in_and_the_start_holds() {
    let change = Change::User { id: "u1".to_owned(), vector: vec![9.0; 4] };
    let unusable = Change::User { id: "u1".to_owned(), vector: vec![9.0; 3] };
    let records = [
        ParamRecord { version: Version::new(2), change },
        ParamRecord { version: Version::FIRST, change: unusable },
    ];
    let start = BTreeMap::from([(PartitionId::new(1), Offset::new(7))]);
    let updater = OnlineUpdater::restore(Version::FIRST, model(), start, &records);
    check_same(updater.model(), &model());
    assert_eq!(updater.view().unusable, 1);
    assert_eq!(updater.position(PartitionId::new(1)), Some(Offset::new(7)));
    assert_eq!(updater.position(PartitionId::new(0)), None);
}
