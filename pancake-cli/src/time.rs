//! Times as people write them: `2026-05-01 09:10:00`, in UTC like the event times of the labs.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// A moment as text, with milliseconds only where there are any.
pub(crate) fn show(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(
        || format!("{ms} ms"),
        |t| {
            let form = if ms % 1000 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.3f" };
            t.format(form).to_string()
        },
    )
}

/// Reads a moment: milliseconds since 1970, a date, or a date and time with space or `T` between.
pub(crate) fn read(text: &str) -> Option<i64> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some(ms);
    }
    let text = text.trim_end_matches('Z').replace('T', " ");
    for form in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(t) = NaiveDateTime::parse_from_str(&text, form) {
            return Some(t.and_utc().timestamp_millis());
        }
    }
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read() {
        for text in ["2026-05-01 09:10:00", "2026-05-01 09:10:00.250"] {
            assert_eq!(show(read(text).unwrap()), text);
        }
        assert_eq!(read("2026-05-01T09:10:00Z"), read("2026-05-01 09:10"));
        assert_eq!(read("2026-05-01"), read("2026-05-01 00:00:00"));
        assert_eq!(read("soon"), None);
    }
}
