//! What the program says of itself: help, completions, settings, the machine, and colour.

use crate::env::{TestEnv, finish};

#[test]
fn help_lists_every_command_and_where_to_begin() {
    let env = TestEnv::idle();
    let help = env.ok(["--help"]).stdout;
    let commands = [
        "up",
        "down",
        "status",
        "open",
        "doctor",
        "demo",
        "lab",
        "topic",
        "group",
        "sql",
        "job",
        "model",
        "dataset",
        "config",
        "completions",
    ];
    for command in commands {
        assert!(help.lines().any(|l| l.trim_start().starts_with(command)), "{command}: {help}");
        env.ok([command, "--help"]);
    }
    assert!(help.contains("pancake lab start 01"), "{help}");
    env.run(["staus"]).exits(2).says(&["'staus'", "status"]);
    assert!(!env.home().exists(), "help makes nothing");
}

#[test]
fn every_subcommand_explains_itself() {
    let env = TestEnv::idle();
    let families = [
        ("topic", vec!["list", "create", "describe", "delete", "produce", "consume"]),
        ("group", vec!["list", "describe", "delete"]),
        ("job", vec!["submit", "list", "show", "stop"]),
        ("model", vec!["train", "list", "show", "deploy", "rollback", "predict", "evaluate"]),
        ("dataset", vec!["list", "show", "generate", "pull", "verify"]),
        ("lab", vec!["start", "check", "clock", "serve", "lint", "test"]),
    ];
    for (family, commands) in families {
        for command in commands {
            let help = env.ok([family, command, "--help"]).stdout;
            assert!(help.contains(&format!("Usage: pancake {family} {command}")), "{help}");
        }
    }
}

#[test]
fn completions_know_the_commands() {
    let env = TestEnv::idle();
    let script = env.ok(["completions", "bash"]).stdout;
    assert!(script.contains("complete -F _pancake"), "{script}");
    for word in ["doctor", "--kafka-port", "consume"] {
        assert!(script.contains(word), "{word} is missing");
    }
    env.run(["completions", "dos"]).exits(2).says(&["dos", "bash"]);
}

#[test]
fn settings_come_from_file_and_environment() {
    let env = TestEnv::idle();
    let read = |name: &str, value: &str| {
        let mut command = env.command(["--json", "config", "show"]);
        finish(command.env(name, value), "").exits(0).json()
    };
    assert_eq!(read("PANCAKE_NOTHING", "")["web"]["port"], 7070);
    assert_eq!(read("PANCAKE_WEB_PORT", "8123")["web"]["port"], 8123);
    std::fs::create_dir_all(env.home()).unwrap();
    std::fs::write(env.home().join("pancake.toml"), "[log]\nport = 19092\n").unwrap();
    assert_eq!(read("PANCAKE_NOTHING", "")["log"]["port"], 19092);
    let people = env.ok(["config", "show"]).stdout;
    assert!(people.lines().any(|l| l.contains("log.port") && l.contains("file")), "{people}");
    std::fs::write(env.home().join("pancake.toml"), "[log]\nprot = 19092\n").unwrap();
    env.run(["config", "show"]).exits(2).says(&["no setting `log.prot`", "`log.port`"]);
}

#[test]
fn the_doctor_looks_at_everything_and_has_a_fix_for_each_finding() {
    let env = TestEnv::idle();
    let answer = env.run(["--json", "doctor"]);
    let findings = answer.json();
    let findings = findings.as_array().unwrap();
    let whats: Vec<&str> = findings.iter().map(|f| f["what"].as_str().unwrap()).collect();
    for what in
        ["port for the pages", "port for Kafka", "home", "disk", "memory", "Docker", "clock"]
    {
        assert!(whats.contains(&what), "{what} is missing in {whats:?}");
    }
    assert!(findings.iter().all(|f| (f["verdict"] == "ok") == f["fix"].is_null()), "{findings:?}");
    let bad = findings.iter().any(|f| f["verdict"] == "fail");
    assert_eq!(answer.code, if bad { 3 } else { 0 });

    std::fs::write(env.home(), "no directory").unwrap();
    let sick = env.run(["--json", "doctor"]).exits(3).json();
    let home = sick.as_array().unwrap().iter().find(|f| f["what"] == "home").unwrap().clone();
    assert_eq!(home["verdict"], "fail");
    assert!(home["fix"].as_str().unwrap().contains("--home DIR"), "{home}");
}

#[test]
fn status_tells_what_runs_and_down_ends_it() {
    let mut env = TestEnv::idle();
    let answer = env.run(["--json", "status"]).exits(2);
    let answer = answer.says(&["no workshop runs on", "pancake up"]);
    assert_eq!(answer.json()["error"]["code"], "not_running");
    env.start();
    let status = env.ok(["--json", "status"]).json();
    for name in ["pid", "kafka", "ready_ms"] {
        assert_eq!(status[name], *env.said(name), "{name}");
    }
    assert_eq!(status["topics"], 0, "{status}");
    env.ok(["down"]);
    assert!(!env.home().join("run.json").exists());
    env.run(["status"]).exits(2);
}

#[test]
fn a_colour_is_for_who_wants_one() {
    let env = TestEnv::up();
    env.ok(["topic", "create", "t"]);
    let list = |variables: &[(&str, &str)]| {
        let mut command = env.command(["topic", "list"]);
        finish(command.envs(variables.iter().copied()), "").exits(0).stdout
    };
    assert!(list(&[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'), "colour can be had at all");
    assert!(!list(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!list(&[]).contains('\u{1b}'), "a pipe is no terminal");
    let error = env.run(["sql", "-e", "SELEC 1"]).exits(2).stderr;
    assert!(!error.contains('\u{1b}'), "{error:?}");
}
