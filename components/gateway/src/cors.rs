//! Cross-origin requests: an exact allow-list, never a wildcard (A-63, D-154…160, K-77).

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::config::Config;
use crate::trace::header;
use crate::{Body, Response};

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Content-Type, Authorization, X-Request-ID, X-Correlation-ID, Idempotency-Key, X-Tenant-Id, \
     If-Match, If-None-Match, Accept-Version, X-API-Key, X-B3-TraceId, X-B3-SpanId, X-B3-Sampled, \
     traceparent",
);
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Request-ID, X-Correlation-ID, X-B3-TraceId, X-RateLimit-Limit, X-RateLimit-Remaining, \
     X-RateLimit-Reset, Retry-After, Location, ETag, API-Version, Idempotent-Replayed",
);

pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key("access-control-request-method")
}

/// The answer to a preflight; [`headers`] adds what an allowed origin may do.
pub(crate) fn preflight<S>() -> Response<S> {
    Response { status: 204, headers: Vec::new(), body: Body::Empty }
}

pub(crate) fn headers(config: &Config, parts: &Parts, headers: &mut HeaderMap) {
    let origin = parts.headers.get("origin");
    let allowed = header(&parts.headers, "origin")
        .is_some_and(|origin| config.origins.iter().any(|allowed| allowed == origin));
    let (Some(origin), true) = (origin, allowed) else { return };
    headers.insert("access-control-allow-origin", origin.clone());
    headers.insert("access-control-expose-headers", RESPONSE_HEADERS);
    if is_preflight(parts) {
        headers.insert("access-control-allow-methods", METHODS);
        headers.insert("access-control-allow-headers", REQUEST_HEADERS);
        headers.insert("access-control-max-age", HeaderValue::from_static("86400"));
    }
}
