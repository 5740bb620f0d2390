//! All groups: the coordinator that clients look for.
//!
//! * One lock guards all groups and is held for one step of one of them; nobody waits under it.
//! * A thread lets time pass for the group whose next deadline is nearest. A group without members and offsets is dropped.

use std::{
    collections::BTreeMap,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use pancake_types::Clock;

use crate::{
    group::{Group, GroupRules, GroupState},
    lock::locked,
    offsets::Offsets,
    options::BrokerOptions,
    wire::ErrorCode,
};

/// Longest sleep of the thread; a bound, so that a clock that jumps is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Table {
    groups: BTreeMap<String, Group>,
    stopped: bool,
}

/// The coordinator of every group.
#[derive(Debug)]
pub(crate) struct Groups {
    clock: Arc<dyn Clock>,
    offsets: Arc<Offsets>,
    rules: GroupRules,
    count_max: usize,
    table: Mutex<Table>,
    changed: Condvar,
}

impl Groups {
    /// No groups yet: members do not outlive the broker, offsets do.
    pub(crate) fn new(options: &BrokerOptions, offsets: Arc<Offsets>) -> Self {
        let members_max = options.limits.group_members_max;
        let initial_delay = options.initial_rebalance_delay;
        Self {
            clock: Arc::clone(&options.clock),
            offsets,
            rules: GroupRules { members_max, initial_delay },
            count_max: options.limits.groups_max,
            table: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Does something in a group that is there.
    pub(crate) fn with<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Group, Duration) -> T,
    ) -> Option<T> {
        let mut table = locked(&self.table);
        // Deadlines may come nearer here by less than the thread sleeps at most, so it is not woken.
        table.groups.get_mut(id).map(|group| act(group, self.clock.monotonic()))
    }

    /// Does something in a group, which is made if it is not there.
    pub(crate) fn with_new<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut Group, Duration) -> Result<T, ErrorCode>,
    ) -> Result<T, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let mut table = locked(&self.table);
        if table.stopped {
            return Err(ErrorCode::COORDINATOR_NOT_AVAILABLE);
        }
        if !table.groups.contains_key(id) && table.groups.len() >= self.count_max {
            return Err(ErrorCode::GROUP_MAX_SIZE_REACHED);
        }
        let rules = self.rules;
        let group = table.groups.entry(id.to_owned()).or_insert_with(|| Group::new(rules));
        let result = act(group, self.clock.monotonic());
        self.changed.notify_one();
        result
    }

    /// Ids of all groups: those with members and those with offsets.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids = self.offsets.groups();
        ids.extend(locked(&self.table).groups.keys().cloned());
        ids.sort();
        ids.dedup();
        ids
    }

    /// Where a group stands; `Dead` if there is none.
    pub(crate) fn state(&self, id: &str) -> GroupState {
        let state = locked(&self.table).groups.get(id).map(|group| group.state);
        let without_members =
            || if self.offsets.has(id) { GroupState::Empty } else { GroupState::Dead };
        state.unwrap_or_else(without_members)
    }

    /// Lets time pass until [`Groups::stop`]; the body of a thread.
    pub(crate) fn run(&self) {
        let mut table = locked(&self.table);
        while !table.stopped {
            table = self.sleep(table);
            self.tick(&mut table);
        }
    }

    fn sleep<'a>(&self, table: MutexGuard<'a, Table>) -> MutexGuard<'a, Table> {
        let next = table.groups.values().filter_map(Group::next_tick).min();
        let now = self.clock.monotonic();
        let sleep = next.map_or(SLEEP_MAX, |at| at.saturating_sub(now).min(SLEEP_MAX));
        let woken = self.changed.wait_timeout(table, sleep);
        woken.unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    fn tick(&self, table: &mut Table) {
        let now = self.clock.monotonic();
        for group in table.groups.values_mut() {
            if group.next_tick().is_some_and(|at| at <= now) {
                group.tick(now);
            }
        }
        table.groups.retain(|_, group| !group.is_empty());
    }

    /// Ends the thread and lets every waiting member go.
    pub(crate) fn stop(&self) {
        let mut table = locked(&self.table);
        table.stopped = true;
        table.groups.clear();
        self.changed.notify_all();
    }
}
