//! What a learner does in the terminal, over the API of the workshop.

use std::{
    env, fs,
    io::Read as _,
    path::Path,
    process::{Command, ExitCode},
    time::Duration,
};

use clap::Args;
use pancake_lab::{
    CellRun, CheckReport, HintView, LabCard, LabView, Verdict,
    page::{Page, plain},
    world::FeedFacts,
};
use serde_json::{Value, json};

use super::{Context, show as view, verdict};
use crate::{
    client::{Api, Running},
    failure::{Failure, Outcome},
    output::{Tone, paint, thousands},
    time,
};

/// Pause between two looks of `check --watch`.
const WATCH_EVERY: Duration = Duration::from_millis(700);
/// Prose is wrapped here.
const WIDTH: usize = 88;

/// Check your work
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Lab
    lab: String,
    /// Only the checks of this step
    #[arg(long, conflicts_with = "check")]
    step: Option<String>,
    /// Only this check
    #[arg(long)]
    check: Option<String>,
    /// Look again as the world changes, until everything has passed
    #[arg(long)]
    watch: bool,
}

/// Move the clock of a lab's stream
#[derive(Args, Debug)]
pub(crate) struct ClockArgs {
    /// Lab
    lab: String,
    /// Stream; may be left away if the lab has one
    #[arg(long)]
    feed: Option<String>,
    /// Let everything come up to this moment: a time, a name that the page gives, or `end`
    #[arg(long, conflicts_with_all = ["step", "play", "pause"])]
    to: Option<String>,
    /// Let so many events come
    #[arg(long, conflicts_with_all = ["play", "pause"])]
    step: Option<u32>,
    /// Let it run by itself
    #[arg(long, conflicts_with = "pause")]
    play: bool,
    /// Hold it
    #[arg(long)]
    pause: bool,
}

