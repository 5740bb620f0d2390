//! Labs with a mistake in them: file, line, column, and what was probably meant.

use std::fs;

use serde_json::Value;

use crate::env::TestEnv;

/// A new lab with its `lab.yaml` changed, and what the linter says of it.
fn lint(env: &TestEnv, change: impl Fn(&str) -> String) -> Vec<Value> {
    let file = env.dir().join("10-mine/lab.yaml");
    if !file.exists() {
        env.ok(["lab", "new", "10-mine"]);
        fs::copy(&file, file.with_extension("bak")).unwrap();
    }
    let sound = fs::read_to_string(file.with_extension("bak")).unwrap();
    let changed = change(&sound);
    fs::write(&file, &changed).unwrap();
    let answer = env.run(["--json", "--labs", "10-mine", "lab", "lint"]);
    let found: Vec<Value> =
        answer.json().as_array().unwrap().iter().map(|pair| pair[1].clone()).collect();
    assert_eq!(answer.code, i32::from(changed != sound), "{}", answer.stdout);
    found
}

#[test]
fn an_unknown_key_is_found_with_its_place_and_the_nearest_one() {
    let env = TestEnv::idle();
    assert!(lint(&env, str::to_owned).is_empty(), "a new lab is sound");
    let found = lint(&env, |lab| lab.replace("difficulty:", "dificulty:"));
    assert_eq!(found[0]["message"], "unknown key `dificulty`");
    assert_eq!(found[0]["help"], "did you mean `difficulty`?");
    assert_eq!((&found[0]["file"], &found[0]["line"]), (&"lab.yaml".into(), &6.into()));
    let people = env.run(["--labs", "10-mine", "lab", "lint"]).exits(1).stdout;
    assert!(people.contains("10-mine/lab.yaml:6:1: unknown key `dificulty`"), "{people}");
}

#[test]
fn a_check_that_no_page_shows_is_found() {
    let env = TestEnv::idle();
    let lonely = "  lonely:\n    topic: {name: x, records: \">= 1\"}\n    fail: \"None.\"\n";
    let found = lint(&env, |lab| format!("{lab}{lonely}"));
    assert_eq!(found.len(), 1, "{found:?}");
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("`lonely`") && message.contains("no page shows it"), "{message}");
    assert!(found[0]["line"].as_u64().unwrap() > 10, "{found:?}");
    // Such a lab does not load, and the workshop says why.
    let answer = env.run(["--labs", "10-mine", "up", "--any-port"]).exits(2);
    answer.says(&["`lonely`", "pancake lab lint"]);
}

#[test]
fn an_unknown_lab_is_refused() {
    let env = TestEnv::up();
    let answer = env.run(["lab", "show", "99-nix"]).exits(2);
    answer.says(&["99-nix"]);
}
