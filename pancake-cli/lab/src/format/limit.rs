//! A bound on a number or a moment: `">= 1"`, `"> 0 && < 10"`, `42`, or one of these for each variant of the data.
//!
//! * A plain number means equality.
//! * Moments are written `2026-05-01 09:10:00` and mean UTC.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// A bound, the same for all variants or one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// For all variants.
    All(String),
    /// By variant.
    Each(BTreeMap<String, String>),
}

impl Limit {
    /// The bound's text for a variant (`generated` unless told otherwise).
    pub fn text(&self, variant: Option<&str>) -> &str {
        match self {
            Self::All(text) => text,
            Self::Each(each) => {
                each.get(variant.unwrap_or("generated")).map_or("true", String::as_str)
            }
        }
    }

    /// All texts, to be checked when the lab is loaded.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::All(text) => vec![text],
            Self::Each(each) => each.values().map(String::as_str).collect(),
        }
    }
}

/// The bound `text` as a condition on `subject`: each part gets the subject in front.
pub(crate) fn condition(text: &str, subject: &str) -> String {
    let text = text.trim();
    if text == "true" {
        return "true".into();
    }
    let part = |p: &str| {
        let p = p.trim();
        if p.starts_with(['<', '>', '=', '!']) {
            format!("{subject} {p}")
        } else {
            format!("{subject} == {p}")
        }
    };
    text.split("&&")
        .map(|all| all.split("||").map(part).collect::<Vec<_>>().join(" || "))
        .map(|p| if p.contains("||") { format!("({p})") } else { p })
        .collect::<Vec<_>>()
        .join(" && ")
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LimitVisitor)
    }
}

struct LimitVisitor;

impl<'de> Visitor<'de> for LimitVisitor {
    type Value = Limit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a bound such as \">= 10\", or one for each variant of the data")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Limit, E> {
        Ok(Limit::All(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Limit, E> {
        Ok(Limit::All(n.to_string()))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Limit, E> {
        Ok(Limit::All(n.to_string()))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<Limit, E> {
        Ok(Limit::All(format!("{n:?}")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Limit, A::Error> {
        let mut each = BTreeMap::new();
        while let Some((variant, bound)) = map.next_entry::<String, Limit>()? {
            if !matches!(variant.as_str(), "generated" | "real") {
                return Err(A::Error::unknown_field(&variant, &["generated", "real"]));
            }
            let Limit::All(bound) = bound else {
                return Err(A::Error::custom("variants do not nest"));
            };
            each.insert(variant, bound);
        }
        Ok(Limit::Each(each))
    }
}

/// Milliseconds since 1970 of `yyyy-MM-dd HH:mm[:ss[.SSS]]` (a `T` may stand for the space).
pub fn parse_moment(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once([' ', 'T'])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().unwrap_or(Some(0))?;
    let valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second);
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    valid.then(|| {
        let days = days_from_civil(year, month, day);
        (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis
    })
}

/// A moment as `yyyy-MM-dd HH:mm:ss`, with milliseconds if there are any.
pub fn show_moment(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, ms) = (rest / 1000 % 60, rest % 1000);
    let clock = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
    if ms == 0 { clock } else { format!("{clock}.{ms:03}") }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_goes_there_and_back() {
        assert_eq!(parse_moment("1970-01-01 00:00"), Some(0));
        assert_eq!(parse_moment("2026-05-01 09:10:00"), Some(1_777_626_600_000));
        for text in ["2026-05-01 09:10:30", "2000-02-29 23:59:59.007", "1969-12-31 23:59:59"] {
            assert_eq!(show_moment(parse_moment(text).unwrap()), text);
        }
        for text in ["09:10", "2026-13-01 00:00", "2026-05-01 24:00", "soon"] {
            assert_eq!(parse_moment(text), None, "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn a_bound_becomes_a_condition() {
        assert_eq!(condition(">= 1", "x"), "x >= 1");
        assert_eq!(condition("42", "x"), "x == 42");
        assert_eq!(condition("> 0 && < 10", "x"), "x > 0 && x < 10");
        assert_eq!(condition("< 0 || 7", "x"), "(x < 0 || x == 7)");
    }

    #[test]
    fn a_limit_may_differ_by_variant() {
        let limit: Limit = serde_yaml::from_str("{generated: \">= 0.3\", real: 0.4}").unwrap();
        assert_eq!(limit.text(None), ">= 0.3");
        assert_eq!(limit.text(Some("real")), "0.4");
        let error = serde_yaml::from_str::<Limit>("{genrated: 1}").unwrap_err();
        assert!(error.to_string().contains("genrated"), "{error}");
    }
}
