//! Tests of loading labs.

use super::*;
use crate::toy::{LAB, edited, files, lab_with};

#[test]
fn a_whole_lab_loads() {
    let lab = Lab::load(&files(LAB)).unwrap();
    assert_eq!(
        lab.checks_in_order(None).iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        ["poured", "runs", "right", "which"]
    );
    assert_eq!(lab.hints("right").len(), 2);
    assert_eq!(lab.moment("orders", None, "half"), Some(5000));
    assert_eq!(lab.only_feed(), Some("orders"));
    let (feed, full) = lab.feeds(None).remove(0);
    assert_eq!(
        (feed.rate_per_s, feed.speed, feed.until.map(pancake_types::Timestamp::millis), full),
        (Some(1.0), Some(60.0), Some(10_000), false)
    );
    assert_eq!(lab.start["notes.txt"], b"Write here.\n");
}

#[track_caller]
fn check_told(path: &str, from: &str, to: &str, expected: &str) {
    let told = Lab::load(&lab_with(&[(path, &edited(path, from, to))])).unwrap_err();
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|d| d == expected), "{told:#?}");
}

#[test]
fn parts_that_do_not_fit_together_are_told() {
    let yaml = "lab.yaml";
    check_told(
        yaml,
        "checks: [poured]",
        "checks: [pored]",
        "lab.yaml: step `pour` names check `pored`, which is not declared (did you mean `poured`?)",
    );
    check_told(
        yaml,
        "checks: [poured]",
        "checks: []",
        "lab.yaml:14:3: check `poured` belongs to no step, so no page shows it",
    );
    check_told(
        "10-pour.md",
        "~~~check poured\n~~~",
        "",
        "lab.yaml:14:3: check `poured` is not shown on 10-pour.md (put a ```check poured fence there)",
    );
    check_told(
        "10-pour.md",
        "~~~hint for=poured",
        "~~~hint for=pored",
        "10-pour.md: a hint helps with `pored`, which is not a check",
    );
    check_told(
        yaml,
        "needs: [runs]",
        "needs: [rns]",
        "lab.yaml:23:3: check `right` needs `rns`, which is not another check of this lab",
    );
    check_told(
        yaml,
        "!actual.exists",
        "!actual. >",
        "lab.yaml:14:3: check `poured`: the condition of `hints_when` cannot be read: 1:10: Syntax error: no viable alternative at input '. >'",
    );
}

#[test]
fn what_is_named_must_be_there() {
    let yaml = "lab.yaml";
    check_told(
        yaml,
        "expected/counts.csv",
        "expected/count.csv",
        "lab.yaml:23:3: check `right` compares with expected/count.csv, which is missing",
    );
    check_told(
        yaml,
        "quiz: which_time",
        "quiz: which",
        "lab.yaml:30:3: check `which` asks quiz `which`, which no page holds",
    );
    check_told(
        yaml,
        "rate: 1/s",
        "rate: fast",
        "lab.yaml:8:3: data `orders`: `fast` is not a number with `/s`",
    );
    check_told(
        yaml,
        "    job: {name: counts, state: running}\n",
        "",
        "lab.yaml:20:3: check `runs` has 0 kinds; it needs one of topic, group, job, query, model, http, answer, file",
    );
    check_told(
        "solution/copy.yaml",
        "cell: copy",
        "cell: cpy",
        "solution/copy.yaml: no page holds cell `cpy`",
    );
    check_told(
        "wrong/ask/seen.yaml",
        "check: which",
        "check: whch",
        "wrong/ask/seen.yaml: `whch` is not a check",
    );
    check_told(
        "20-copy.md",
        "id=copy",
        "id=Copy",
        "lab.yaml: cell id `Copy` is not 1 to 32 of a-z 0-9 - _",
    );
}

#[test]
fn a_missing_page_and_a_newer_format_are_told() {
    let told = Lab::load(&lab_with(&[("20-copy.md", "")])).unwrap_err();
    assert_eq!(told[0].to_string(), "20-copy.md: this file is missing (step `copy` names it)");
    let newer = edited("lab.yaml", "format: 1", "format: 2\nsorcery: true");
    let told = Lab::load(&lab_with(&[("lab.yaml", &newer)])).unwrap_err();
    assert_eq!(
        told[0].to_string(),
        "lab.yaml: this lab is of format 2; this program reads 1 (install a newer pancake)"
    );
}

#[test]
fn a_folder_is_read_without_hidden_files() {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files(LAB).0 {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    std::fs::write(folder.path().join(".swp"), "x").unwrap();
    let read = Folder::read(folder.path()).unwrap();
    assert_eq!(read.list(), files(LAB).list());
    assert_eq!(Lab::load(&read).unwrap().id(), "01-toy");
}
