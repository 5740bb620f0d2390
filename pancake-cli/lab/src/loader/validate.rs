//! Do the parts of a lab fit together? Every id used is declared, every check declared is placed, every condition compiles.

use std::collections::BTreeSet;

use super::Lab;
use crate::{
    condition,
    diagnostic::{Diagnostic, nearest, place_of_key},
    format::{Act, CheckKind, CheckSpec, Limit},
    page::Page,
};

pub(super) fn validate(lab: &Lab, yaml: &str) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    ids(lab, yaml, &mut told);
    placed(lab, yaml, &mut told);
    for (id, spec) in &lab.file.checks {
        check(lab, yaml, (id, spec), &mut told);
    }
    pages(lab, &mut told);
    acts(lab, &mut told);
    data(lab, yaml, &mut told);
    told
}

fn ids(lab: &Lab, yaml: &str, told: &mut Vec<Diagnostic>) {
    const ID_CHARS_MAX: usize = 32;
    let good = |id: &str| {
        (1..=ID_CHARS_MAX).contains(&id.len())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c))
    };
    let cells = lab.pages.iter().flat_map(Page::cells).map(|cell| ("cell", cell.id.as_str()));
    let quizzes = lab.pages.iter().flat_map(Page::quizzes).map(|quiz| ("quiz", quiz.id.as_str()));
    let steps = lab.file.steps.iter().map(|step| ("step", step.id.as_str()));
    let checks = lab.file.checks.keys().map(|id| ("check", id.as_str()));
    let mut seen = BTreeSet::new();
    for (kind, id) in steps.chain(checks).chain(cells).chain(quizzes) {
        let place = place_of_key(yaml, id, 1).filter(|_| kind == "check");
        if !good(id) {
            let message = format!("{kind} id `{id}` is not 1 to 32 of a-z 0-9 - _");
            told.push(Diagnostic::error("lab.yaml", message).at(place));
        }
        if !seen.insert((kind, id)) {
            told.push(Diagnostic::error("lab.yaml", format!("{kind} `{id}` is there twice")));
        }
    }
    if lab.file.steps.is_empty() {
        told.push(Diagnostic::error("lab.yaml", "a lab has at least one step"));
    }
}

/// Every check belongs to one step and is placed on that step's page; every placed check is declared.
fn placed(lab: &Lab, yaml: &str, told: &mut Vec<Diagnostic>) {
    for (step, page) in lab.file.steps.iter().zip(&lab.pages) {
        for id in &step.checks {
            if !lab.file.checks.contains_key(id) {
                let known = lab.file.checks.keys().map(String::as_str);
                let mut wrong = Diagnostic::error(
                    "lab.yaml",
                    format!("step `{}` names check `{id}`, which is not declared", step.id),
                );
                if let Some(near) = nearest(id, known) {
                    wrong = wrong.help(format!("did you mean `{near}`?"));
                }
                told.push(wrong);
            } else if !page.checks().any(|placed| placed == id) {
                let message = format!("check `{id}` is not shown on {}", page.file);
                told.push(
                    Diagnostic::error("lab.yaml", message)
                        .at(place_of_key(yaml, id, 1))
                        .help(format!("put a ```check {id} fence there")),
                );
            }
        }
        for id in page.checks() {
            if !step.checks.iter().any(|c| c == id) {
                let message =
                    format!("check `{id}` is shown here, but step `{}` does not list it", step.id);
                told.push(Diagnostic::error(&page.file, message));
            }
        }
    }
    for id in lab.file.checks.keys() {
        let owners = lab.file.steps.iter().filter(|step| step.checks.contains(id)).count();
        if owners != 1 {
            let message = match owners {
                0 => format!("check `{id}` belongs to no step, so no page shows it"),
                n => format!("check `{id}` belongs to {n} steps"),
            };
            told.push(Diagnostic::error("lab.yaml", message).at(place_of_key(yaml, id, 1)));
        }
    }
}

