//! One desk in memory: its files and its journal work, the world around it is empty.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::Duration,
};

use pancake_lab::{
    Desk, Event, Hands, Journal, Lab, MemoryFiles, Workshop, World, WorldError,
    world::{
        CellOutput, CommandOutput, FeedFacts, FeedMove, FeedSpec, GroupFacts, HttpAnswer,
        HttpRequest, Inventory, JobFacts, ModelFacts, NewRecord, RecordFacts, Rows, TopicFacts,
        WorldResult,
    },
};
use pancake_types::Timestamp;

const YAML: &str = "format: 1
id: 01-capital
title: Capitals
can_do: name a capital
minutes: 3
difficulty: easy
after: []
covers: []
steps:
  - {id: ask, page: 10-ask.md, minutes: 3, checks: [named]}
checks:
  named:
    answer: {quiz: capital, is: Paris}
    fail: \"You said {actual.answer}. Look at the map again.\"
    pass: \"Yes, Paris.\"
";

const PAGE: &str = "# Ask

Which town is it?

~~~quiz id=capital
What is the capital of France?
- Paris: the one on the Seine
- Lyon: the one on the Rhône
~~~

~~~check named
~~~

~~~hint for=named level=1
It lies on a river.
~~~

~~~hint for=named level=2
It lies on the Seine.
~~~
";

/// A workshop with one lab: a quiz about a capital.
pub(super) fn workshop() -> Workshop {
    let files = [("lab.yaml", YAML), ("10-ask.md", PAGE)];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let lab = Lab::load(&MemoryFiles(files.into())).unwrap();
    let memory = Arc::new(Memory::default());
    let world: Arc<dyn World> = Arc::<Memory>::clone(&memory);
    let hands: Arc<dyn Hands> = Arc::<Memory>::clone(&memory);
    Workshop::new([Arc::new(lab)], world, hands, memory)
}

#[derive(Debug, Default)]
struct Memory {
    files: Mutex<BTreeMap<(Desk, String), Vec<u8>>>,
    events: Mutex<Vec<(Desk, Event)>>,
}

fn nothing<T>() -> WorldResult<T> {
    Err(WorldError::Unavailable { what: "the world".into(), reason: "there is none".into() })
}

impl World for Memory {
    fn topic(&self, _: &str) -> WorldResult<Option<TopicFacts>> {
        Ok(None)
    }
    fn scan_topic(
        &self,
        _: &str,
        _: &mut dyn FnMut(&RecordFacts<'_>) -> ControlFlow<()>,
    ) -> WorldResult<()> {
        Ok(())
    }
    fn group(&self, _: &str) -> WorldResult<Option<GroupFacts>> {
        Ok(None)
    }
    fn job(&self, _: &str) -> WorldResult<Option<JobFacts>> {
        Ok(None)
    }
    fn query(&self, _: &str, _: usize) -> WorldResult<Rows> {
        nothing()
    }
    fn model(&self, _: &str) -> WorldResult<Option<ModelFacts>> {
        Ok(None)
    }
    fn evaluate(&self, _: &str, _: &str) -> WorldResult<BTreeMap<String, f64>> {
        nothing()
    }
    fn http(&self, _: &HttpRequest) -> WorldResult<HttpAnswer> {
        nothing()
    }
    fn file(&self, desk: &Desk, path: &str) -> WorldResult<Option<Vec<u8>>> {
        Ok(self.files.lock().unwrap().get(&(desk.clone(), path.to_owned())).cloned())
    }
    fn files(&self, desk: &Desk) -> WorldResult<Vec<String>> {
        let files = self.files.lock().unwrap();
        Ok(files.keys().filter(|(at, _)| at == desk).map(|(_, path)| path.clone()).collect())
    }
    fn feed(&self, _: &Desk, _: &str) -> WorldResult<Option<FeedFacts>> {
        Ok(None)
    }
    fn inventory(&self) -> WorldResult<Inventory> {
        Ok(Inventory::default())
    }
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000)
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
    fn wait_for_change(&self, _: Duration) {}
}

impl Hands for Memory {
    fn produce(&self, _: &str, _: &[NewRecord]) -> WorldResult<()> {
        nothing()
    }
    fn run_sql(&self, _: &Desk, _: &str) -> WorldResult<CellOutput> {
        nothing()
    }
    fn pancake(&self, _: &Desk, _: &[String]) -> WorldResult<CommandOutput> {
        nothing()
    }
    fn send(&self, _: &HttpRequest) -> WorldResult<HttpAnswer> {
        nothing()
    }
    fn write_file(&self, desk: &Desk, path: &str, bytes: &[u8]) -> WorldResult<()> {
        self.files.lock().unwrap().insert((desk.clone(), path.to_owned()), bytes.to_vec());
        Ok(())
    }
    fn wipe_files(&self, desk: &Desk) -> WorldResult<()> {
        self.files.lock().unwrap().retain(|(at, _), _| at != desk);
        Ok(())
    }
    fn remove(&self, _: &Inventory) -> WorldResult<()> {
        Ok(())
    }
    fn open_feed(&self, _: &Desk, _: &FeedSpec) -> WorldResult<()> {
        nothing()
    }
    fn close_feed(&self, _: &Desk, _: &FeedSpec) -> WorldResult<()> {
        nothing()
    }
    fn move_feed(&self, _: &Desk, _: &str, _: FeedMove) -> WorldResult<()> {
        nothing()
    }
}

impl Journal for Memory {
    fn append(&self, desk: &Desk, event: &Event) -> WorldResult<()> {
        self.events.lock().unwrap().push((desk.clone(), event.clone()));
        Ok(())
    }
    fn read(&self, attendee: &str) -> WorldResult<Vec<(Desk, Event)>> {
        let events = self.events.lock().unwrap();
        Ok(events.iter().filter(|(desk, _)| desk.attendee == attendee).cloned().collect())
    }
}
