//! A small world in memory for the tests of this crate: real enough that every trait method does what it says.
//!
//! Its SQL has five statements, one a line: `MAKE table`, `ADD topic value`, `COPY topic AS job` (a job that copies every record
//! of the topic, now and later, into a topic of the job's name), `SHOW topic`, and anything else is refused.
//! Its query language: `COUNT topic`, `ROWS topic` (each record is a JSON list).

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::Duration,
};

use pancake_types::Timestamp;
use serde_json::{Value, json};

use crate::{
    author::{Rig, Rigs},
    format::LabFile,
    loader::{Lab, MemoryFiles},
    progress::Event,
    workshop::Workshop,
    world::*,
};

#[derive(Default)]
struct State {
    topics: BTreeMap<String, Vec<(Option<String>, String)>>,
    tables: Vec<String>,
    jobs: BTreeMap<String, JobFacts>,
    copies: BTreeMap<String, String>,
    models: BTreeMap<String, ModelFacts>,
    groups: BTreeMap<String, GroupFacts>,
    files: BTreeMap<(Desk, String), Vec<u8>>,
    feeds: BTreeMap<String, (FeedSpec, FeedFacts)>,
    events: Vec<(Desk, Event)>,
    now_ms: i64,
    down: bool,
}

/// The world, its hands and its journal in one.
#[derive(Default)]
pub(crate) struct Toy(Mutex<State>);

/// A feed's events: one a second for ten seconds.
const FEED_EVENTS: u64 = 10;

impl Toy {
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap();
        let out = f(&mut state);
        state.copy();
        out
    }

    /// From now on nothing answers.
    pub(crate) fn break_down(&self) {
        self.with(|s| s.down = true);
    }

    /// Puts a model there.
    pub(crate) fn put_model(&self, model: ModelFacts) {
        self.with(|s| s.models.insert(model.name.clone(), model));
    }

    /// Puts a consumer group there.
    pub(crate) fn put_group(&self, group: GroupFacts) {
        self.with(|s| s.groups.insert(group.id.clone(), group));
    }

    /// Changes a job's facts.
    pub(crate) fn change_job(&self, name: &str, change: impl FnOnce(&mut JobFacts)) {
        let mut state = self.0.lock().unwrap();
        change(state.jobs.get_mut(name).unwrap());
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.with(|s| s.events.iter().map(|(_, event)| event.clone()).collect())
    }

    fn up<T>(&self, f: impl FnOnce(&mut State) -> T) -> WorldResult<T> {
        self.with(|s| {
            if s.down {
                return Err(WorldError::Unavailable {
                    what: "toy".into(),
                    reason: "it is broken".into(),
                });
            }
            Ok(f(s))
        })
    }
}

impl State {
    /// Jobs catch up at once: each target holds what its source holds.
    fn copy(&mut self) {
        let clock = self.feeds.values().map(|(_, facts)| facts.at).max();
        for (target, source) in self.copies.clone() {
            let records = self.topics.get(&source).cloned().unwrap_or_default();
            if let Some(job) = self.jobs.get_mut(&target) {
                job.rows_in = records.len() as u64;
                job.rows_out = job.rows_in;
                job.watermark = clock;
            }
            self.topics.insert(target, records);
        }
    }

    fn statement(&mut self, line: &str) -> Result<StatementOutput, String> {
        let words: Vec<&str> = line.splitn(3, ' ').collect();
        let message = match words.as_slice() {
            ["MAKE", table] => {
                if self.tables.iter().any(|t| t == table) {
                    return Err(format!("table {table} exists"));
                }
                self.tables.push((*table).to_owned());
                format!("table {table} made")
            }
            ["ADD", topic, value] => {
                self.topics
                    .entry((*topic).to_owned())
                    .or_default()
                    .push((None, (*value).to_owned()));
                "1 row".to_owned()
            }
            ["COPY", topic, as_job] => {
                let job = as_job.trim_start_matches("AS ").to_owned();
                let facts = JobFacts {
                    name: job.clone(),
                    state: "running".into(),
                    caught_up: true,
                    writes: vec![job.clone()],
                    ..JobFacts::default()
                };
                self.jobs.insert(job.clone(), facts);
                self.copies.insert(job.clone(), (*topic).to_owned());
                return Ok(StatementOutput { message: "job".into(), job: Some(job), rows: None });
            }
            ["SHOW", topic] => format!("{} rows", self.topics.get(*topic).map_or(0, Vec::len)),
            _ => return Err(format!("`{line}` is no statement")),
        };
        Ok(StatementOutput { message, ..StatementOutput::default() })
    }
}

