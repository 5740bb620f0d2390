//! The log against a plain list, under random acts.

use pancake_log::Log;
use pancake_testkit::SimStorage;
use pancake_types::Timestamp;
use proptest::prelude::*;

use crate::support::*;

#[derive(Clone, Debug)]
enum Act {
    /// Records as (key, time).
    Append(Vec<(u8, i64)>),
    Read {
        from: u64,
        bytes_max: usize,
    },
    At(i64),
    Sync,
    Roll,
    Compact,
    DeleteBefore(u64),
    Close,
    Kill,
}

fn act() -> impl Strategy<Value = Act> {
    let records = prop::collection::vec((0_u8..6, 0_i64..200), 1..5);
    prop_oneof![
        12 => records.prop_map(Act::Append),
        4 => (0..100_u64, 0..600_usize).prop_map(|(from, bytes_max)| Act::Read { from, bytes_max }),
        2 => (0..210_i64).prop_map(Act::At),
        1 => Just(Act::Sync),
        1 => Just(Act::Roll),
        1 => Just(Act::Compact),
        1 => (0..100_u64).prop_map(Act::DeleteBefore),
        1 => Just(Act::Close),
        1 => Just(Act::Kill),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    offset: u64,
    key: u8,
    time: i64,
}

/// What the log should hold.
#[derive(Default)]
struct Model {
    start: u64,
    end: u64,
    entries: Vec<Entry>,
}

impl Model {
    fn compact(&mut self, closed_before: u64) {
        let closed: Vec<_> =
            self.entries.iter().filter(|e| e.offset < closed_before).cloned().collect();
        let later = |e: &Entry| closed.iter().any(|o| o.key == e.key && o.offset > e.offset);
        self.entries.retain(|e| e.offset >= closed_before || !later(e));
    }

    fn seen(&self) -> Vec<Entry> {
        self.entries.iter().filter(|e| e.offset >= self.start).cloned().collect()
    }
}

fn in_log(log: &Log) -> Vec<Entry> {
    let entry = |r: &pancake_log::batch::Record| Entry {
        offset: r.offset.get(),
        key: r.key.as_ref().unwrap()[0],
        time: r.timestamp.millis(),
    };
    records(log).iter().map(entry).collect()
}

fn play(act: &Act, log: &mut Log, storage: &SimStorage, model: &mut Model) {
    let spot = |share: u64| model.start + (model.end - model.start) * share / 99;
    match act {
        Act::Append(new) => {
            let one = |(k, t): &(u8, i64)| record(*t, str::from_utf8(&[*k]).unwrap(), Some("v"));
            let appended = log.append(batch(&new.iter().map(one).collect::<Vec<_>>()), NOW);
            assert_eq!(appended.unwrap().base_offset.get(), model.end);
            for (key, time) in new {
                model.entries.push(Entry { offset: model.end, key: *key, time: *time });
                model.end += 1;
            }
        }
        Act::Read { from, bytes_max } => {
            let from = spot(*from);
            let fetched = log.read(offset(from), *bytes_max).unwrap();
            let next = model.entries.iter().find(|e| e.offset >= from);
            assert_eq!(fetched.batches.is_empty(), next.is_none(), "at {from}");
            assert!(fetched.next.get() > from || from == model.end);
        }
        Act::At(at) => {
            let found = log.offset_at(Timestamp::from_millis(*at)).unwrap();
            let expected = model.seen().into_iter().find(|e| e.time >= *at);
            assert_eq!(found.map(|(_, o)| o.get()), expected.map(|e| e.offset), "at {at}");
        }
        Act::Sync => log.sync().unwrap(),
        Act::Roll => log.roll().unwrap(),
        Act::Compact => {
            let active = log.segments().last().unwrap().base_offset.get();
            log.compact(NOW).unwrap();
            model.entries.retain(|e| e.offset >= model.start);
            model.compact(active);
        }
        Act::DeleteBefore(share) => {
            let to = spot(*share);
            log.delete_before(offset(to)).unwrap();
            model.start = to;
        }
        Act::Close | Act::Kill => {
            if matches!(act, Act::Close) {
                log.close().unwrap();
            }
            storage.kill();
            *log = open(storage, compacted()).0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_a_list(acts in prop::collection::vec(act(), 1..60)) {
        let storage = sim(1);
        let (mut log, _) = open(&storage, compacted());
        let mut model = Model::default();
        for act in &acts {
            play(act, &mut log, &storage, &mut model);
            prop_assert_eq!(log.start_offset().get(), model.start);
            prop_assert_eq!(log.end_offset().get(), model.end);
        }
        prop_assert_eq!(in_log(&log), model.seen());
    }
}
