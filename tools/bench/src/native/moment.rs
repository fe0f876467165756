//! Times: the clock, and their spellings.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    micros() / 1000
}

/// Microseconds since the Unix epoch.
pub(super) fn micros() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// `2026-11-21T09:30:00.000Z` from milliseconds since the Unix epoch.
pub(super) fn rfc3339(ms: u64) -> String {
    use time::format_description::well_known::{Iso8601, iso8601};
    const FORMAT: iso8601::EncodedConfig = iso8601::Config::DEFAULT
        .set_time_precision(iso8601::TimePrecision::Second {
            decimal_digits: std::num::NonZeroU8::new(3),
        })
        .encode();
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Iso8601::<FORMAT>).ok())
        .unwrap_or_default()
}

/// `Sat, 21 Nov 2026 09:30:00 GMT` from milliseconds since the Unix epoch.
pub(super) fn http_date(ms: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms))
}
