//! Moments as text, the way Flink's JSON format writes them: `2026-05-01 09:00:00.000`.
//!
//! * Text is always UTC; a `T` between date and time and a trailing `Z` are accepted when reading.
//! * Reading keeps milliseconds; finer digits are cut off.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use pancake_types::Timestamp;

/// Writes a moment as `yyyy-MM-dd HH:mm:ss.SSS`.
pub fn format_timestamp(at: Timestamp) -> String {
    match DateTime::from_timestamp_millis(at.millis()) {
        Some(moment) => moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        None => at.millis().to_string(),
    }
}

/// Reads `yyyy-MM-dd[ HH:mm[:ss[.fraction]]]`, also with `T` and `Z`.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S%.f")
        .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M"))
        .ok()?;
    Some(Timestamp::from_millis(NaiveDateTime::new(date, time).and_utc().timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_parse(text: &str, millis: Option<i64>) {
        assert_eq!(parse_timestamp(text).map(Timestamp::millis), millis, "{text}");
    }

    #[test]
    #[rustfmt::skip]
    fn moments_are_read_with_and_without_their_small_parts() {
        check_parse("2026-05-01 09:00:00.000", Some(1_777_626_000_000));
        check_parse("2026-05-01T09:00:00.25Z", Some(1_777_626_000_250));
        check_parse("2026-05-01 09:00",        Some(1_777_626_000_000));
        check_parse("2026-05-01",              Some(1_777_593_600_000));
        check_parse("2026-13-01 09:00:00",     None);
        check_parse("yesterday",               None);
    }

    #[test]
    fn writing_and_reading_agree() {
        let text = "2026-05-01 09:03:58.007";
        let at = parse_timestamp(text).unwrap();
        assert_eq!(format_timestamp(at), text);
    }
}
