//! Tests of the author loop.

use std::sync::Arc;

use super::*;
use crate::{
    loader::{Lab, LabFiles, MemoryFiles},
    toy::{LAB, Toys, edited, files, lab_with},
};

fn run(files: &MemoryFiles) -> LabTestReport {
    let lab = Arc::new(Lab::load(files).unwrap());
    LabTest { lab: &lab, variant: None, rigs: &Toys }.run(&mut |_| {})
}

/// The test must go red at this phase, with these words, when this part of the lab is broken.
#[track_caller]
fn check_red(path: &str, from: &str, to: &str, expected: (&str, &str)) {
    let report = run(&lab_with(&[(path, &edited(path, from, to))]));
    let (phase, says) = expected;
    assert!(!report.passed);
    let failures: Vec<&String> =
        report.phases.iter().filter(|p| p.name == phase).flat_map(|p| &p.failures).collect();
    assert!(failures.iter().any(|f| f.contains(says)), "{report:#?}");
}

#[test]
fn a_good_lab_passes_and_tells_its_phases() {
    let lab = Arc::new(Lab::load(&files(LAB)).unwrap());
    let mut heard = Vec::new();
    let report = LabTest { lab: &lab, variant: None, rigs: &Toys }.run(&mut |event| {
        if let TestEvent::Begin { number, of, .. } = event {
            heard.push((*number, *of));
        }
    });
    assert!(report.passed, "{report:#?}");
    assert_eq!((heard.len(), heard.last().copied()), (17, Some((17, 17))));
    let names: Vec<&str> = report.phases.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names[..6],
        ["untouched", "solution pour", "solution copy", "solution ask", "again", "reset"]
    );
}

#[test]
fn every_promise_can_be_broken() {
    let yaml = "lab.yaml";
    check_red(
        yaml,
        "records: \">= 1\", any: {value: {json: {n: int}}}",
        "partitions: \"<= 1\"",
        ("wrong pour/no-json", "wanted Fail"),
    );
    check_red(
        yaml,
        "topic: {name: poured, records: \">= 1\", any: {value: {json: {n: int}}}}",
        "file: {path: notes.txt}",
        ("untouched", "check `poured` says Pass"),
    );
    check_red(
        yaml,
        "name: counts, state: running",
        "name: counts, state: finished",
        ("solution copy", "check `runs` says Fail"),
    );
    check_red(
        yaml,
        "answer: {quiz: which_time, is: made}",
        "topic: {name: counts, records: 10}",
        ("solution copy", "its step is not begun, and check `which` says Pass"),
    );
    check_red(
        "expected/counts.csv",
        "north,9",
        "north,8",
        ("solution copy", "1 of 10 rows differ"),
    );
    check_red(
        "wrong/ask/seen.yaml",
        "You said seen",
        "You said never",
        ("wrong ask/seen", "wanted Fail saying /You said never/"),
    );
    check_red("solution/ask.yaml", "made", "seen", ("solution ask", "You said seen"));
    check_red(
        "solution/pour.yaml",
        "cell: pour, text: 'ADD poured {\"n\": 1}'",
        "produce: {topic: orders, records: [{value: '{\"n\": 1}'}]}",
        ("jump copy", "`poured` says Fail"),
    );
}

#[test]
fn what_a_solution_leaves_behind_is_found_by_the_reset() {
    // A topic made by a write outside every act cannot be undone; here the file of the start is overwritten and comes back.
    let report = run(&lab_with(&[(
        "solution/ask.yaml",
        "- answer: {which_time: made}\n- write: {path: notes.txt, text: gone}\n- pancake: model train m\n",
    )]));
    assert!(report.passed, "{report:#?}");
}

#[track_caller]
fn check_lint(files: &MemoryFiles, folder: &str, expected: &[&str]) {
    let told: Vec<String> = lint(files, folder).iter().map(ToString::to_string).collect();
    for want in expected {
        assert!(told.iter().any(|d| d.contains(want)), "{want} is not in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn the_scaffold_is_clean() {
    let scaffold =
        MemoryFiles(scaffold("07-my-lab").into_iter().map(|(p, t)| (p, t.into_bytes())).collect());
    check_lint(&scaffold, "07-my-lab", &[]);
    assert!(scaffold.list().contains(&"lab.yaml".to_owned()));
    let lab = Arc::new(Lab::load(&scaffold).unwrap());
    let report = LabTest { lab: &lab, variant: None, rigs: &Toys }.run(&mut |_| {});
    assert!(report.passed, "{report:#?}");
}

#[test]
fn every_rule_finds_what_it_is_for() {
    check_lint(&files(LAB), "01-toy", &[]);
    check_lint(
        &files(LAB),
        "02-toy",
        &["lab.yaml:2:1: id is `01-toy`, but the folder is `02-toy`"],
    );
    let change = |path: &str, from: &str, to: &str| lab_with(&[(path, &edited(path, from, to))]);
    let yaml = "lab.yaml";
    check_lint(
        &change(yaml, "Run the cell.\"\n    hints", "Sorry.\"\n    hints"),
        "01-toy",
        &["`fail` of check `poured` does not say what to do next"],
    );
    check_lint(
        &change(yaml, "{diff.rows} of", "{dif.rows} of"),
        "01-toy",
        &["says `{dif.rows}`, and nothing is called `dif`"],
    );
    check_lint(
        &change("30-ask.md", "~~~hint for=which level=2\nB?\n~~~\n", ""),
        "01-toy",
        &["step `ask` has fewer than 2 hints"],
    );
    check_lint(
        &change("20-copy.md", "From where?", "`COPY orders AS counts`"),
        "01-toy",
        &["gives the solution away: COPY orders AS counts"],
    );
    check_lint(&lab_with(&[("solution/ask.yaml", "")]), "01-toy", &["step `ask` has no solution"]);
    check_lint(
        &lab_with(&[("wrong/ask/seen.yaml", "")]),
        "01-toy",
        &["check `which` has one wrong case"],
    );
    check_lint(
        &lab_with(&[("wrong/ask/seen.yaml", ""), ("wrong/ask/silent.yaml", "")]),
        "01-toy",
        &["no wrong case shows that check `which` can fail"],
    );
    check_lint(
        &change(yaml, "minutes: 9\n", "minutes: 7\n"),
        "01-toy",
        &["its steps take 8 minutes, but the lab promises 7"],
    );
    check_lint(
        &change(yaml, "covers: [A1, Z9]", "services: {flink: {image: 'flink:latest'}}"),
        "01-toy",
        &["service `flink` does not pin its image"],
    );
    check_lint(
        &change(
            "10-pour.md",
            "Run it.",
            "See [here](https://example.org) and ![](x.png) and [there](20-copy.md).",
        ),
        "01-toy",
        &["needs a network", "has no text for who cannot see it"],
    );
    check_lint(
        &lab_with(&[(
            "de/10-pour.md",
            "# Gießen\n\n~~~sql edit id=pur todo\nADD poured 1 TODO\n~~~\n",
        )]),
        "01-toy",
        &["its cells and checks are not those of 10-pour.md"],
    );
}

#[test]
fn a_lab_that_does_not_load_tells_why() {
    check_lint(&lab_with(&[("lab.yaml", "")]), "01-toy", &["lab.yaml: this file is missing"]);
}

#[test]
fn coverage_knows_what_is_open_and_what_is_unknown() {
    let lab = Lab::load(&files(LAB)).unwrap();
    let coverage = Coverage::of([&lab]);
    assert_eq!(coverage.covered["A1"], ["01-toy"]);
    assert_eq!((coverage.open.len(), coverage.unknown), (131, vec!["Z9".to_owned()]));
}