fn check(lab: &Lab, yaml: &str, (id, spec): (&str, &CheckSpec), told: &mut Vec<Diagnostic>) {
    let at = place_of_key(yaml, id, 1);
    let mut wrong = |message: String| told.push(Diagnostic::error("lab.yaml", message).at(at));
    let kinds = spec.kinds();
    if kinds.len() != 1 {
        wrong(format!(
            "check `{id}` has {} kinds; it needs one of topic, group, job, query, model, http, answer, file",
            kinds.len()
        ));
    }
    if spec.fail.trim().is_empty() {
        wrong(format!("check `{id}` has no `fail`: say what was seen and what to do next"));
    }
    for need in &spec.needs {
        if !lab.file.checks.contains_key(need) || need == id {
            wrong(format!("check `{id}` needs `{need}`, which is not another check of this lab"));
        }
    }
    for (text, what) in conditions(spec) {
        if let Err(why) = condition::compile(&text) {
            wrong(format!("check `{id}`: the condition of `{what}` cannot be read: {why}"));
        }
    }
    for kind in kinds {
        references(lab, id, kind, &mut wrong);
    }
    if spec.on.as_ref().is_some_and(|on| on.job.is_none() && on.model.is_none()) {
        wrong(format!("check `{id}`: `on` names a job or a model to wait for"));
    }
    if let Some(wait) = spec.on.as_ref().and_then(|on| on.watermark.as_deref())
        && condition::goal_of_watermark(wait, 0).is_none()
    {
        wrong(format!("check `{id}`: `{wait}` is neither `>= moment` nor `>= 600s`"));
    }
}

