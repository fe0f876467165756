//! Security headers, on every answer (K-80, D-179…183).

use http::{HeaderMap, HeaderName, HeaderValue};

const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (
        HeaderName::from_static("strict-transport-security"),
        HeaderValue::from_static("max-age=63072000; includeSubDomains"),
    ),
    (
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    // 0 switches a legacy filter off that was itself exploitable.
    (HeaderName::from_static("x-xss-protection"), HeaderValue::from_static("0")),
];

pub(crate) fn headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
}
