//! Times as clients write them. Bodies and queries are read by the same code.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// A time that a client gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Milliseconds since the Unix epoch, rounded down.
    pub ms: i64,
    /// Whether `ms` is the exact time. Stored times are whole milliseconds, so no stored time is
    /// equal to a time that is not exact.
    pub exact: bool,
}

impl Timestamp {
    /// The first millisecond that is not before the timestamp: the lower bound (inclusive) of the
    /// times since the timestamp, and the upper bound (exclusive) of the times before it.
    pub fn ceiling(self) -> i64 {
        if self.exact { self.ms } else { self.ms + 1 }
    }
}

/// Reads an RFC 3339 `date-time` (section 5.6), in any offset, with `T` and `Z` in either case, and
/// with a leap second where one is allowed. No other form is accepted: not a space for the `T`,
/// which the section leaves to agreement, and no other form of ISO 8601.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    // The crate accepts any character here.
    if !matches!(text.as_bytes().get(10)?, b'T' | b't') {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    // The crate reads a leap second as the last nanosecond before it, and no more than nine digits
    // of a fraction.
    let is_leap = text.get(17..19) == Some("60");
    let fraction = text.get(19..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    let exact = !is_leap && digits.skip(3).all(|digit| digit == b'0');
    let ms = i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
    Some(Timestamp { ms, exact })
}

/// Days from the Unix epoch to a `full-date` of RFC 3339.
pub fn date(text: &str) -> Option<i64> {
    let midnight = timestamp(&format!("{text}T00:00:00Z"))?;
    Some(midnight.ms / DAY)
}

/// The first millisecond since the Unix epoch that is not before an RFC 3339 `date-time`.
pub fn milliseconds(text: &str) -> Option<i64> {
    timestamp(text).map(Timestamp::ceiling)
}

#[cfg(test)]
mod tests {
    use super::{date, milliseconds, timestamp};

    /// The cases of `date-time.json` of the JSON-Schema-Test-Suite (draft2020-12, optional/format),
    /// and forms that ISO 8601 has and RFC 3339 has not.
    #[test]
    fn moments_are_rfc_3339() {
        let spelled = |text: &str| timestamp(text).map(|timestamp| (timestamp.ms, timestamp.exact));
        for (text, ms, exact) in [
            ("1963-06-19T08:30:06.283185Z", -206_292_593_717, false),
            ("1963-06-19T08:30:06Z", -206_292_594_000, true),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130, true),
            ("1990-12-31T15:59:50.123-08:00", 662_687_990_123, true),
            ("1998-12-31T23:59:60Z", 915_148_799_999, false),
            ("1998-12-31T15:59:60.123-08:00", 915_148_799_999, false),
            ("1963-06-19t08:30:06.283185z", -206_292_593_717, false),
            ("1970-01-01T00:00:00.0010000+00:00", 1, true),
            ("1970-01-01T00:00:00.0000000000000000000000001-00:00", 0, false),
            ("2024-02-29T23:59:59.999-23:59", 1_709_337_539_999, true),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000, true),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000, true),
        ] {
            assert_eq!(spelled(text), Some((ms, exact)), "{text}");
        }
        for text in [
            "1998-12-31T23:59:61Z",
            "1998-12-31T23:58:60Z",
            "1998-12-31T22:59:60Z",
            "1998-12-30T23:59:60Z",
            "1990-02-31T15:59:59.123-08:00",
            "2023-02-29T00:00:00Z",
            "1990-12-31T15:59:59-24:00",
            "1990-12-31T24:00:00Z",
            "1990-12-31T15:60:00Z",
            "1963-06-19T08:30:06.28123+01:00Z",
            "06/19/1963 08:30:06 PST",
            "2013-350T01:01:01",
            "2026-W10-1T00:00:00Z",
            "2026-060T00:00:00Z",
            "1963-6-19T08:30:06.283185Z",
            "1963-06-1T08:30:06.283185Z",
            "1963-06-1৪T00:00:00Z",
            "1963-06-11T0৪:00:00Z",
            "11963-06-19T08:30:06.283185Z",
            "+2026-03-01T09:30:00Z",
            "2026-03-01",
            "2026-03-01 09:30:00Z",
            "2026-03-01_09:30:00Z",
            "2026-03-01T09:30:00",
            "2026-03-01T09:30:00.Z",
            "2026-03-01T09:30:00,5Z",
            "2026-03-01T09:30Z",
            "2026-03-01T09:30:00+01",
            "2026-03-01T09:30:00+0100",
            "2026-03-01T09:30:00+01:60",
            "20260301T093000Z",
            " 2026-03-01T09:30:00Z",
            "2026-03-01T09:30:00Z ",
            "",
        ] {
            assert_eq!(spelled(text), None, "{text}");
        }
        assert_eq!(milliseconds("1970-01-01T00:00:00.0001Z"), Some(1));
        assert_eq!(date("1970-01-02"), Some(1));
        for text in ["1970-1-02", "+970-01-02", "-970-01-02", "1970-01-2 ", "1970-02-30", ""] {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
