//! The known name that looks most like what was typed.

/// How alike two names must be, from 0 (nothing) to 1 (the same), to be suggested.
const LIKENESS_MIN: f64 = 0.7;

/// The candidate most like `typed` in any case, if one is like enough.
pub(crate) fn nearest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    candidates
        .into_iter()
        .map(|name| (likeness(&typed, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b).max(strsim::jaro_winkler(a, b) - 0.15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name_and_nonsense_finds_none() {
        let names = ["window_start", "window_end", "stand"];
        assert_eq!(nearest("windw_start", names), Some("window_start"));
        assert_eq!(nearest("Stand", names), Some("stand"));
        assert_eq!(nearest("zzz", names), None);
    }
}