fn conditions(spec: &CheckSpec) -> Vec<(String, &'static str)> {
    let limits = |limit: &Option<Limit>, what: &'static str| {
        let texts = limit.iter().flat_map(Limit::texts).map(str::to_owned).collect::<Vec<_>>();
        texts.into_iter().map(move |text| (crate::format::condition(&text, "value"), what))
    };
    let mut all: Vec<(String, &'static str)> = Vec::new();
    all.extend(spec.expect.clone().map(|text| (text, "expect")));
    all.extend(spec.lost_if.clone().map(|text| (text, "lost_if")));
    all.extend(spec.hints_when.iter().map(|hint| (hint.r#if.clone(), "hints_when")));
    for kind in spec.kinds() {
        match kind {
            CheckKind::Topic(c) => {
                all.extend(limits(&c.records, "records"));
                all.extend(limits(&c.partitions, "partitions"));
            }
            CheckKind::Group(c) => {
                all.extend(limits(&c.members, "members"));
                all.extend(limits(&c.committed, "committed"));
                all.extend(limits(&c.lag, "lag"));
            }
            CheckKind::Job(c) => {
                all.extend(limits(&c.rows_in, "rows_in"));
                all.extend(limits(&c.rows_out, "rows_out"));
                all.extend(limits(&c.malformed, "malformed"));
                all.extend(limits(&c.late_rows, "late_rows"));
            }
            CheckKind::Query(c) => {
                all.extend(limits(&c.rows, "rows"));
                all.extend(c.every.clone().map(|text| (text, "every")));
            }
            CheckKind::Model(c) => {
                for limit in c.metrics.values().chain(c.served.values()) {
                    all.extend(limits(&Some(limit.clone()), "metrics"));
                }
                all.extend(limits(&c.versions, "versions"));
                all.extend(limits(&c.serving, "serving"));
                all.extend(limits(&c.updates, "updates"));
                all.extend(limits(&c.online_age_ms, "online_age_ms"));
            }
            CheckKind::Http(c) => all.extend(limits(&c.status, "status")),
            CheckKind::File(c) => all.extend(limits(&c.lines, "lines")),
            CheckKind::Answer(_) => {}
        }
    }
    all
}

fn references(lab: &Lab, id: &str, kind: CheckKind<'_>, wrong: &mut impl FnMut(String)) {
    use crate::format::Equals;
    match kind {
        CheckKind::Answer(answer) => {
            if lab.quiz(&answer.quiz).is_none() {
                wrong(format!("check `{id}` asks quiz `{}`, which no page holds", answer.quiz));
            }
            let given = [answer.is.is_some(), answer.number.is_some(), answer.matches.is_some()];
            if given.iter().filter(|g| **g).count() != 1 {
                wrong(format!("check `{id}` needs one of `is`, `number`, `matches`"));
            }
            regex_compiles(id, answer.matches.as_deref(), wrong);
        }
        CheckKind::Query(query) => {
            if let Some(Equals::File(file)) = &query.equals
                && !lab.expected.contains_key(file)
            {
                wrong(format!("check `{id}` compares with {file}, which is missing"));
            }
        }
        CheckKind::File(file) => {
            if let Some(expected) = &file.equals
                && !lab.expected.contains_key(expected)
            {
                wrong(format!("check `{id}` compares with {expected}, which is missing"));
            }
            regex_compiles(id, file.matches.as_deref(), wrong);
        }
        CheckKind::Model(model) if !model.served.is_empty() && model.test_table.is_none() => {
            wrong(format!("check `{id}` measures served answers, but names no `test_table`"));
        }
        _ => {}
    }
}

fn regex_compiles(id: &str, pattern: Option<&str>, wrong: &mut impl FnMut(String)) {
    if let Some(Err(why)) = pattern.map(regex::Regex::new) {
        wrong(format!("check `{id}`: {why}"));
    }
}

fn pages(lab: &Lab, told: &mut Vec<Diagnostic>) {
    for page in &lab.pages {
        for hint in page.hints() {
            if !lab.file.checks.contains_key(&hint.r#for) {
                let message = format!("a hint helps with `{}`, which is not a check", hint.r#for);
                told.push(Diagnostic::error(&page.file, message));
            }
        }
        if page.title.is_empty() && !page.blocks.is_empty() {
            told.push(Diagnostic::error(&page.file, "a page begins with a heading"));
        }
    }
}

fn acts(lab: &Lab, told: &mut Vec<Diagnostic>) {
    let solutions =
        lab.solutions.iter().map(|(step, acts)| (format!("solution/{step}.yaml"), step, acts));
    let wrongs = lab
        .wrong
        .iter()
        .map(|w| (format!("wrong/{}/{}.yaml", w.step, w.case), &w.step, &w.wrong.r#do));
    for (file, step, acts) in solutions.chain(wrongs) {
        let step = step.split('.').next().unwrap_or_default();
        if lab.step(step).is_none() {
            told.push(Diagnostic::error(&file, format!("the lab has no step `{step}`")));
        }
        for act in acts {
            if let Some(why) = unknown_in(lab, act) {
                told.push(Diagnostic::error(&file, why));
            }
        }
    }
    for wrong in &lab.wrong {
        let file = format!("wrong/{}/{}.yaml", wrong.step, wrong.case);
        let check = &wrong.wrong.expect.check;
        if !lab.file.checks.contains_key(check) {
            told.push(Diagnostic::error(&file, format!("`{check}` is not a check")));
        }
        if let Err(why) = regex::Regex::new(&wrong.wrong.expect.says) {
            told.push(Diagnostic::error(&file, why.to_string()));
        }
    }
}

fn unknown_in(lab: &Lab, act: &Act) -> Option<String> {
    match act {
        Act::Cell(cell) if lab.cell(&cell.cell).is_none() => {
            Some(format!("no page holds cell `{}`", cell.cell))
        }
        Act::Answer(answers) => answers
            .0
            .keys()
            .find(|quiz| lab.quiz(quiz).is_none())
            .map(|quiz| format!("no page holds quiz `{quiz}`")),
        Act::Clock(clock) => match clock.feed.as_deref().or_else(|| lab.only_feed()) {
            None => Some("the lab has several streams; name one with `feed:`".into()),
            Some(feed) if !lab.file.data.contains_key(feed) => {
                Some(format!("the lab has no stream `{feed}`"))
            }
            Some(_) => None,
        },
        Act::Pancake(line) => {
            crate::page::command_lines(&format!("pancake {line}")).err().map(|(_, message)| message)
        }
        _ => None,
    }
}

fn data(lab: &Lab, yaml: &str, told: &mut Vec<Diagnostic>) {
    for (name, declared) in &lab.file.data {
        let at = place_of_key(yaml, name, 1);
        let variants = [declared.generated.as_deref(), declared.real.as_deref()];
        let mut streams: Vec<_> = variants.into_iter().flatten().collect();
        if streams.is_empty() {
            streams.push(declared);
        }
        for stream in streams {
            if stream.generator.is_some() == stream.dataset.is_some() {
                let message = format!("data `{name}` needs a generator or a dataset, and not both");
                told.push(Diagnostic::error("lab.yaml", message).at(at));
            }
            let units = [(&stream.rate, "/s"), (&stream.late, "%"), (&stream.speed, "x")];
            for (written, unit) in units {
                if let Some(text) = written
                    && super::number_before(text, unit).is_none()
                {
                    let message = format!("data `{name}`: `{text}` is not a number with `{unit}`");
                    told.push(Diagnostic::error("lab.yaml", message).at(at));
                }
            }
            for text in stream.until.iter().chain(stream.marks.values()) {
                if crate::format::parse_moment(text).is_none() {
                    let message =
                        format!("data `{name}`: `{text}` is not a moment (2026-05-01 09:10:00)");
                    told.push(Diagnostic::error("lab.yaml", message).at(at));
                }
            }
        }
    }
}
