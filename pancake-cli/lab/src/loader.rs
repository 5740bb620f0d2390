//! A lab as a whole: its `lab.yaml`, pages, acts and expected files, read and checked against each other.
//!
//! * A lab that was loaded is consistent: every id that one part uses is declared by another.
//! * All mistakes are told at once, each with its file and, where it can be known, its line.
//! * Files come through [`LabFiles`], so that labs in the binary and labs in a folder are the same.
//!
//! Start reading at [`Lab::load`].

mod files;
mod validate;

use std::collections::BTreeMap;

use crate::{
    diagnostic::Diagnostic,
    format::{Act, CheckSpec, DataDecl, FORMAT, LabFile, StepDecl, WrongCase, parse, parse_moment},
    page::{Cell, Hint, Page, Quiz},
    world::FeedSpec,
};

pub use files::{Folder, LabFiles, MemoryFiles};

/// A lab, loaded.
#[derive(Debug, Clone)]
pub struct Lab {
    /// What `lab.yaml` declares.
    pub file: LabFile,
    /// The pages, one for each step, in order.
    pub pages: Vec<Page>,
    /// The solution of each step, by step id; one for a variant of its own by `step.variant`.
    pub solutions: BTreeMap<String, Vec<Act>>,
    /// The wrong cases, in order of their paths.
    pub wrong: Vec<WrongFile>,
    /// Files under `start/`, copied to the learner, by their path there.
    pub start: BTreeMap<String, Vec<u8>>,
    /// Files under `expected/`, by their path in the lab.
    pub expected: BTreeMap<String, Vec<u8>>,
}

/// A wrong case with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct WrongFile {
    /// The step it belongs to.
    pub step: String,
    /// Its name.
    pub case: String,
    /// What it does and must meet.
    pub wrong: WrongCase,
}

impl Lab {
    /// Reads a lab.
    ///
    /// # Errors
    /// Everything that is wrong in it.
    pub fn load(files: &dyn LabFiles) -> Result<Self, Vec<Diagnostic>> {
        let text = read_text(files, "lab.yaml").map_err(|d| vec![d])?;
        refuse_newer(&text)?;
        let file: LabFile = parse("lab.yaml", &text).map_err(|d| vec![*d])?;
        let mut told = Vec::new();
        let pages = load_pages(&file, files, &mut told);
        let solutions = load_solutions(files, &mut told);
        let wrong = load_wrong(files, &mut told);
        let under = |folder: &str| {
            files
                .list()
                .into_iter()
                .filter(|path| path.starts_with(folder))
                .filter_map(|path| files.read(&path).map(|bytes| (path, bytes)))
                .collect::<BTreeMap<_, _>>()
        };
        let start = under("start/")
            .into_iter()
            .map(|(path, bytes)| (path.trim_start_matches("start/").to_owned(), bytes))
            .collect();
        let lab = Self { file, pages, solutions, wrong, start, expected: under("expected/") };
        told.extend(validate::validate(&lab, &text));
        if told.iter().any(Diagnostic::is_error) { Err(told) } else { Ok(lab) }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.file.id
    }

    /// A step by id.
    pub fn step(&self, id: &str) -> Option<&StepDecl> {
        self.file.steps.iter().find(|step| step.id == id)
    }

    /// The step that a check closes.
    pub fn step_of_check(&self, check: &str) -> Option<&StepDecl> {
        self.file.steps.iter().find(|step| step.checks.iter().any(|c| c == check))
    }

    /// Checks in order of the steps, with those of no step last; only those of the variant.
    pub fn checks_in_order(&self, variant: Option<&str>) -> Vec<(&str, &CheckSpec)> {
        let placed = self.file.steps.iter().flat_map(|step| &step.checks);
        placed
            .filter_map(|id| self.file.checks.get_key_value(id))
            .filter(|(_, spec)| spec.is_for(variant))
            .map(|(id, spec)| (id.as_str(), spec))
            .collect()
    }

    /// The solution of a step: the variant's own (`solution/train.real.yaml`) or the one for all.
    pub fn solution(&self, step: &str, variant: Option<&str>) -> &[Act] {
        let own = variant.and_then(|variant| self.solutions.get(&format!("{step}.{variant}")));
        own.or_else(|| self.solutions.get(step)).map(Vec::as_slice).unwrap_or_default()
    }

    /// A cell by id.
    pub fn cell(&self, id: &str) -> Option<&Cell> {
        self.pages.iter().flat_map(Page::cells).find(|cell| cell.id == id)
    }

    /// A quiz by id.
    pub fn quiz(&self, id: &str) -> Option<&Quiz> {
        self.pages.iter().flat_map(Page::quizzes).find(|quiz| quiz.id == id)
    }

    /// The ladder of hints for a check, lowest rung first.
    pub fn hints(&self, check: &str) -> Vec<&Hint> {
        let mut hints: Vec<&Hint> =
            self.pages.iter().flat_map(Page::hints).filter(|hint| hint.r#for == check).collect();
        hints.sort_by_key(|hint| hint.level);
        hints
    }

    /// The variants of its data: empty if there is nothing to choose.
    pub fn variants(&self) -> Vec<&'static str> {
        let has_real = self.file.data.values().any(|data| data.real.is_some());
        if has_real { vec!["generated", "real"] } else { Vec::new() }
    }

