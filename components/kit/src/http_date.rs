//! HTTP dates (RFC 9110 section 5.6.7), and the header that may hold one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Formats milliseconds since the Unix epoch as `Sat, 21 Nov 2026 09:30:00 GMT`. A time before 1970
/// or after 9999 becomes the nearest one within, because the crate can format no other.
pub fn http_date(ms: i64) -> String {
    let seconds = u64::try_from(ms / 1000).unwrap_or_default().min(LAST_SECOND);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Reads `Retry-After`, a number of seconds or a date (RFC 9110 section 10.2.3), as milliseconds.
/// `None` if it is neither. A number may have any count of digits, so one that does not fit becomes
/// the largest.
pub fn retry_after(text: &str, now: SystemTime) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(i64::MAX).saturating_mul(1000));
    }
    let left = httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default();
    Some(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_an_http_date() {
        for (ms, date) in [
            (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(http_date(ms), date, "{ms}");
        }
    }

    #[test]
    fn retry_after_is_read_however_long_it_is() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let nines = "9".repeat(100);
        for (text, ms) in [
            ("0", 0),
            (" 120 ", 120_000),
            ("000000000000000000000000000007", 7_000),
            ("4294967296", 4_294_967_296_000),
            ("99999999999999999", i64::MAX),
            (&nines, i64::MAX),
            ("Sun, 09 Sep 2001 01:47:40 GMT", 60_000),
            ("Sunday, 09-Sep-01 01:47:40 GMT", 60_000),
            ("Sun, 09 Sep 2001 01:46:39 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 252_402_300_799_000),
        ] {
            assert_eq!(retry_after(text, now), Some(ms), "{text}");
        }
        for bad in ["", "-1", "+5", "1.5", "5s", "soon", "1e3"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
