//! Rules that hold for every lab, beyond what loading already demands.
//!
//! Each rule is one function that tells what it finds; a new rule is a new function in [`RULES`].

use std::collections::BTreeSet;

use crate::{
    diagnostic::{Diagnostic, place_of_key},
    format::{Act, CheckSpec},
    loader::{Lab, LabFiles},
    page::{Block, Page},
    template,
};

/// A lab with its files, as rules see it.
struct Subject<'a> {
    lab: &'a Lab,
    files: &'a dyn LabFiles,
    yaml: String,
    folder: &'a str,
}

type Rule = fn(&Subject<'_>) -> Vec<Diagnostic>;

const RULES: [Rule; 11] = [
    id_is_folder,
    fail_names_an_action,
    placeholders_have_known_roots,
    steps_have_hints,
    hints_keep_the_solution,
    steps_have_solutions,
    checks_have_wrong_cases,
    no_unpinned_images,
    links_resolve,
    translations_have_the_same_fences,
    minutes_add_up,
];

/// Checks a lab in `folder` (its name, not its path) against all rules. A lab that does not load gives why it does not.
pub fn lint(files: &dyn LabFiles, folder: &str) -> Vec<Diagnostic> {
    let lab = match Lab::load(files) {
        Ok(lab) => lab,
        Err(told) => return told,
    };
    let yaml = files.read("lab.yaml").unwrap_or_default();
    let yaml = String::from_utf8_lossy(&yaml).into_owned();
    let subject = Subject { lab: &lab, files, yaml, folder };
    let mut told: Vec<Diagnostic> = RULES.iter().flat_map(|rule| rule(&subject)).collect();
    told.sort();
    told
}

impl Subject<'_> {
    fn wrong(&self, key: &str, message: String) -> Diagnostic {
        Diagnostic::error("lab.yaml", message).at(place_of_key(&self.yaml, key, 1))
    }

    fn checks(&self) -> impl Iterator<Item = (&String, &CheckSpec)> {
        self.lab.file.checks.iter()
    }

    fn page_text(&self, page: &Page) -> String {
        String::from_utf8_lossy(&self.files.read(&page.file).unwrap_or_default()).into_owned()
    }
}

fn id_is_folder(lab: &Subject<'_>) -> Vec<Diagnostic> {
    if lab.lab.id() == lab.folder {
        return Vec::new();
    }
    vec![lab.wrong("id", format!("id is `{}`, but the folder is `{}`", lab.lab.id(), lab.folder))]
}

/// Words that tell a learner what to do; a `fail` message has at least one.
const ACTIONS: &[&str] = &[
    "run", "press", "play", "let", "look", "wait", "write", "train", "deploy", "choose", "check",
    "send", "rate", "set", "add", "name", "start", "open", "read", "use", "ask", "answer", "make",
    "change", "compare", "keep", "finish", "put", "pick", "take", "try", "see",
];

fn fail_names_an_action(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let acts = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric())
            .any(|word| ACTIONS.contains(&word.to_lowercase().as_str()))
    };
    lab.checks()
        .filter(|(_, spec)| !acts(&spec.fail))
        .map(|(id, _)| {
            lab.wrong(id, format!("`fail` of check `{id}` does not say what to do next"))
                .help("end it with one action: \"Run cell `pour` again.\"")
        })
        .collect()
}

fn placeholders_have_known_roots(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for (id, spec) in lab.checks() {
        let said = spec.hints_when.iter().map(|hint| hint.say.as_str());
        for text in said.chain([spec.fail.as_str()]).chain(spec.pass.as_deref()) {
            for path in template::paths(text) {
                let root = path.split(['.', '[']).next().unwrap_or_default();
                if !known_root(lab.lab, root) {
                    told.push(lab.wrong(
                        id,
                        format!("check `{id}` says `{{{path}}}`, and nothing is called `{root}`"),
                    ));
                }
            }
        }
    }
    told
}

fn known_root(lab: &Lab, root: &str) -> bool {
    const ROOTS: [&str; 13] = [
        "actual", "expected", "diff", "vars", "variant", "topic", "group", "job", "model", "query",
        "http", "answer", "feed",
    ];
    ROOTS.contains(&root) || lab.file.vars.contains_key(root)
}

fn steps_have_hints(lab: &Subject<'_>) -> Vec<Diagnostic> {
    const HINTS_MIN: usize = 2;
    let hints = |id: &String| {
        let computed = lab.lab.file.checks.get(id).map_or(0, |spec| spec.hints_when.len());
        lab.lab.hints(id).len() + computed
    };
    lab.lab
        .file
        .steps
        .iter()
        .filter(|step| !step.checks.is_empty())
        .filter(|step| step.checks.iter().map(hints).sum::<usize>() < HINTS_MIN)
        .map(|step| {
            lab.wrong(&step.id, format!("step `{}` has fewer than {HINTS_MIN} hints", step.id))
        })
        .collect()
}

