//! `Retry-After`, `Deprecation` and `Sunset`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sfv::{Item, Parser};

/// `Retry-After` as a duration from now: delay-seconds or an HTTP-date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(value: &str) -> Result<Duration, String> {
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().map_err(|_| format!("`{value}` has too many digits"))?;
        return Ok(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value)
        .map_err(|_| format!("`{value}` is neither seconds nor an HTTP-date"))?;
    Ok(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// `Deprecation` in Unix seconds: a Date of structured fields (RFC 9745 section 2.1).
pub(crate) fn deprecation(value: &str) -> Result<i64, String> {
    let wrong = |what: &str| format!("`{value}` {what}; a Date is `@` and Unix seconds");
    let item: Item =
        Parser::new(value).parse().map_err(|error| wrong(&format!("does not parse: {error}")))?;
    let date = item.bare_item.as_date().ok_or_else(|| wrong("is no Date"))?;
    Ok(i64::from(date.unix_seconds()))
}

/// `Sunset` in Unix seconds: an HTTP-date (RFC 8594 section 3).
pub(crate) fn sunset(value: &str) -> Result<i64, String> {
    let date =
        httpdate::parse_http_date(value).map_err(|_| format!("`{value}` is no HTTP-date"))?;
    Ok(date.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_and_dates() {
        assert_eq!(retry_after("120"), Ok(Duration::from_secs(120)));
        assert_eq!(retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Ok(Duration::ZERO));
        for wrong in ["", "-1", "1.5", "soon", "99999999999999999999999"] {
            assert!(retry_after(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_two_dates_of_an_end() {
        assert_eq!(deprecation("@1688169599"), Ok(1_688_169_599));
        assert_eq!(sunset("Fri, 30 Jun 2023 23:59:59 GMT"), Ok(1_688_169_599));
        for wrong in ["true", "1688169599", "@1688169599.5", "Fri, 30 Jun 2023 23:59:59 GMT"] {
            assert!(deprecation(wrong).is_err(), "{wrong}");
        }
        for wrong in ["@1688169599", "2023-06-30", "Fri, 30 Jun 2023 23:59:59 UTC"] {
            assert!(sunset(wrong).is_err(), "{wrong}");
        }
    }
}