    /// The declaration of a stream for a variant.
    pub fn data(&self, feed: &str, variant: Option<&str>) -> Option<&DataDecl> {
        let declared = self.file.data.get(feed)?;
        match (variant, &declared.real, &declared.generated) {
            (Some("real"), Some(real), _) => Some(real),
            (_, _, Some(generated)) => Some(generated),
            _ => Some(declared),
        }
    }

    /// The streams to open for a variant, with whether each is there in full from the start.
    pub fn feeds(&self, variant: Option<&str>) -> Vec<(FeedSpec, bool)> {
        self.file
            .data
            .keys()
            .filter_map(|name| {
                let data = self.data(name, variant)?;
                Some((feed_spec(name, data), data.play.as_deref() == Some("start")))
            })
            .collect()
    }

    /// The moment of a mark of a stream, or of a moment written out.
    pub fn moment(&self, feed: &str, variant: Option<&str>, text: &str) -> Option<i64> {
        let data = self.data(feed, variant)?;
        parse_moment(data.marks.get(text).map_or(text, String::as_str))
    }

    /// The stream that is meant when none is named: the only one that has a clock to play.
    pub fn only_feed(&self) -> Option<&str> {
        let mut played = self.file.data.iter().filter(|(name, _)| {
            self.data(name, None).is_some_and(|data| data.play.as_deref() != Some("start"))
        });
        let (name, _) = played.next()?;
        played.next().is_none().then_some(name.as_str())
    }
}

fn feed_spec(name: &str, data: &DataDecl) -> FeedSpec {
    FeedSpec {
        name: name.to_owned(),
        generator: data.generator.clone(),
        dataset: data.dataset.clone(),
        split: data.split.clone(),
        seed: data.seed,
        topic: data.topic.clone().unwrap_or_else(|| name.to_owned()),
        partitions: data.partitions.unwrap_or(1),
        rate_per_s: data.rate.as_deref().and_then(|text| number_before(text, "/s")),
        late_share: data
            .late
            .as_deref()
            .and_then(|text| number_before(text, "%"))
            .map(|p| p / 100.0),
        until: data
            .until
            .as_deref()
            .and_then(parse_moment)
            .map(pancake_types::Timestamp::from_millis),
        speed: data.speed.as_deref().and_then(|text| number_before(text, "x")),
        params: data.params.clone(),
    }
}

/// The number in front of a unit: 10 of `10/s`.
fn number_before(text: &str, unit: &str) -> Option<f64> {
    text.trim().strip_suffix(unit)?.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0)
}

fn read_text(files: &dyn LabFiles, path: &str) -> Result<String, Diagnostic> {
    let bytes = files.read(path).ok_or_else(|| Diagnostic::error(path, "this file is missing"))?;
    String::from_utf8(bytes).map_err(|_| Diagnostic::error(path, "this file is not UTF-8 text"))
}

fn refuse_newer(text: &str) -> Result<(), Vec<Diagnostic>> {
    let written = text
        .lines()
        .find_map(|line| line.strip_prefix("format:"))
        .and_then(|rest| rest.split('#').next()?.trim().parse::<u32>().ok());
    match written {
        Some(newer) if newer > FORMAT => Err(vec![
            Diagnostic::error(
                "lab.yaml",
                format!("this lab is of format {newer}; this program reads {FORMAT}"),
            )
            .help("install a newer pancake"),
        ]),
        _ => Ok(()),
    }
}

fn load_pages(file: &LabFile, files: &dyn LabFiles, told: &mut Vec<Diagnostic>) -> Vec<Page> {
    file.steps
        .iter()
        .map(|step| match read_text(files, &step.page) {
            Ok(text) => {
                let (page, wrong) = Page::parse(&step.page, &text);
                told.extend(wrong);
                page
            }
            Err(missing) => {
                told.push(missing.help(format!("step `{}` names it", step.id)));
                Page { file: step.page.clone(), ..Page::default() }
            }
        })
        .collect()
}

fn load_solutions(files: &dyn LabFiles, told: &mut Vec<Diagnostic>) -> BTreeMap<String, Vec<Act>> {
    let mut solutions = BTreeMap::new();
    for path in files.list() {
        let Some(step) = path.strip_prefix("solution/").and_then(|p| p.strip_suffix(".yaml"))
        else {
            continue;
        };
        match read_text(files, &path).and_then(|text| parse(&path, &text).map_err(|d| *d)) {
            Ok(acts) => drop(solutions.insert(step.to_owned(), acts)),
            Err(wrong) => told.push(wrong),
        }
    }
    solutions
}

fn load_wrong(files: &dyn LabFiles, told: &mut Vec<Diagnostic>) -> Vec<WrongFile> {
    let mut cases = Vec::new();
    for path in files.list() {
        let Some(inner) = path.strip_prefix("wrong/").and_then(|p| p.strip_suffix(".yaml")) else {
            continue;
        };
        let Some((step, case)) = inner.split_once('/') else {
            told.push(Diagnostic::error(&path, "a wrong case lies in wrong/<step>/<case>.yaml"));
            continue;
        };
        match read_text(files, &path).and_then(|text| parse(&path, &text).map_err(|d| *d)) {
            Ok(wrong) => {
                cases.push(WrongFile { step: step.to_owned(), case: case.to_owned(), wrong });
            }
            Err(wrong) => told.push(wrong),
        }
    }
    cases
}

#[cfg(test)]
mod tests;
