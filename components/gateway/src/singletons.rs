//! Fields that a request has once. Of two values two readers take two different ones, a proxy
//! the last and a server the first, so a request with two is refused (RFC 9110 section 5.3).

use http::HeaderMap;

use crate::Error;
use crate::head::malformed;
use crate::idempotency::CREDENTIALS;

/// Fields of HTTP, of browsers, and of this API whose value is no list. What providers sign
/// webhooks with is in `CREDENTIALS`. Of `traceparent` several are none (W3C Trace Context).
const SINGLETONS: [&str; 31] = [
    "accept-version",
    "access-control-request-method",
    "authorization",
    "b3",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "from",
    "host",
    "idempotency-key",
    "if-modified-since",
    "if-range",
    "if-unmodified-since",
    "last-event-id",
    "last-modified",
    "max-forwards",
    "origin",
    "proxy-authorization",
    "range",
    "referer",
    "user-agent",
    "x-api-key",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-correlation-id",
    "x-real-ip",
    "x-request-id",
    "x-tenant-id",
];

/// Names every field that is there more than once and may not be.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Error> {
    // Nearly every request has each field once.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    let known = SINGLETONS.iter().chain(&CREDENTIALS);
    let repeated = known.filter(|name| headers.get_all(**name).iter().nth(1).is_some());
    let mut repeated: Vec<&str> = repeated.copied().collect();
    // `authorization` is in both tables.
    repeated.sort_unstable();
    repeated.dedup();
    match repeated.as_slice() {
        [] => Ok(()),
        names => Err(malformed(&format!(
            "These header fields may be sent once only: {}.",
            names.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn twice(names: &[&'static str]) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(*name, HeaderValue::from_static("a"));
            headers.append(*name, HeaderValue::from_static("a"));
        }
        check(&headers).map_err(|error| error.message)
    }

    #[test]
    fn what_is_no_list_is_sent_once() {
        for name in SINGLETONS.into_iter().chain(CREDENTIALS) {
            assert!(twice(&[name]).is_err_and(|message| message.contains(name)), "{name}");
        }
        assert!(
            twice(&["x-tenant-id", "authorization"])
                .is_err_and(|message| { message.ends_with(": authorization, x-tenant-id.") })
        );
    }

    #[test]
    fn lists_may_have_several_lines() {
        let lists = [
            "accept",
            "accept-encoding",
            "cookie",
            "forwarded",
            "if-match",
            "if-none-match",
            "te",
            "traceparent",
            "via",
            "x-forwarded-for",
            "x-unknown",
        ];
        assert_eq!(twice(&lists), Ok(()));
    }
}
