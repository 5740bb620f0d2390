//! Messages with values in them: `{actual.records}`, `{actual.data[0].n}`, `{actual.metrics.ndcg_at_10:.3}`.
//!
//! Nothing more: no conditions, no arithmetic. A value that is not there reads `nothing`, so that a message is always a sentence.

use serde_json::Value;

/// Fills a message. Braces that hold no path stay as they are.
pub(crate) fn fill(message: &str, facts: &Value) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let placeholder = from.find('}').and_then(|end| Placeholder::parse(from.get(1..end)?));
        let Some(placeholder) = placeholder else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        out.push_str(&placeholder.show(facts));
        rest = from.get(placeholder.length + 2..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The paths that a message names, for the linter.
pub(crate) fn paths(message: &str) -> Vec<String> {
    message
        .split('{')
        .skip(1)
        .filter_map(|part| Placeholder::parse(part.split_once('}')?.0))
        .map(|placeholder| placeholder.path.to_owned())
        .collect()
}

struct Placeholder<'a> {
    path: &'a str,
    decimals: Option<usize>,
    length: usize,
}

impl<'a> Placeholder<'a> {
    fn parse(inner: &'a str) -> Option<Self> {
        let (path, decimals) = match inner.split_once(":.") {
            Some((path, digits)) => (path, Some(digits.parse().ok().filter(|d| *d <= 9)?)),
            None => (inner, None),
        };
        let word = |c: char| c.is_ascii_alphanumeric() || "_.[]-@".contains(c);
        let good = path.starts_with(|c: char| c.is_ascii_lowercase()) && path.chars().all(word);
        good.then_some(Self { path, decimals, length: inner.len() })
    }

    fn show(&self, facts: &Value) -> String {
        match (look_up(facts, self.path), self.decimals) {
            (Some(Value::Number(n)), Some(decimals)) => {
                format!("{:.decimals$}", n.as_f64().unwrap_or_default())
            }
            (Some(Value::Number(n)), None) => match n.as_i64() {
                Some(whole) => thousands(whole),
                None => n.to_string(),
            },
            (Some(Value::String(text)), _) => text.clone(),
            (None | Some(Value::Null), _) => "nothing".into(),
            (Some(other), _) => other.to_string(),
        }
    }
}

/// The value at a path of names and indices.
pub(crate) fn look_up<'a>(facts: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(facts, |value, part| {
        let mut steps = part.split('[');
        let name = steps.next()?;
        let value = if name.is_empty() { value } else { value.get(name)? };
        steps.try_fold(value, |value, step| {
            value.get(step.strip_suffix(']')?.parse::<usize>().ok()?)
        })
    })
}

/// A whole number as people write it: 6,300.
pub fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).unwrap_or_default())
        .collect();
    format!("{}{}", if n < 0 { "-" } else { "" }, groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    #[rustfmt::skip]
    fn placeholders_are_filled_and_other_braces_stay() {
        let facts = json!({"actual": {"records": 6300, "ndcg": 0.41273, "data": [{"n": null, "s": "a"}], "ok": true}});
        let check = |message: &str, expected: &str| assert_eq!(fill(message, &facts), expected);
        check("{actual.records} records",            "6,300 records");
        check("ndcg {actual.ndcg:.3}, {actual.ndcg}", "ndcg 0.413, 0.41273");
        check("n is {actual.data[0].n}",             "n is nothing");
        check("s is {actual.data[0].s}",             "s is a");
        check("no {actual.data[7].s} {nobody}",      "no nothing nothing");
        check("a JSON {\"user\": 1} and {",          "a JSON {\"user\": 1} and {");
        check("{actual.ok}",                         "true");
    }

    #[test]
    fn thousands_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(thousands(n), text);
        }
    }
}
