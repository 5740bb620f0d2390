//! From YAML text to a type, or to a diagnostic that points at the word that is wrong.

use serde::de::DeserializeOwned;

use crate::diagnostic::{Diagnostic, nearest, place_of_key};

/// Parses one file of a lab.
///
/// # Errors
/// The first mistake, with its line and column, and the nearest known key when a key is unknown.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Box<Diagnostic>> {
    serde_yaml::from_str(text).map_err(|error| Box::new(explain(file, text, &error)))
}

fn explain(file: &str, text: &str, error: &serde_yaml::Error) -> Diagnostic {
    let full = error.to_string();
    let place = error.location().map(|at| (at.line(), at.column()));
    // The location is said by the diagnostic; the parser's own tail would say it twice.
    let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let kind = message.split('`').next().unwrap_or_default();
    let word = quoted.next().unwrap_or_default();
    if !(kind.ends_with("unknown field ") || kind.ends_with("unknown variant ")) {
        return Diagnostic::error(file, message).at(place);
    }
    let what = if kind.ends_with("field ") { "key" } else { "value" };
    let known: Vec<&str> = quoted.collect();
    let near = nearest(word, known.iter().copied());
    let place = place_of_key(text, word, 1).filter(|_| what == "key").or(place);
    let told = Diagnostic::error(file, format!("unknown {what} `{word}`")).at(place);
    match near {
        Some(near) => told.help(format!("did you mean `{near}`?")),
        None => told.help(format!("known here: {}", known.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::LabFile;

    const GOOD: &str = "format: 1\nid: 01-a\ntitle: A\ncan_do: do\nminutes: 3\nsteps:\n  - {id: one, page: 10.md, checks: [c]}\nchecks:\n  c:\n    topic: {name: t, records: \">= 1\"}\n    fail: \"no\"\n";

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let error = parse::<LabFile>("lab.yaml", text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_good_file_parses() {
        parse::<LabFile>("lab.yaml", GOOD).unwrap();
    }

    #[test]
    fn an_unknown_key_is_placed_and_its_neighbour_named() {
        check_error(
            &GOOD.replace("page:", "paeg:"),
            "lab.yaml:7:15: unknown key `paeg` (did you mean `page`?)",
        );
        check_error(
            &GOOD.replace("records:", "recrods:"),
            "lab.yaml:10:22: unknown key `recrods` (did you mean `records`?)",
        );
    }

    #[test]
    fn a_missing_key_and_broken_yaml_are_placed() {
        let error = parse::<LabFile>("lab.yaml", &GOOD.replace("title: A\n", "")).unwrap_err();
        assert_eq!(error.message, "missing field `title`");
        let error = parse::<LabFile>("lab.yaml", "format: [1\n").unwrap_err();
        assert!(error.line.is_some(), "{error}");
    }
}
