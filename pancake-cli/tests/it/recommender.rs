//! The recommender on the real set: half of it trained, half streamed through Kafka's port, one `kill -9` midway.
//!
//! * Nothing is trained twice, and every figure is taken from what is served.
//! * No update is lost and none counts twice; the topic of parameters is read as any client may read it, to see that.
//! * The set is no part of the repository: without `../shared/data/anime` beside it the test says so and ends.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use pancake_connect::dataset::anime::{BATCH_ROWS, History, Interaction, Part};
use pancake_types::{Clock as _, SystemClock};
use rdkafka::{
    ClientConfig, ClientContext, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext},
    types::RDKafkaErrorCode,
};
use serde_json::{Value, json};

use crate::env::{TestEnv, table};

/// Longest wait for the updates; a healthy one takes a tenth.
const FOLLOW_MAX: Duration = Duration::from_mins(5);
/// Longest wait for one answer of the log.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// What a stale model reaches is 0.2, what one trained on everything reaches 0.4055.
const NDCG_MIN: f64 = 0.395;
const SCORE_ERROR_MAX: f64 = 1e-5;
const USERS: usize = 20;
/// So many updates have to come back after the kill.
const UPDATES_BEFORE_KILL: u64 = 20_000;
const SENT_AGAIN: usize = 1_000;
const PARAMS: &str = "_pancake.params.tastes";

/// How many records were acknowledged, counted from the first and without a gap.
#[derive(Clone, Debug, Default)]
struct Acknowledged(Arc<AtomicUsize>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        if result.is_ok() {
            let _ = self.0.compare_exchange(number, number + 1, SeqCst, SeqCst);
        }
    }
}

/// A client that writes pairs, each under its user's key.
fn producer(env: &TestEnv, acknowledged: &Acknowledged) -> BaseProducer<Acknowledged> {
    kafka(env)
        .set("enable.idempotence", "true")
        .set("queue.buffering.max.messages", "5000")
        .create_with_context(acknowledged.clone())
        .unwrap()
}

fn kafka(env: &TestEnv) -> ClientConfig {
    let mut config = ClientConfig::new();
    let brokers = format!("127.0.0.1:{}", env.kafka_port());
    config.set("bootstrap.servers", brokers).set("log_level", "0");
    config
}

/// Hands the rows from `from` on to the client, which sends them meanwhile.
fn send(producer: &BaseProducer<Acknowledged>, topic: &str, rows: &[Interaction], from: usize) {
    for (number, row) in rows.iter().enumerate().skip(from) {
        let (key, value) = (row.user.to_string(), value(row));
        let mut record =
            BaseRecord::with_opaque_to(topic, number).key(&key).payload(value.as_str());
        loop {
            producer.poll(Duration::ZERO);
            match producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    producer.poll(Duration::from_millis(5));
                }
                Err((error, _)) => panic!("row {number}: {error}"),
            }
        }
    }
}

/// Sends rows from `from` on, every one of which must be acknowledged.
fn send_all(env: &TestEnv, topic: &str, rows: &[Interaction], from: usize) {
    let acknowledged = Acknowledged(Arc::new(AtomicUsize::new(from)));
    let producer = producer(env, &acknowledged);
    send(&producer, topic, rows, from);
    producer.flush(ANSWER_MAX).unwrap();
    drop(producer);
    assert_eq!(acknowledged.0.load(SeqCst), rows.len(), "records of {topic} have no answer");
}

fn value(row: &Interaction) -> String {
    format!(r#"{{"user":"{}","item":"{}"}}"#, row.user, row.item)
}

/// The set's parts, if it is here; else says why nothing is tested.
fn history(env: &TestEnv) -> Option<History> {
    let mirror: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "shared", "data"].iter().collect();
    if !mirror.join("anime/anime.zip").is_file() {
        eprintln!("skipped: the real set is not at {}", mirror.join("anime").display());
        return None;
    }
    env.ok([Path::new("dataset"), "pull".as_ref(), "anime".as_ref(), "--mirror".as_ref(), &mirror]);
    Some(History::open(&env.home().join("blobs")).unwrap())
}

/// Trains on what is in `likes` and lets the version follow the topic.
fn train_and_follow(env: &TestEnv) -> Value {
    let columns = "`user` STRING, item STRING";
    env.sql(&(table("likes", columns, "") + &table("heldout", columns, "")));
    let what = "--table likes --user-col user --item-col item --test-table heldout --seed 42";
    let how = "--algorithm als --factors 64 --regularization 10 --alpha 5 --iterations 15";
    let words = ["--json", "model", "train", "tastes"];
    let version = env.ok(words.into_iter().chain(what.split(' ')).chain(how.split(' '))).json();
    assert_eq!(version["rows"], BATCH_ROWS, "{version}");
    env.ok(["model", "deploy", "tastes", "--online", "likes"]);
    version
}

