//! Days in settings and headers, and moments in answers and in the log.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, de};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// A day, which begins at midnight UTC. Its text is `2026-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The parser for RFC 3339 is small. One for descriptions of formats would add 30 kB.
        let midnight = OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok()?;
        Some(Self(midnight.date()))
    }

    /// The beginning of the day in seconds since the Unix epoch.
    pub(crate) fn seconds(self) -> i64 {
        self.0.midnight().assume_utc().unix_timestamp()
    }

    /// The same day this many months later, or the last day of a shorter month.
    pub(crate) fn plus_months(self, months: u8) -> Self {
        let zero_based = i32::from(u8::from(self.0.month())) - 1 + i32::from(months);
        let (year, month) = (self.0.year() + zero_based / 12, zero_based % 12 + 1);
        let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
        let month = month.unwrap_or(Month::January);
        let day = self.0.day().min(month.length(year));
        Self(Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX))
    }

    /// The beginning of the day as an HTTP date (RFC 9110 section 5.6.7). A day before 1970, which
    /// the crate cannot format, becomes the first of 1970.
    pub(crate) fn http_date(self) -> String {
        let seconds = u64::try_from(self.seconds()).unwrap_or_default();
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom(format!("'{text}' is not a day such as 2026-01-31")))
    }
}

/// Formats a time of milliseconds since the epoch: RFC 3339, UTC, with milliseconds (K-8).
pub(crate) fn timestamp(ms: u64) -> String {
    use time::format_description::well_known::{Iso8601, iso8601};
    const FORMAT: iso8601::EncodedConfig = iso8601::Config::DEFAULT
        .set_time_precision(iso8601::TimePrecision::Second {
            decimal_digits: std::num::NonZeroU8::new(3),
        })
        .encode();
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|t| t.format(&Iso8601::<FORMAT>).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect(text)
    }

    #[test]
    fn days_are_real() {
        for text in ["2026-01-31", "2024-02-29", "0001-01-01"] {
            assert_eq!(day(text).to_string(), text);
        }
        for text in ["2026-02-29", "2026-13-01", "2026-1-1", "+026-01-01", "2026-01-01T", ""] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn months_end_where_they_end() {
        for (from, months, to) in [
            ("2026-01-31", 1, "2026-02-28"),
            ("2026-08-31", 6, "2027-02-28"),
            ("2023-08-31", 6, "2024-02-29"),
            ("2026-12-15", 12, "2027-12-15"),
            ("2026-06-30", 6, "2026-12-30"),
        ] {
            assert_eq!(day(from).plus_months(months), day(to), "{from} + {months}");
        }
    }

    /// The example of the requirements has a wrong weekday (K-20): it is a Tuesday.
    #[test]
    fn http_dates_have_the_right_weekday() {
        assert_eq!(day("2024-12-31").http_date(), "Tue, 31 Dec 2024 00:00:00 GMT");
        assert_eq!(day("1994-11-06").http_date(), "Sun, 06 Nov 1994 00:00:00 GMT");
        assert_eq!(day("1994-11-06").seconds(), 784_080_000);
    }
}
