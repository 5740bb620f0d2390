//! Shape of source files: a header that says what the file is, a size one can read, tests that can fail.

use super::Finding;

/// No file is longer; `style.md` aims at 80 to 250.
const LINES_MAX: usize = 600;

/// Checks one file.
pub(super) fn check(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let mut say = |line: usize, what: &str| {
        findings.push(Finding { path: path.to_owned(), line, what: what.to_owned() });
    };
    let source = [".rs", ".ts", ".svelte"].iter().any(|e| path.ends_with(e));
    if source && !path.contains("/generated/") && text.lines().count() > LINES_MAX {
        say(LINES_MAX, "over 600 lines: split it where a second idea begins");
    }
    if !path.ends_with(".rs") {
        return;
    }
    if !text.starts_with("//!") {
        say(1, "no `//!` header: say what the file is and what must stay true");
    }
    if path.ends_with("/mod.rs") {
        say(1, "modules are `name.rs` beside `name/`, not `mod.rs`");
    }
    let mut before = "";
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        let statement = before.is_empty() || before.ends_with([';', '{', '}']);
        before = line;
        if statement && line.starts_with("matches!(") && line.ends_with(");") {
            say(n + 1, "a bare `matches!(..);` asserts nothing: write `assert!(matches!(..))`");
        }
        if line == "#[ignore]" || line.starts_with("#[ignore =") {
            say(n + 1, "an ignored test proves nothing: give it its own target or delete it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_count(path: &str, text: &str, expected: usize) {
        let mut findings = Vec::new();
        check(path, text, &mut findings);
        assert_eq!(findings.len(), expected, "{text:?}");
    }

    #[test]
    fn each_rule_finds_its_fault() {
        check_count("a.rs", "//! A file.\n", 0);
        check_count("a.rs", "fn main() {}\n", 1);
        check_count("a/mod.rs", "//! A file.\n", 1);
        check_count("a.rs", "//! A.\n\n    matches!(x, Ok(_));\n", 1);
        check_count("a.rs", "//! A.\nlet a =\n    matches!(x, Ok(_));\n", 0);
        check_count("a.rs", &"//! A.\n".repeat(601), 1);
        check_count("a.svelte", &"x\n".repeat(601), 1);
    }
}