/// Streams rows while the workshop is killed midway, with updates behind it and before it, and goes on where the
/// acknowledged ones end. As a client that is not sure does, it sends the last thousand again.
fn stream_through_a_kill(env: &mut TestEnv, rows: &[Interaction]) {
    let (quarter, half) = (rows.len() / 4, rows.len() / 2);
    let acknowledged = Acknowledged::default();
    let producer = producer(env, &acknowledged);
    send(&producer, "likes", &rows[..quarter], 0);
    let updates = online_when(env, |online| online["events"].as_u64() > Some(UPDATES_BEFORE_KILL));
    send(&producer, "likes", &rows[..half], quarter);
    // As a rule a few thousand are on their way now.
    env.kill();
    drop(producer);
    let from = acknowledged.0.load(SeqCst);
    assert!(quarter / 2 < from && from <= half, "{from} of {half} are acknowledged");

    env.start();
    let written = end_of_likes(env) - BATCH_ROWS;
    let restored = online(env)["events"].as_u64().unwrap();
    eprintln!(
        "killed when {from} of {half} sent were acknowledged, {written} are there; {restored} updates soon after \
         (ready after {} ms)",
        env.said("ready_ms")
    );
    assert!(written >= from, "acknowledged, but gone: {written} of {from} are there");
    assert!(updates["events"].as_u64() <= Some(restored), "{restored} are there of {updates}");
    assert!(restored < half as u64, "the kill was not midway: {restored}");
    send_all(env, "likes", rows, from - SENT_AGAIN);
}

fn end_of_likes(env: &TestEnv) -> usize {
    let consumer: BaseConsumer = kafka(env).set("group.id", "test").create().unwrap();
    consumer.fetch_watermarks("likes", 0, ANSWER_MAX).unwrap().1 as usize
}

fn online(env: &TestEnv) -> Value {
    env.ok(["--json", "model", "show", "tastes"]).json()["online"].clone()
}

/// Waits until the updates are as they should be, and gives how they stand.
#[track_caller]
fn online_when(env: &TestEnv, is_so: impl Fn(&Value) -> bool) -> Value {
    let clock = SystemClock::new();
    loop {
        let online = online(env);
        if is_so(&online) {
            return online;
        }
        assert!(clock.monotonic() < FOLLOW_MAX, "in vain: {online:#}");
    }
}

/// Waits until every event is served. A thread that has read nothing yet since a start says that nothing waits, so the
/// events are counted too.
#[track_caller]
fn followed(env: &TestEnv, events: usize) -> Value {
    let all = Some(events as u64);
    online_when(env, |online| online["lag"] == 0 && online["events"].as_u64() >= all)
}

fn ndcg(env: &TestEnv) -> f64 {
    let figures =
        env.ok(["--json", "model", "evaluate", "tastes", "--test-table", "heldout"]).json();
    eprintln!("served: {figures}");
    figures["ndcg_at_10"].as_f64().unwrap()
}

/// What the topic of parameters says: how often each pair counted, and the newest row of each user and item.
#[derive(Default)]
struct Params {
    seen: HashMap<String, u32>,
    rows: HashMap<String, Vec<f32>>,
}

impl Params {
    /// Reads the topic up to an offset.
    fn read(env: &TestEnv, end: i64) -> Self {
        let consumer: BaseConsumer = kafka(env).set("group.id", "test").create().unwrap();
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(PARAMS, 0, Offset::Beginning).unwrap();
        consumer.assign(&from).unwrap();
        let mut params = Self::default();
        loop {
            let record = consumer.poll(ANSWER_MAX).expect("no answer").unwrap();
            let key = String::from_utf8(record.key().unwrap().to_vec()).unwrap();
            let (numbers, _) = record.payload().unwrap().as_chunks::<4>();
            if key.starts_with("1/seen/") {
                *params.seen.entry(key).or_default() += 1;
            } else {
                let row = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
                params.rows.insert(key, row);
            }
            if record.offset() + 1 >= end {
                return params;
            }
        }
    }

    /// A user's score of an item by the newest rows; none if the stream moved only one of them.
    fn score(&self, user: &str, item: &str) -> Option<f64> {
        let user = self.rows.get(&format!("1/user/{user}"))?;
        let item = self.rows.get(&format!("1/item/{item}"))?;
        Some(user.iter().zip(item).map(|(u, i)| f64::from(*u) * f64::from(*i)).sum())
    }
}

/// Items with their scores, best first.
type List = Vec<(String, f64)>;

/// A user's list from the one protocol.
fn recommended(env: &TestEnv, user: &str) -> List {
    let answer = call(env, &format!("/api/v1/models/tastes/recommendations/{user}?k=10"), None);
    assert_eq!(answer["cold_start"], false, "{answer}");
    let item =
        |row: &Value| (row["item"].as_str().unwrap().to_owned(), row["score"].as_f64().unwrap());
    answer["items"].as_array().unwrap().iter().map(item).collect()
}

