//! A home of a test's own, and the program over it.
//!
//! * A workshop that is still running is killed when its environment is dropped.
//! * The environment variables of who runs the tests do not reach the program.

use std::{
    ffi::OsStr,
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use pancake_types::{Clock as _, SystemClock};
use serde_json::Value;
use tempfile::TempDir;

/// Machines that run tests are shared and slow; a healthy wait is a hundredth of this.
const WAIT_MAX: Duration = Duration::from_secs(90);

/// What one run of the program gave.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    /// Asserts an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that every one of these texts is said on stderr, line breaks aside.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let said = self.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in texts {
            assert!(said.contains(text), "`{text}` is missing in:\n{}", self.stderr);
        }
        self
    }

    /// The JSON value on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e}:\n{}\n{}", self.stdout, self.stderr))
    }

    /// The JSON values on stdout, one per line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A home and, perhaps, the workshop that runs on it.
#[derive(Debug)]
pub(crate) struct TestEnv {
    dir: TempDir,
    workshop: Option<Child>,
    up: Value,
}

impl TestEnv {
    /// A home on which nothing runs.
    pub(crate) fn idle() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), workshop: None, up: Value::Null }
    }

    /// A home with a running workshop.
    pub(crate) fn up() -> Self {
        let mut env = Self::idle();
        env.start();
        env
    }

    /// A directory that is not the home, for files of the test.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// What `up --json` said: `url`, `token`, `kafka`, `pid`, `ready_ms`.
    pub(crate) fn said(&self, name: &str) -> &Value {
        &self.up[name]
    }

    /// Port of Kafka's protocol.
    pub(crate) fn kafka_port(&self) -> u16 {
        let address = self.up["kafka"].as_str().unwrap();
        address.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Starts the workshop and waits until it says that it is ready.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        let log = self.dir.path().join("up.log");
        let mut child = self
            .command(["--json", "up", "--any-port"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.workshop = Some(child);
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send(lines.next()));
        let line = match told.recv_timeout(WAIT_MAX) {
            Ok(Some(Ok(line))) => line,
            other => {
                let ended = self.workshop.as_mut().map(Child::try_wait);
                let said = std::fs::read_to_string(&log).unwrap();
                panic!("no line: {other:?}, {ended:?}\n{said}")
            }
        };
        self.up = serde_json::from_str(&line).unwrap();
    }

    /// Kills the workshop as `kill -9` does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.workshop.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Runs the program on the home to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Answer {
        finish(&mut self.command(args), "")
    }

    /// Runs the program with a text as its standard input.
    pub(crate) fn run_on<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        stdin: &str,
    ) -> Answer {
        finish(&mut self.command(args), stdin)
    }

    /// Runs the program, which must succeed.
    #[track_caller]
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Answer {
        self.run(args).exits(0)
    }

    /// Runs statements, which must succeed.
    #[track_caller]
    pub(crate) fn sql(&self, text: &str) -> Answer {
        self.ok(["--json", "sql", "-e", text])
    }

    /// Writes lines to a topic; each must be acknowledged.
    #[track_caller]
    pub(crate) fn produce(&self, topic: &str, lines: &[String]) {
        let told =
            self.run_on(["--json", "topic", "produce", topic], &lines.join("\n")).exits(0).json();
        assert_eq!(told["records"], lines.len());
    }

    /// All values of a topic, in order.
    #[track_caller]
    pub(crate) fn values(&self, topic: &str) -> Vec<String> {
        let records = self.ok(["--json", "topic", "consume", topic]).json_lines();
        records.iter().map(|r| r["value"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until a job is as it should be, and gives it.
    #[track_caller]
    pub(crate) fn job_when(&self, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let clock = SystemClock::new();
        loop {
            let job = self.ok(["--json", "job", "show", name]).json();
            if is_so(&job) {
                return job;
            }
            assert!(clock.monotonic() < WAIT_MAX, "in vain: {job:#}");
        }
    }

    /// The program with the home as its own, ready to be given more.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pancake"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PANCAKE_") {
                command.env_remove(name);
            }
        }
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("RUST_BACKTRACE");
        command.current_dir(self.dir.path()).arg("--home").arg(self.home()).args(args);
        command
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, stdin: &str) -> Answer {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = stdin.to_owned();
    // A program that reads nothing may have closed its end; that is its right.
    let writer = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    drop(writer.join().unwrap());
    Answer {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Statement for a table over a topic of the same name; `more` are further options, each with a comma before it.
pub(crate) fn table(name: &str, columns: &str, more: &str) -> String {
    format!(
        "CREATE TABLE {name} ({columns}) WITH ('connector' = 'kafka', 'topic' = '{name}', \
         'properties.bootstrap.servers' = 'localhost:9092', 'format' = 'json'{more});\n"
    )
}