pub(super) fn list(ctx: &mut Context<'_>) -> Outcome {
    let cards: Vec<LabCard> = ctx.api()?.get("/api/v1/labs")?;
    ctx.out.value(&cards, |out, cards| view::cards(out, cards));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn show(ctx: &mut Context<'_>, lab: &str, step: Option<&str>) -> Outcome {
    let lab: LabView = ctx.api()?.get(&format!("/api/v1/labs/{lab}"))?;
    ctx.out.value(&lab, |out, lab| view::step(out, lab, step));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn start(ctx: &mut Context<'_>, lab: &str, data: Option<&str>) -> Outcome {
    let api = ctx.api()?;
    let waiting = ctx.out.waiting("making the lab's data ready");
    let view: LabView =
        api.post(&format!("/api/v1/labs/{lab}/start"), &json!({ "variant": data }))?;
    waiting.finish_and_clear();
    ctx.out.value(&view, |out, lab| view::step(out, lab, None));
    if Running::find(&ctx.config.home).is_some_and(|r| r.pid == std::process::id()) {
        ctx.out.talk("`pancake up` in another terminal keeps jobs running between your commands");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn run_cell(
    ctx: &mut Context<'_>,
    (lab, cell): (&str, &str),
    text: Option<String>,
    file: Option<&Path>,
    edit: bool,
) -> Outcome {
    let api = ctx.api()?;
    let text = match (text, file) {
        (Some(text), _) => Some(text),
        (None, Some(path)) => Some(read(path)?),
        (None, None) if edit => Some(edited(&api, lab, cell)?),
        (None, None) => None,
    };
    let path = format!("/api/v1/labs/{lab}/cells/{cell}/run");
    let run: CellRun = api.post(&path, &json!({ "text": text }))?;
    let fault = run.output.fault.clone();
    ctx.out.value(&run, |out, run| view::run(out, lab, run));
    let Some(fault) = fault else { return Ok(ExitCode::SUCCESS) };
    let mut failure = Failure::user("cell", fault.message);
    failure.hint = fault.hint;
    failure.at = fault.line.zip(fault.column).map(|(l, c)| (l.into(), c.into()));
    Err(failure.in_text(&format!("cell {cell}"), &run.text))
}

fn read(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = fs::read_to_string(path).map_err(|e| {
            Failure::user("unreadable", format!("cannot read {}: {e}", path.display()))
        })?;
    }
    Ok(text)
}

/// The cell's text, after the learner's editor.
fn edited(api: &Api, lab: &str, cell: &str) -> Outcome<String> {
    let lab: LabView = api.get(&format!("/api/v1/labs/{lab}"))?;
    let page = lab.pages.iter().flat_map(Page::cells).find(|c| c.id == cell);
    let page = page.ok_or_else(|| {
        let all: Vec<&str> =
            lab.pages.iter().flat_map(Page::cells).map(|c| c.id.as_str()).collect();
        Failure::user("unknown_cell", format!("there is no cell `{cell}`"))
            .hint(format!("there are {}", all.join(", ")))
    })?;
    let own = lab.cells.get(cell).and_then(|c| c.text.clone());
    let dir = tempfile::tempdir()?;
    let file = dir.path().join(format!("{cell}.sql"));
    fs::write(&file, own.unwrap_or_else(|| page.text.clone()))?;
    let editor =
        env::var("VISUAL").or_else(|_| env::var("EDITOR")).unwrap_or_else(|_| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(&file).status().map_err(|e| {
        Failure::user("editor", format!("cannot start `{program}`: {e}"))
            .hint("set $EDITOR, or give the text: `pancake lab run LAB CELL --file FILE`")
    })?;
    if !status.success() {
        return Err(Failure::user(
            "editor",
            format!("`{program}` ended with {status}; nothing was run"),
        ));
    }
    Ok(fs::read_to_string(&file)?)
}

pub(super) fn answer(ctx: &mut Context<'_>, lab: &str, quiz: &str, value: &str) -> Outcome {
    let api = ctx.api()?;
    let _taken: Value =
        api.post(&format!("/api/v1/labs/{lab}/answers/{quiz}"), &json!({ "value": value }))?;
    let reports: Vec<CheckReport> = api.post(&format!("/api/v1/labs/{lab}/check"), &json!({}))?;
    let about: Vec<CheckReport> = reports.into_iter().filter(|r| r.check == quiz).collect();
    ctx.out.value(&about, |out, reports| {
        if reports.is_empty() {
            out.talk(format!("noted; `pancake lab check {lab}`"));
        }
        view::reports(out, reports);
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn clock(ctx: &mut Context<'_>, args: &ClockArgs) -> Outcome {
    let mut body = json!({ "feed": args.feed });
    let (key, value) = match (&args.to, args.step, args.play, args.pause) {
        (Some(to), ..) => ("play_to", json!(to)),
        (None, Some(events), ..) => ("step", json!(events)),
        (None, None, true, _) => ("play", json!(true)),
        (None, None, false, true) => ("pause", json!(true)),
        (None, None, false, false) => {
            return Err(Failure::user("no_move", "how should the clock move?")
                .hint("`--to end`, `--to TIME`, `--step N`, `--play` or `--pause`"));
        }
    };
    if let Some(body) = body.as_object_mut() {
        body.insert(key.to_owned(), value);
    }
    let api = ctx.api()?;
    let waiting = ctx.out.waiting("the stream plays");
    let feed: FeedFacts = api.post(&format!("/api/v1/labs/{}/clock", args.lab), &body)?;
    waiting.finish_and_clear();
    ctx.out.value(&feed, |out, f| {
        out.line(format!(
            "{} {}: {} events in topic {}",
            f.name,
            time::show(f.at.millis()),
            thousands(f.sent),
            f.topic
        ));
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn check(ctx: &mut Context<'_>, args: &CheckArgs) -> Outcome {
    let api = ctx.api()?;
    let path = format!("/api/v1/labs/{}/check", args.lab);
    let body = json!({ "step": args.step, "check": args.check });
    let mut before = String::new();
    loop {
        let waiting = ctx.out.waiting("checking");
        let reports: Vec<CheckReport> = api.post(&path, &body)?;
        waiting.finish_and_clear();
        let passed = reports.iter().all(|r| r.verdict == Verdict::Pass);
        let state = serde_json::to_string(&reports)?;
        if state != before {
            ctx.out.value(&reports, |out, reports| view::reports(out, reports));
            before = state;
        }
        if passed || !args.watch {
            next(ctx, &args.lab, &reports, passed);
            return Ok(verdict(passed));
        }
        std::thread::sleep(WATCH_EVERY);
    }
}

/// What to do after a look.
fn next(ctx: &mut Context<'_>, lab: &str, reports: &[CheckReport], passed: bool) {
    if passed {
        ctx.out.talk(format!(
            "{} what comes next: `pancake lab show {lab}`",
            paint(Tone::Pass, "passed.")
        ));
    } else if let Some(first) = reports.iter().find(|r| r.verdict == Verdict::Fail) {
        ctx.out.talk(format!("stuck? `pancake lab hint {lab} {}`", first.check));
    }
}

pub(super) fn hint(ctx: &mut Context<'_>, lab: &str, check: Option<String>) -> Outcome {
    let api = ctx.api()?;
    let check = if let Some(check) = check {
        check
    } else {
        let reports: Vec<CheckReport> =
            api.post(&format!("/api/v1/labs/{lab}/check"), &json!({}))?;
        let open = reports.into_iter().find(|r| r.verdict != Verdict::Pass);
        let none = "every check has passed; there is nothing to hint at";
        open.ok_or_else(|| Failure::user("all_passed", none))?.check
    };
    let hint: HintView =
        api.post(&format!("/api/v1/labs/{lab}/checks/{check}/hint"), &json!({}))?;
    ctx.out.value(&hint, |out, h| {
        if let Some(computed) = &h.computed {
            out.line(computed);
        }
        if h.of > 0 {
            out.line(paint(Tone::Faint, format!("hint {} of {} for {}", h.level, h.of, h.check)));
            out.line(plain(&h.markdown, WIDTH));
        }
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn solve(ctx: &mut Context<'_>, lab: &str, step: Option<&str>) -> Outcome {
    acted(ctx, lab, "solve", "playing the solution", &json!({ "step": step }))
}

pub(super) fn reset(ctx: &mut Context<'_>, lab: &str, step: Option<&str>) -> Outcome {
    acted(ctx, lab, "reset", "putting everything back", &json!({ "step": step }))
}

pub(super) fn jump(ctx: &mut Context<'_>, lab: &str, step: &str) -> Outcome {
    acted(ctx, lab, "jump", "solving what comes before", &json!({ "step": step }))
}

/// An act on the whole lab, and where it stands afterwards.
fn acted(ctx: &mut Context<'_>, lab: &str, act: &str, doing: &str, body: &Value) -> Outcome {
    let api = ctx.api()?;
    let waiting = ctx.out.waiting(doing);
    let _done: LabView = api.post(&format!("/api/v1/labs/{lab}/{act}"), body)?;
    if act != "reset" {
        let _judged: Vec<CheckReport> =
            api.post(&format!("/api/v1/labs/{lab}/check"), &json!({}))?;
    }
    let view: LabView = api.get(&format!("/api/v1/labs/{lab}"))?;
    waiting.finish_and_clear();
    ctx.out.value(&view, |out, v| {
        out.line(format!(
            "{}: {} of {} checks have passed",
            v.card.id, v.card.passed, v.card.checks
        ));
        if let Some(next) = &v.card.next {
            out.talk(format!("next: step `{next}`, `pancake lab show {lab}`"));
        }
    });
    Ok(ExitCode::SUCCESS)
}
