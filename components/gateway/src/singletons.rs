//! Header fields that a request may have only once. Two readers may take two different values of a
//! repeated field: a proxy the last one, and a server the first one. So such a request is refused
//! (RFC 9110 section 5.3).

use http::HeaderMap;
use protocol::{Code, Error, Operation};

/// Fields of HTTP, of browsers, and of this API whose value is not a list. Several `traceparent`
/// count as none (W3C Trace Context), so that field is not here.
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

/// Refuses a request with repeated fields of this kind. The error names all of them.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Error> {
    // Nearly every request has each field only once.
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    refuse(headers, SINGLETONS.into_iter())
}

/// Refuses a request that repeats a field that the contract of its operation declares.
pub(crate) fn check_declared(headers: &HeaderMap, operation: &Operation) -> Result<(), Error> {
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    refuse(headers, operation.headers.iter().map(String::as_str))
}

fn refuse<'a>(headers: &HeaderMap, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let repeated = names.filter(|name| headers.get_all(*name).iter().nth(1).is_some());
    let repeated: Vec<&str> = repeated.collect();
    match repeated.as_slice() {
        [] => Ok(()),
        names => {
            let names = names.join(", ");
            let message = format!("These header fields may be sent once only: {names}.");
            Err(Error::new(Code::MalformedRequest, message))
        }
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
        for name in SINGLETONS {
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