impl World for Toy {
    fn topic(&self, name: &str) -> WorldResult<Option<TopicFacts>> {
        self.up(|s| {
            s.topics.get(name).map(|records| TopicFacts {
                name: name.to_owned(),
                partitions: vec![PartitionFacts {
                    id: 0,
                    start: 0,
                    high_watermark: records.len() as u64,
                }],
            })
        })
    }

    fn scan_topic(
        &self,
        name: &str,
        visit: &mut dyn FnMut(&RecordFacts<'_>) -> ControlFlow<()>,
    ) -> WorldResult<()> {
        let records = self.up(|s| s.topics.get(name).cloned().unwrap_or_default())?;
        for (offset, (key, value)) in records.iter().enumerate() {
            let facts = RecordFacts {
                partition: 0,
                offset: offset as u64,
                timestamp: Timestamp::from_millis(0),
                key: key.as_deref().map(str::as_bytes),
                value: Some(value.as_bytes()),
            };
            if visit(&facts).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn group(&self, id: &str) -> WorldResult<Option<GroupFacts>> {
        self.up(|s| s.groups.get(id).cloned())
    }

    fn job(&self, name: &str) -> WorldResult<Option<JobFacts>> {
        self.up(|s| s.jobs.get(name).cloned())
    }

    fn query(&self, sql: &str, rows_max: usize) -> WorldResult<Rows> {
        let (verb, topic) = sql.split_once(' ').unwrap_or((sql, ""));
        let records = self.up(|s| s.topics.get(topic).cloned())?;
        let Some(records) = records else {
            let message = format!("no table `{topic}`");
            return Err(WorldError::Refused { message, hint: None });
        };
        let column = |name: &str| ColumnFacts { name: name.into(), r#type: "STRING".into() };
        let data: Vec<Vec<Value>> = match verb {
            "COUNT" => vec![vec![json!(records.len())]],
            _ => records
                .iter()
                .map(|(_, value)| {
                    serde_json::from_str(value).unwrap_or_else(|_| vec![json!(value)])
                })
                .collect(),
        };
        let columns =
            if verb == "COUNT" { vec![column("n")] } else { vec![column("stand"), column("n")] };
        Ok(Rows { columns, truncated: data.len() > rows_max, data })
    }

    fn model(&self, name: &str) -> WorldResult<Option<ModelFacts>> {
        self.up(|s| s.models.get(name).cloned())
    }

    fn evaluate(&self, model: &str, _test_table: &str) -> WorldResult<BTreeMap<String, f64>> {
        let updates = self.up(|s| s.models.get(model).map_or(0, |m| m.updates))?;
        Ok([("ndcg_at_10".to_owned(), if updates > 0 { 0.4 } else { 0.2 })].into())
    }

    fn http(&self, request: &HttpRequest) -> WorldResult<HttpAnswer> {
        let status = if request.url == "/nowhere" { 404 } else { 200 };
        Ok(HttpAnswer {
            status,
            body: json!({"url": request.url, "items": ["jazz-1", "jazz-2", "folk-1"]}),
        })
    }

    fn file(&self, desk: &Desk, path: &str) -> WorldResult<Option<Vec<u8>>> {
        self.up(|s| s.files.get(&(desk.clone(), path.to_owned())).cloned())
    }

    fn files(&self, desk: &Desk) -> WorldResult<Vec<String>> {
        self.up(|s| {
            s.files.keys().filter(|(d, _)| d == desk).map(|(_, path)| path.clone()).collect()
        })
    }

    fn feed(&self, _desk: &Desk, feed: &str) -> WorldResult<Option<FeedFacts>> {
        self.up(|s| s.feeds.get(feed).map(|(_, facts)| facts.clone()))
    }

    fn inventory(&self) -> WorldResult<Inventory> {
        self.up(|s| Inventory {
            topics: s.topics.keys().cloned().collect(),
            tables: s.tables.clone(),
            jobs: s.jobs.keys().cloned().collect(),
            models: s.models.keys().cloned().collect(),
        })
    }

    fn now(&self) -> Timestamp {
        self.with(|s| Timestamp::from_millis(s.now_ms))
    }

    fn monotonic(&self) -> Duration {
        self.with(|s| Duration::from_millis(s.now_ms.cast_unsigned()))
    }

    fn wait_for_change(&self, limit: Duration) {
        self.with(|s| s.now_ms += limit.as_millis() as i64);
    }
}

impl Hands for Toy {
    fn produce(&self, topic: &str, records: &[NewRecord]) -> WorldResult<()> {
        let records = records.iter().map(|r| (r.key.clone(), r.value.clone()));
        self.up(|s| s.topics.entry(topic.to_owned()).or_default().extend(records))
    }

    fn run_sql(&self, _desk: &Desk, text: &str) -> WorldResult<CellOutput> {
        self.up(|s| {
            let mut output = CellOutput::default();
            for (index, line) in
                text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
            {
                match s.statement(line) {
                    Ok(done) => output.statements.push(done),
                    Err(message) => {
                        let line = u32::try_from(index + 1).ok();
                        output.fault = Some(CellFault { message, line, ..CellFault::default() });
                        break;
                    }
                }
            }
            output
        })
    }

    /// `topic produce TOPIC --value VALUE` and `model train NAME` are known.
    fn pancake(&self, _desk: &Desk, argv: &[String]) -> WorldResult<CommandOutput> {
        let words: Vec<&str> = argv.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["topic", "produce", topic, "--value", value] => {
                self.produce(topic, &[NewRecord { key: None, value: (*value).to_owned() }])?;
                Ok(CommandOutput { stdout: "1 record\n".into(), ..CommandOutput::default() })
            }
            ["model", "train", name] => {
                self.put_model(ModelFacts { name: (*name).to_owned(), ..ModelFacts::default() });
                Ok(CommandOutput { stdout: "version 1\n".into(), ..CommandOutput::default() })
            }
            _ => Ok(CommandOutput {
                code: 2,
                stderr: "unknown command".into(),
                ..CommandOutput::default()
            }),
        }
    }

    fn send(&self, request: &HttpRequest) -> WorldResult<HttpAnswer> {
        self.http(request)
    }

    fn write_file(&self, desk: &Desk, path: &str, bytes: &[u8]) -> WorldResult<()> {
        self.up(|s| drop(s.files.insert((desk.clone(), path.to_owned()), bytes.to_vec())))
    }

    fn wipe_files(&self, desk: &Desk) -> WorldResult<()> {
        self.up(|s| s.files.retain(|(d, _), _| d != desk))
    }

    fn remove(&self, things: &Inventory) -> WorldResult<()> {
        self.up(|s| {
            for job in &things.jobs {
                s.jobs.remove(job);
                s.copies.remove(job);
            }
            s.tables.retain(|table| !things.tables.contains(table));
            s.topics.retain(|topic, _| !things.topics.contains(topic));
            s.models.retain(|model, _| !things.models.contains(model));
        })
    }

    fn open_feed(&self, _desk: &Desk, feed: &FeedSpec) -> WorldResult<()> {
        self.up(|s| {
            s.topics.insert(feed.topic.clone(), Vec::new());
            let facts = FeedFacts {
                name: feed.name.clone(),
                topic: feed.topic.clone(),
                ..FeedFacts::default()
            };
            s.feeds.insert(feed.name.clone(), (feed.clone(), facts));
        })
    }

    fn close_feed(&self, _desk: &Desk, feed: &FeedSpec) -> WorldResult<()> {
        self.up(|s| {
            s.feeds.remove(&feed.name);
            s.topics.remove(&feed.topic);
        })
    }

    fn move_feed(&self, _desk: &Desk, feed: &str, how: FeedMove) -> WorldResult<()> {
        self.up(|s| {
            let (spec, mut facts) = s.feeds.get(feed).cloned().unwrap();
            let goal = match how {
                FeedMove::Step(events) => facts.sent + u64::from(events),
                FeedMove::PlayTo(Some(to)) => (to.millis() / 1000) as u64,
                FeedMove::PlayTo(None) | FeedMove::Play => FEED_EVENTS,
                FeedMove::Pause => facts.sent,
            };
            let topic = s.topics.entry(spec.topic.clone()).or_default();
            for n in facts.sent..goal.min(FEED_EVENTS) {
                topic.push((None, format!("[\"north\", {n}]")));
            }
            facts.sent = goal.min(FEED_EVENTS);
            facts.at = Timestamp::from_millis(facts.sent as i64 * 1000);
            facts.state =
                if facts.sent == FEED_EVENTS { FeedState::Done } else { FeedState::Paused };
            s.feeds.insert(feed.to_owned(), (spec, facts));
        })
    }
}

impl Journal for Toy {
    fn append(&self, desk: &Desk, event: &Event) -> WorldResult<()> {
        // Through JSON, as the real one does.
        let event = serde_json::from_value(json!(event)).unwrap();
        self.up(|s| s.events.push((desk.clone(), event)))
    }

    fn read(&self, attendee: &str) -> WorldResult<Vec<(Desk, Event)>> {
        self.up(|s| {
            s.events.iter().filter(|(desk, _)| desk.attendee == attendee).cloned().collect()
        })
    }
}

/// Fresh toys for the lab test.
pub(crate) struct Toys;

impl Rigs for Toys {
    fn fresh(&self) -> WorldResult<Rig> {
        let toy = Arc::new(Toy::default());
        Ok(Rig { world: Arc::<Toy>::clone(&toy), hands: Arc::<Toy>::clone(&toy), journal: toy })
    }
}

/// A lab's files from pairs of path and text; `~~~` stands for a fence.
pub(crate) fn files(pairs: &[(&str, &str)]) -> MemoryFiles {
    let pair =
        |(path, text): &(&str, &str)| ((*path).to_owned(), text.replace("~~~", "```").into_bytes());
    MemoryFiles(pairs.iter().map(pair).collect())
}

/// A small whole lab: pour one record, watch ten, copy them, answer.
pub(crate) const LAB: &[(&str, &str)] = &[
    (
        "lab.yaml",
        r#"format: 1
id: 01-toy
title: A toy
can_do: play
minutes: 9
covers: [A1, Z9]
data:
  orders: {generator: orders, seed: 42, topic: orders, rate: 1/s, speed: 60x, until: 1970-01-01 00:00:10, marks: {half: 1970-01-01 00:00:05}}
steps:
  - {id: pour, page: 10-pour.md, minutes: 2, checks: [poured]}
  - {id: copy, page: 20-copy.md, minutes: 3, checks: [runs, right]}
  - {id: ask, page: 30-ask.md, minutes: 3, checks: [which]}
checks:
  poured:
    topic: {name: poured, records: ">= 1", any: {value: {json: {n: int}}}}
    fail: "Topic `poured` holds {actual.records} records. Run the cell."
    hints_when:
      - {if: "!actual.exists", say: "It is not there yet."}
      - {if: "actual.malformed > 0", say: "{actual.malformed} do not fit: {actual.first_malformed}"}
  runs:
    job: {name: counts, state: running}
    fail: "No job `counts` runs. Run the cell."
  right:
    needs: [runs]
    on: {job: counts, watermark: ">= 1970-01-01 00:00:10"}
    query: {sql: ROWS counts, equals: expected/counts.csv, ignore_order: true}
    fail: "{diff.rows} of {expected.rows} rows differ. First: {diff.first}. Look again."
    hints_when:
      - {if: "actual.rows == 0", say: "Nothing was copied."}
  which:
    answer: {quiz: which_time, is: made}
    fail: "You said {actual.answer}. Look at the first page."
"#,
    ),
    (
        "10-pour.md",
        "# Pour\n\nRun it.\n\n~~~sql edit id=pour todo\nADD poured 1 TODO\n~~~\n\n~~~check poured\n~~~\n\n~~~hint for=poured level=1\nWhat is a record?\n~~~\n",
    ),
    (
        "20-copy.md",
        "# Copy\n\n~~~sql edit id=copy\nCOPY nothing AS counts\n~~~\n\n~~~check runs\n~~~\n\n~~~check right\n~~~\n\n~~~hint for=right level=1\nFrom where?\n~~~\n\n~~~hint for=right level=2\nFrom where orders are.\n~~~\n",
    ),
    (
        "30-ask.md",
        "# Ask\n\n~~~quiz id=which_time\nWhich?\n- made: when made\n- seen: when seen\n~~~\n\n~~~check which\n~~~\n\n~~~hint for=which level=1\nA?\n~~~\n\n~~~hint for=which level=2\nB?\n~~~\n",
    ),
    ("solution/pour.yaml", "- {cell: pour, text: 'ADD poured {\"n\": 1}'}\n"),
    (
        "solution/copy.yaml",
        "- cell: copy\n  text: |\n    MAKE orders_table\n    COPY orders AS counts\n- clock: {play_to: end}\n",
    ),
    ("solution/ask.yaml", "- answer: {which_time: made}\n"),
    (
        "wrong/pour/no-json.yaml",
        "do: [{cell: pour, text: ADD poured 1}]\nexpect: {check: poured, says: \"1 do not fit: partition 0, offset 0: `1` is not a JSON object\"}\n",
    ),
    (
        "wrong/pour/elsewhere.yaml",
        "do: [{cell: pour, text: 'ADD pored {\"n\": 1}'}]\nexpect: {check: poured, says: \"not there yet\"}\n",
    ),
    (
        "wrong/copy/other-name.yaml",
        "do: [{cell: copy, text: COPY orders AS count}]\nexpect: {check: runs, says: \"No job\"}\n",
    ),
    (
        "wrong/copy/no-cell.yaml",
        "do: [{clock: {play_to: end}}]\nexpect: {check: runs, says: \"Run the cell\"}\n",
    ),
    (
        "wrong/copy/too-early.yaml",
        "do: [{cell: copy, text: COPY orders AS counts}, {clock: {play_to: half}}]\nexpect: {check: right, verdict: blocked, says: \"has reached 1970-01-01 00:00:05. Let the clock run on\"}\n",
    ),
    (
        "wrong/copy/other-topic.yaml",
        "do: [{cell: copy, text: COPY poured AS counts}, {sql: 'ADD poured [\"x\", 1]'}, {clock: {play_to: end}}]\nexpect: {check: right, says: \"differ\"}\n",
    ),
    (
        "wrong/ask/seen.yaml",
        "do: [{answer: {which_time: seen}}]\nexpect: {check: which, says: \"You said seen\"}\n",
    ),
    ("wrong/ask/silent.yaml", "do: []\nexpect: {check: which, says: \"no answer yet\"}\n"),
    (
        "expected/counts.csv",
        "stand,n\nnorth,0\nnorth,1\nnorth,2\nnorth,3\nnorth,4\nnorth,5\nnorth,6\nnorth,7\nnorth,8\nnorth,9\n",
    ),
    ("start/notes.txt", "Write here.\n"),
];

/// The small lab with some files changed; an empty text removes the file.
pub(crate) fn lab_with(changes: &[(&str, &str)]) -> MemoryFiles {
    let mut all = files(LAB);
    for (path, text) in changes {
        if text.is_empty() {
            all.0.remove(*path);
        } else {
            all.0.extend(files(&[(path, text)]).0);
        }
    }
    all
}

/// A file of the small lab with one part replaced.
pub(crate) fn edited(path: &str, from: &str, to: &str) -> String {
    let (_, text) = LAB.iter().find(|(p, _)| *p == path).unwrap();
    assert!(text.contains(from), "{path} does not contain {from}");
    text.replace(from, to)
}

/// The small lab in a workshop over a toy.
pub(crate) fn workshop() -> (Workshop, Arc<Toy>) {
    let lab = Arc::new(Lab::load(&files(LAB)).unwrap());
    let toy = Arc::new(Toy::default());
    let same = || Arc::<Toy>::clone(&toy);
    (Workshop::new([lab], same(), same(), same()), toy)
}

/// A lab made of checks only, for tests of single checks: one page, one step, a quiz `q` and a cell `c`.
pub(crate) fn lab_of_checks(checks: &str) -> Lab {
    let yaml = format!(
        "format: 1\nid: 01-c\ntitle: C\ncan_do: c\nminutes: 1\nsteps: []\nchecks:\n{checks}"
    );
    let file: LabFile = crate::format::parse("lab.yaml", &yaml).unwrap();
    Lab {
        file,
        pages: Vec::new(),
        solutions: BTreeMap::new(),
        wrong: Vec::new(),
        start: BTreeMap::new(),
        expected: [("expected/a.csv".to_owned(), b"stand,n\nnorth,1\nsouth,2\n".to_vec())].into(),
    }
}