/// A line of a solution that the learner has to find must not stand in a hint.
fn hints_keep_the_solution(lab: &Subject<'_>) -> Vec<Diagnostic> {
    const TELLING_CHARS_MIN: usize = 12;
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut secret = BTreeSet::new();
    for act in lab.lab.solutions.values().flatten() {
        let Act::Cell(cell) = act else { continue };
        let start = lab.lab.cell(&cell.cell).map(|cell| cell.text.as_str()).unwrap_or_default();
        let known: BTreeSet<String> = start.lines().map(squeeze).collect();
        let lines = cell.text.iter().flat_map(|text| text.lines()).map(squeeze);
        secret
            .extend(lines.filter(|line| line.len() >= TELLING_CHARS_MIN && !known.contains(line)));
    }
    let mut told = Vec::new();
    for page in &lab.lab.pages {
        for hint in page.hints() {
            let text = squeeze(&hint.markdown);
            if let Some(line) = secret.iter().find(|line| text.contains(line.as_str())) {
                let message =
                    format!("a hint for `{}` gives the solution away: {line}", hint.r#for);
                let place = Page::place(&lab.page_text(page), &["hint", &hint.r#for]);
                told.push(Diagnostic::error(&page.file, message).at(place));
            }
        }
    }
    told
}

fn steps_have_solutions(lab: &Subject<'_>) -> Vec<Diagnostic> {
    lab.lab
        .file
        .steps
        .iter()
        .filter(|step| !step.checks.is_empty() && !lab.lab.solutions.contains_key(&step.id))
        .map(|step| {
            lab.wrong(&step.id, format!("step `{}` has no solution", step.id))
                .help(format!("write solution/{}.yaml", step.id))
        })
        .collect()
}

fn checks_have_wrong_cases(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let cases = |id: &str| lab.lab.wrong.iter().filter(|w| w.wrong.expect.check == id).count();
    lab.checks()
        .filter_map(|(id, _)| match cases(id) {
            0 => Some(lab.wrong(id, format!("no wrong case shows that check `{id}` can fail"))),
            1 => Some(Diagnostic {
                severity: crate::Severity::Warning,
                ..lab.wrong(
                    id,
                    format!("check `{id}` has one wrong case; show a near miss and a shortcut"),
                )
            }),
            _ => None,
        })
        .collect()
}

fn no_unpinned_images(lab: &Subject<'_>) -> Vec<Diagnostic> {
    lab.lab
        .file
        .services
        .iter()
        .filter(|(_, service)| {
            let image =
                service.get("image").and_then(serde_json::Value::as_str).unwrap_or_default();
            image.ends_with(":latest") || !image.contains([':', '@'])
        })
        .map(|(name, _)| lab.wrong(name, format!("service `{name}` does not pin its image")))
        .collect()
}

fn links_resolve(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let files: BTreeSet<String> = lab.files.list().into_iter().collect();
    let mut told = Vec::new();
    for page in &lab.lab.pages {
        for block in &page.blocks {
            let (Block::Prose { markdown, .. } | Block::Hint(crate::page::Hint { markdown, .. })) =
                block
            else {
                continue;
            };
            for link in crate::page::links(markdown) {
                if let Some(why) = bad_link(&link, &files) {
                    told.push(Diagnostic::error(&page.file, why));
                }
            }
        }
    }
    told
}

fn bad_link(link: &crate::page::Link, files: &BTreeSet<String>) -> Option<String> {
    let url = link.url.as_str();
    if link.is_image && link.text.trim().is_empty() {
        return Some(format!("picture `{url}` has no text for who cannot see it"));
    }
    let own = url.starts_with("http://localhost") || url.starts_with('#') || url.starts_with('/');
    if url.contains("://") && !own {
        return Some(format!("`{url}` needs a network: labs work without one"));
    }
    let target = url.split('#').next().unwrap_or_default();
    (!own && !target.is_empty() && !files.contains(target))
        .then(|| format!("`{url}` leads nowhere"))
}

/// A translated page is prose only: its fences are those of the page it translates.
fn translations_have_the_same_fences(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for path in lab.files.list() {
        let Some((language, name)) = path.split_once('/') else { continue };
        let Some(page) = lab.lab.pages.iter().find(|page| page.file == name) else { continue };
        if language.len() != 2 {
            continue;
        }
        let text = lab.files.read(&path).unwrap_or_default();
        let (translated, wrong) = Page::parse(&path, &String::from_utf8_lossy(&text));
        told.extend(wrong);
        let cells = |page: &Page| page.cells().map(|cell| cell.id.clone()).collect::<Vec<_>>();
        let checks = |page: &Page| page.checks().map(str::to_owned).collect::<Vec<_>>();
        if cells(&translated) != cells(page) || checks(&translated) != checks(page) {
            told.push(Diagnostic::error(
                &path,
                format!("its cells and checks are not those of {name}"),
            ));
        }
    }
    told
}

fn minutes_add_up(lab: &Subject<'_>) -> Vec<Diagnostic> {
    let sum: u32 = lab.lab.file.steps.iter().map(|step| step.minutes).sum();
    if sum <= lab.lab.file.minutes {
        return Vec::new();
    }
    let message =
        format!("its steps take {sum} minutes, but the lab promises {}", lab.lab.file.minutes);
    vec![Diagnostic::warning("lab.yaml", message).at(place_of_key(&lab.yaml, "minutes", 1))]
}