/// A user's list from the other.
fn inferred(env: &TestEnv, user: &str) -> List {
    let input = json!({"name": "user", "shape": [1], "datatype": "BYTES", "data": [user]});
    let request = json!({"parameters": {"k": 10}, "inputs": [input]});
    let answer = call(env, "/v2/models/tastes/infer", Some(&request));
    let data = |name: &str| {
        let outputs = answer["outputs"].as_array().unwrap();
        outputs.iter().find(|o| o["name"] == name).unwrap()["data"].as_array().unwrap().clone()
    };
    let items = data("item").into_iter().map(|item| item.as_str().unwrap().to_owned());
    items.zip(data("score").into_iter().map(|score| score.as_f64().unwrap())).collect()
}

/// The answer to a GET, or to a POST of a body, with the workshop's own token.
fn call(env: &TestEnv, path: &str, body: Option<&Value>) -> Value {
    let (address, _) = env.said("url").as_str().unwrap().split_once("/login").unwrap();
    let (url, agent) = (format!("{address}{path}"), ureq::Agent::config_builder().proxy(None));
    let (agent, bearer) =
        (agent.build().new_agent(), format!("Bearer {}", env.said("token").as_str().unwrap()));
    let answer = match body {
        Some(body) => agent.post(url).header("authorization", bearer).send_json(body),
        None => agent.get(url).header("authorization", bearer).call(),
    };
    answer.unwrap().body_mut().read_json().unwrap()
}

#[track_caller]
fn assert_same(user: &str, one: &List, other: &List) {
    let items = |list: &List| list.iter().map(|(item, _)| item.clone()).collect::<Vec<_>>();
    assert_eq!(items(one), items(other), "user {user}");
    for ((item, one), (_, other)) in one.iter().zip(other) {
        assert!((one - other).abs() <= SCORE_ERROR_MAX, "user {user}, item {item}: {one}, {other}");
    }
}

/// Each list is the same by both protocols, whenever asked, holds nothing known, and has the scores that the rows give.
fn check_lists(env: &TestEnv, params: &Params, known: &BTreeMap<u32, HashSet<String>>) {
    let mut checked = 0;
    for (user, known) in known.iter().step_by(known.len() / USERS).take(USERS) {
        let user = user.to_string();
        let list = recommended(env, &user);
        assert_eq!(list.len(), 10, "user {user}: {list:?}");
        assert_same(&user, &list, &inferred(env, &user));
        assert_same(&user, &list, &recommended(env, &user));
        for (item, score) in &list {
            assert!(!known.contains(item), "user {user} knows {item}");
            if let Some(offline) = params.score(&user, item) {
                let error = (score - offline).abs();
                assert!(error <= SCORE_ERROR_MAX, "{user}, {item}: {score} is not {offline}");
                checked += 1;
            }
        }
    }
    eprintln!("{checked} of {} served scores have both rows in {PARAMS}", USERS * 10);
    assert!(checked > USERS * 5, "only {checked} scores could be computed from {PARAMS}");
}

#[test]
fn half_trained_and_half_streamed_through_a_kill_serves_as_if_trained_on_all() {
    let mut env = TestEnv::up();
    let Some(history) = history(&env) else { return };
    let [batch, stream, test] =
        [Part::Batch, Part::Stream, Part::Test].map(|part| history.part(part).unwrap());
    send_all(&env, "likes", &batch, 0);
    send_all(&env, "heldout", &test, 0);
    let version = train_and_follow(&env);
    assert_eq!(followed(&env, 0)["events"], 0, "what was trained on is no news");
    let stale = ndcg(&env);
    stream_through_a_kill(&mut env, &stream);

    let pair = |row: &Interaction| (row.user, row.item);
    let trained: HashSet<_> = batch.iter().map(pair).collect();
    let streamed: BTreeSet<_> =
        stream.iter().map(pair).filter(|pair| !trained.contains(pair)).collect();
    let online = followed(&env, streamed.len());
    eprintln!("{} distinct pairs were streamed: {online}", streamed.len());
    assert_eq!(online["events"], streamed.len(), "{online}");
    assert_eq!(online["malformed"], 0, "{online}");
    assert!(end_of_likes(&env) >= BATCH_ROWS + stream.len() + SENT_AGAIN, "none came twice");

    let served = ndcg(&env);
    let model = env.ok(["--json", "model", "show", "tastes"]).json();
    assert!(served >= NDCG_MIN && served > stale, "stale {stale}, served {served}");
    assert_eq!(model["versions"], json!([version]), "nothing was trained again");
    assert_eq!(model["serving"], 1, "{model}");

    let params = Params::read(&env, online["params_offset"].as_i64().unwrap());
    let expected: HashMap<String, u32> =
        streamed.iter().map(|(user, item)| (format!("1/seen/{user}/{item}"), 1)).collect();
    assert!(params.seen == expected, "{} of {} pairs counted", params.seen.len(), expected.len());
    let mut known: BTreeMap<u32, HashSet<String>> = BTreeMap::new();
    for row in batch.iter().chain(&stream) {
        known.entry(row.user).or_default().insert(row.item.to_string());
    }
    check_lists(&env, &params, &known);
}
