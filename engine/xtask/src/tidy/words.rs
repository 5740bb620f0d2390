//! Words: the glossary's forbidden ones, promises without an issue, paths of one person's machine.

use super::Finding;

/// Word parts that name nothing, and what to say instead.
const EMPTY_NAMES: &[&str] = &["Manager", "Helper", "Util"];

/// Checks one file.
pub(super) fn check(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let own = path.starts_with("engine/xtask/src/tidy/");
    if own || path == "Cargo.lock" || path.ends_with("package-lock.json") {
        return;
    }
    for (n, line) in text.lines().enumerate() {
        let mut say = |what: String| {
            findings.push(Finding { path: path.to_owned(), line: n + 1, what });
        };
        if path.ends_with(".rs") {
            if let Some(word) = named_badly(line) {
                say(format!("`{word}` names nothing: say what the thing does or holds"));
            }
            if line.contains("TODO") && !line.contains("TODO(#") && !line.contains('"') {
                say("a TODO names its issue: TODO(#n)".to_owned());
            }
        }
        if ["/home/", "/Users/", "/root/"].iter().any(|p| line.contains(p)) {
            say("a path of one machine: take it from the environment or a setting".to_owned());
        }
    }
}

/// A type whose name ends in an empty word.
fn named_badly(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    let keyword = words.find(|w| matches!(*w, "struct" | "enum" | "trait"))?;
    let name = words.next()?;
    let declared = line.starts_with("pub") || line.starts_with(keyword);
    (declared && EMPTY_NAMES.iter().any(|e| name.ends_with(e))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_with_an_empty_name_is_found() {
        assert_eq!(named_badly("pub(crate) struct TopicManager {"), Some("TopicManager"));
        assert_eq!(named_badly("pub struct Topic {"), None);
        assert_eq!(named_badly("// a struct FooHelper in words"), None);
    }
}
