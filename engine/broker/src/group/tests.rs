//! The group machine alone, with the time in hand.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::{Group, GroupRules, GroupState, Join, Joined, MemberId, Sync, Synced};
use crate::wire::ErrorCode;

const SESSION: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(1);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn group() -> Group {
    Group::new(GroupRules { members_max: 3, initial_delay: Duration::ZERO })
}

/// A join of a member that may already know its id.
fn join(id: &str, name: &str) -> Join {
    Join {
        id: MemberId::new(id),
        new_id: MemberId::new(name),
        announce_id: false,
        instance: None,
        client_id: name.to_owned(),
        client_host: String::new(),
        session: SESSION,
        patience: PATIENCE,
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Bytes::from_static(b"topics"))],
    }
}

fn sync(id: &str, generation: i32, assignments: &[(&str, &'static str)]) -> Sync {
    let assign = |(id, bytes): &(&str, &'static str)| (MemberId::new(id), Bytes::from(*bytes));
    Sync {
        id: MemberId::new(id),
        instance: None,
        generation,
        protocol_type: None,
        protocol: None,
        assignments: assignments.iter().map(assign).collect::<HashMap<_, _>>(),
    }
}

type Answer<T> = Receiver<Result<T, ErrorCode>>;

#[track_caller]
fn now<T: std::fmt::Debug>(answer: &mut Answer<T>) -> Result<T, ErrorCode> {
    answer.try_recv().expect("it has been answered")
}

#[track_caller]
fn check_waits<T: std::fmt::Debug>(answer: &mut Answer<T>) {
    assert_eq!(answer.try_recv().expect_err("it waits"), TryRecvError::Empty);
}

/// A stable group of one leader and followers.
fn stable(names: &[&str]) -> Group {
    let mut group = group();
    let mut answers: Vec<Answer<Joined>> = Vec::new();
    for name in names {
        answers.push(group.join(join("", name), at(0)).expect("it may join"));
    }
    for name in &names[..names.len() - 1] {
        // Who was in before is called together again.
        let again = group.join(join(name, name), at(0)).expect("it may join");
        answers.push(again);
    }
    let generation = group.generation;
    let leader = group.leader.clone().expect("somebody leads");
    for name in names.iter().filter(|n| **n != leader.as_str()) {
        drop(group.sync(sync(name, generation, &[]), at(0)).expect("it may sync"));
    }
    let shares: Vec<_> = names.iter().map(|n| (*n, "share")).collect();
    drop(group.sync(sync(leader.as_str(), generation, &shares), at(0)).expect("it may sync"));
    assert_eq!(group.state, GroupState::Stable);
    group
}

#[test]
fn a_silent_member_is_removed_and_the_rest_is_called_together() {
    let mut group = stable(&["a", "b"]);
    let a = MemberId::new("a");
    assert_eq!(group.heartbeat(&a, None, group.generation, at(9)), ErrorCode::NONE);
    assert_eq!(group.next_tick(), Some(at(10)), "b's session ends first");
    group.tick(at(10));
    assert_eq!(group.state, GroupState::PreparingRebalance);
    let called = group.heartbeat(&a, None, group.generation, at(11));
    assert_eq!(called, ErrorCode::REBALANCE_IN_PROGRESS);
    let mut joined = group.join(join("a", "a"), at(12)).expect("it may join");
    let joined = now(&mut joined).expect("it is alone, so it is done");
    assert_eq!((joined.roster.len(), joined.leader), (1, a));
}

#[test]
fn a_rebalance_goes_on_without_who_does_not_come() {
    let mut group = stable(&["a", "b"]);
    let mut joined = group.join(join("", "c"), at(5)).expect("it may join");
    let mut again = group.join(join("a", "a"), at(6)).expect("it may join");
    check_waits(&mut joined);
    // b only sends heartbeats, and is waited for as long as the rebalance may take.
    let (b, generation) = (MemberId::new("b"), group.generation);
    for second in [10, 20, 30, 40, 50, 60] {
        group.heartbeat(&b, None, generation, at(second));
        group.tick(at(second));
    }
    check_waits(&mut again);
    group.tick(at(65));
    assert_eq!(now(&mut again).expect("joined").roster.len(), 2);
    assert_eq!(now(&mut joined).expect("joined").generation, generation + 1);
    let gone = group.heartbeat(&b, None, generation, at(66));
    assert_eq!(gone, ErrorCode::UNKNOWN_MEMBER_ID);
}

#[test]
fn who_waits_for_an_assignment_learns_of_a_rebalance() {
    let mut group = group();
    let mut a = group.join(join("", "a"), at(0)).expect("it may join");
    assert_eq!(now(&mut a).expect("joined").generation, 1);
    let mut b = group.join(join("", "b"), at(0)).expect("it may join");
    check_waits(&mut b);
    let mut a = group.join(join("a", "a"), at(0)).expect("it may join");
    let (a, b) = (now(&mut a).expect("joined"), now(&mut b).expect("joined"));
    let follower = if a.leader == a.id { b.id } else { a.id };
    let mut waiting: Answer<Synced> =
        group.sync(sync(follower.as_str(), 2, &[]), at(1)).expect("it may sync");
    check_waits(&mut waiting);
    let _third = group.join(join("", "c"), at(2)).expect("it may join");
    assert_eq!(now(&mut waiting), Err(ErrorCode::REBALANCE_IN_PROGRESS));
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut group = group();
    let mut ask = join("", "a");
    ask.announce_id = true;
    let told = group.join(ask, at(0)).map(drop);
    assert_eq!(told, Err(ErrorCode::MEMBER_ID_REQUIRED));
    assert!(!group.is_empty());
    assert_eq!(group.next_tick(), Some(SESSION));
    group.tick(SESSION);
    assert!(group.is_empty());
    let late = group.join(join("a", "a"), at(11)).map(drop);
    assert_eq!(late, Err(ErrorCode::UNKNOWN_MEMBER_ID));
}

#[test]
fn a_static_member_comes_back_under_a_new_id_without_a_rebalance() {
    let mut group = group();
    let mut first = join("", "a-1");
    first.instance = Some("a".to_owned());
    let _joined = group.join(join("", "leader"), at(0)).expect("it may join");
    let _joined = group.join(first.clone(), at(0)).expect("it may join");
    let _joined = group.join(join("leader", "leader"), at(0)).expect("it may join");
    let shares = [("leader", "x"), ("a-1", "y")];
    let _synced = group.sync(sync("leader", 2, &shares), at(0)).expect("it leads");
    assert_eq!(group.state, GroupState::Stable);

    let mut again = group.join(Join { new_id: MemberId::new("a-2"), ..first }, at(1));
    let joined = now(again.as_mut().expect("it may join")).expect("joined at once");
    assert_eq!((joined.generation, joined.id.as_str()), (2, "a-2"));
    let mut synced = group.sync(sync("a-2", 2, &[]), at(1)).expect("it may sync");
    assert_eq!(now(&mut synced).expect("synced").assignment, "y");
    let old = MemberId::new("a-1");
    let fenced = group.heartbeat(&old, Some("a"), 2, at(2));
    assert_eq!(fenced, ErrorCode::FENCED_INSTANCE_ID);
}

#[test]
fn the_first_rebalance_waits_when_told_to() {
    let delay = Duration::from_secs(3);
    let mut group = Group::new(GroupRules { members_max: 3, initial_delay: delay });
    let mut a = group.join(join("", "a"), at(0)).expect("it may join");
    check_waits(&mut a);
    assert_eq!(group.next_tick(), Some(at(3)));
    let mut b = group.join(join("", "b"), at(1)).expect("it may join");
    group.tick(at(3));
    let generations = [now(&mut a), now(&mut b)].map(|j| j.expect("joined").generation);
    assert_eq!(generations, [1, 1], "both are in the first generation");
}

#[test]
fn commits_are_taken_from_members_of_this_generation_only() {
    let mut group = stable(&["a"]);
    let (a, nobody) = (MemberId::new("a"), MemberId::new(""));
    assert_eq!(group.check_commit(&a, None, 1, at(1)), Ok(()));
    let mut refused = |id: &MemberId, generation| group.check_commit(id, None, generation, at(1));
    assert_eq!(refused(&a, 2), Err(ErrorCode::ILLEGAL_GENERATION));
    assert_eq!(refused(&MemberId::new("b"), 1), Err(ErrorCode::UNKNOWN_MEMBER_ID));
    assert_eq!(refused(&nobody, -1), Err(ErrorCode::UNKNOWN_MEMBER_ID), "others are in it");
    assert_eq!(group.leave(&a, None, at(2)), ErrorCode::NONE);
    assert_eq!(group.state, GroupState::Empty);
    assert_eq!(group.check_commit(&nobody, None, -1, at(3)), Ok(()));
}
