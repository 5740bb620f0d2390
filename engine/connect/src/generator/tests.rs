//! What every generator promises, and what each plants.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::time::parse_timestamp;

fn open(name: &str, params: Value) -> Events {
    try_open(name, params).unwrap()
}

fn try_open(name: &str, params: Value) -> Result<Events, GeneratorError> {
    let params: BTreeMap<String, Value> = serde_json::from_value(params).unwrap();
    Generators { blobs: PathBuf::new() }.open(name, &params)
}

fn moment(text: &str) -> i64 {
    parse_timestamp(text).unwrap().millis()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn json_of(event: &Event) -> Value {
    serde_json::from_slice(&event.value).unwrap()
}

#[track_caller]
fn check_sequence(name: &str, params: &Value) {
    let events: Vec<_> = open(name, params.clone()).collect();
    assert!(events.len() > 1_000, "{name} has {} events", events.len());
    assert!(events.is_sorted_by_key(|event| event.arrival_time), "{name} is not by arrival");
    assert!(events.iter().all(|event| event.event_time <= event.arrival_time));
    let until = open(name, params.clone()).until().unwrap();
    assert!(events.iter().all(|event| event.arrival_time <= until), "{name} ends after its end");

    let mut resumed = open(name, params.clone());
    resumed.skip_to(417);
    assert_eq!(resumed.position(), 417);
    assert_eq!(resumed.next_arrival(), Some(events[417].arrival_time));
    assert!(resumed.eq(events[417..].iter().cloned()), "{name} does not resume");

    let mut other = params.clone();
    other["seed"] = json!(43);
    assert!(!open(name, other).eq(events), "{name} does not heed the seed");
}

#[test]
fn every_generator_is_repeatable_ordered_and_can_resume() {
    check_sequence("orders", &json!({"seed": 42, "late": "2%"}));
    check_sequence("ratings", &json!({"seed": 42}));
    check_sequence("clickstream", &json!({"seed": 42, "late": "3%"}));
}

#[test]
fn the_orders_of_lab_one_are_exact() {
    let params = json!({"seed": 42, "topic": "orders", "partitions": 3, "rate": "10/s", "late": "2%",
        "clock": "virtual", "until": "2026-05-01 09:10:30"});
    let orders: Vec<_> = open("orders", params).collect();
    assert_eq!(orders.len(), 6_300);
    let mut minutes: BTreeMap<i64, u64> = BTreeMap::new();
    let mut stands: BTreeMap<String, u64> = BTreeMap::new();
    for event in &orders {
        let order = json_of(event);
        assert_eq!(moment(field(&order, "ordered_at")), event.event_time.millis());
        assert_eq!(event.key.as_deref(), Some(field(&order, "stand").as_bytes()));
        *minutes.entry(event.event_time.millis() / 60_000).or_default() += 1;
        *stands.entry(field(&order, "stand").to_owned()).or_default() += 1;
    }
    assert_eq!(minutes.values().copied().collect::<Vec<_>>(), [&[600; 10][..], &[300]].concat());
    assert_eq!(
        stands.into_iter().collect::<Vec<_>>(),
        PINNED_STANDS.map(|(s, n)| (s.to_owned(), n))
    );
    let first = String::from_utf8(orders[0].value.to_vec()).unwrap();
    assert_eq!(first, PINNED_FIRST);
}

const PINNED_STANDS: [(&str, u64); 3] = [("north", 2_526), ("south", 2_178), ("west", 1_596)];
const PINNED_FIRST: &str =
    r#"{"stand":"west","pancake":"banana","price":8.30,"ordered_at":"2026-05-01 09:00:00.068"}"#;

#[test]
fn only_west_is_late_and_never_by_more_than_eight_seconds() {
    let orders: Vec<_> = open("orders", json!({})).collect();
    let delay = |event: &Event| event.arrival_time.millis() - event.event_time.millis();
    let slow: Vec<_> = orders.iter().filter(|event| delay(event) > 2_000).collect();
    assert!((95..160).contains(&slow.len()), "{} of 6,300 are late", slow.len());
    assert!(slow.iter().all(|event| event.key.as_deref() == Some(b"west")));
    assert_eq!(slow.iter().map(|event| delay(event)).max(), Some(8_000));
    let planted = moment("2026-05-01 09:03:58");
    let planted = slow.iter().find(|event| event.event_time.millis() == planted).unwrap();
    assert_eq!(planted.arrival_time.millis(), moment("2026-05-01 09:04:06"));
}

#[test]
fn without_late_orders_nobody_waits() {
    let mut orders = open("orders", json!({"late": 0}));
    assert!(orders.all(|event| event.arrival_time.millis() - event.event_time.millis() < 100));
}

#[test]
fn a_session_gap_of_half_a_minute_finds_the_planted_sessions() {
    let mut clicks: Vec<_> = open("clickstream", json!({})).collect();
    clicks.sort_by_key(|event| event.event_time);
    let mut last: BTreeMap<String, (i64, u64)> = BTreeMap::new();
    let mut sessions = BTreeSet::new();
    for event in &clicks {
        let click = json_of(event);
        let (now, session) = (event.event_time.millis(), click["session"].as_u64().unwrap());
        sessions.insert(session);
        if let Some((at, before)) = last.insert(field(&click, "user").to_owned(), (now, session)) {
            assert_eq!(now - at < 30_000, before == session, "{click}: {} ms", now - at);
        }
    }
    assert!(sessions.len() > 200, "{} sessions", sessions.len());
    assert!(last.len() < sessions.len(), "nobody came back");
}

#[test]
fn dirty_rows_are_of_three_kinds() {
    let rows: Vec<_> = open("ratings", json!({"dirty": "5%"})).collect();
    let (mut malformed, mut outside, mut copies) = (0, 0, 0);
    let mut seen = BTreeSet::new();
    for event in &rows {
        let Ok(row) = serde_json::from_slice::<Value>(&event.value) else {
            malformed += 1;
            continue;
        };
        let rating = row["rating"].as_i64().unwrap();
        let is_new =
            seen.insert((field(&row, "user").to_owned(), field(&row, "item").to_owned(), rating));
        outside += u32::from(!(1..=10).contains(&rating));
        copies += u32::from(!is_new);
    }
    assert!(malformed > 50 && outside > 50 && copies > 50, "{malformed} {outside} {copies}");
}

#[test]
fn train_and_test_share_no_row_and_are_all_rows() {
    let taste = ratings::Taste::default();
    let count = |part: &str| open("ratings", json!({"part": part, "dirty": 0})).count();
    assert_eq!(count("train") + count("test"), ratings::rows(&taste).len());
    assert_eq!(count("test"), ratings::rows(&taste).iter().filter(|row| row.is_test).count());
    let rows = ratings::rows(&taste);
    assert!(rows.iter().filter(|row| row.is_test).all(|row| row.rating >= ratings::LIKED));
    let pairs: BTreeSet<_> = rows.iter().map(|row| (&row.user, &row.item)).collect();
    assert_eq!(pairs.len(), rows.len(), "a viewer rated a film twice");
}

#[track_caller]
fn check_refused(name: &str, params: Value, says: &str) {
    let message = try_open(name, params).unwrap_err().to_string();
    assert!(message.contains(says), "{message}");
}

#[test]
fn wrong_parameters_are_named() {
    check_refused("order", json!({}), "no generator is named `order`; there are anime, click");
    check_refused("orders", json!({"lat": "2%"}), "`orders` has no parameter `lat`; it knows seed");
    check_refused("orders", json!({"late": "200%"}), "`late` is `200%`; it must be a share");
    check_refused("orders", json!({"rate": "0/s"}), "`rate` is `0/s`");
    check_refused("orders", json!({"partitions": 0}), "from 1 to 1000");
    check_refused("orders", json!({"until": "noon"}), "a moment such as");
    check_refused("ratings", json!({"part": "half"}), "one of `train`, `test`, `all`");
    check_refused("anime", json!({}), "data set `anime` is not here");
}

/// NDCG@10 with binary gain over viewers with held-out rows; films of the training are left out of the ranking.
fn ndcg(score: impl Fn(&str, &str) -> f64) -> f64 {
    let taste = ratings::Taste::default();
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut test: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in ratings::rows(&taste) {
        let part = if row.is_test { &mut test } else { &mut known };
        part.entry(row.user).or_default().insert(row.item);
    }
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let mut sum = 0.0;
    for (user, wanted) in &test {
        let mut items = ratings::catalog(&taste);
        items.retain(|item| !known.get(user).is_some_and(|known| known.contains(item)));
        items.sort_by(|a, b| score(user, b).total_cmp(&score(user, a)));
        let hits = items.iter().take(10).enumerate().filter(|(_, item)| wanted.contains(*item));
        let ideal: f64 = (0..wanted.len().min(10)).map(gain).sum();
        sum += hits.map(|(place, _)| gain(place)).sum::<f64>() / ideal;
    }
    sum / test.len() as f64
}

#[test]
fn taste_is_found_and_popularity_fails() {
    let train: Vec<_> = ratings::rows(&ratings::Taste::default())
        .into_iter()
        .filter(|row| !row.is_test && row.rating >= ratings::LIKED)
        .collect();
    let mut fame: BTreeMap<String, f64> = BTreeMap::new();
    let mut clusters: BTreeMap<(String, &str), f64> = BTreeMap::new();
    for row in train {
        *fame.entry(row.item.clone()).or_default() += 1.0;
        *clusters.entry((row.user, ratings::cluster_of(&row.item).unwrap())).or_default() += 1.0;
    }
    let fame_of = |item: &str| fame.get(item).copied().unwrap_or_default();
    let popularity = ndcg(|_, item| fame_of(item));
    let mut dice = Dice::new(7, 9);
    let noise: BTreeMap<_, _> = ratings::catalog(&ratings::Taste::default())
        .into_iter()
        .map(|i| (i, dice.unit()))
        .collect();
    let random = ndcg(|user, item| (noise[item] + user.len() as f64 * 0.37).fract());
    let taste = ndcg(|user, item| {
        let cluster = ratings::cluster_of(item).unwrap();
        clusters.get(&(user.to_owned(), cluster)).copied().unwrap_or_default() + fame_of(item) / 1e4
    });
    assert!(popularity < 0.12, "popularity {popularity:.4}");
    assert!(random < 0.05, "random {random:.4}");
    assert!(taste > 0.35, "taste {taste:.4}, popularity {popularity:.4}, random {random:.4}");

    let mut top: Vec<_> = fame.keys().cloned().collect();
    top.sort_by(|a, b| fame[b].total_cmp(&fame[a]));
    let mut shares: BTreeMap<_, u32> = BTreeMap::new();
    for item in top.iter().take(10) {
        *shares.entry(ratings::cluster_of(item).unwrap()).or_default() += 1;
    }
    assert!(shares.values().all(|share| *share <= 3), "a stranger sees {shares:?}");
}

#[test]
fn until_is_a_moment_of_the_stream() {
    let events = open("orders", json!({"until": 1_777_626_060_000_u64}));
    assert_eq!(events.until(), Some(Timestamp::from_millis(1_777_626_060_000)));
    assert_eq!(events.count(), 600);
}
