//! Cross-origin requests: an exact allow-list, never a wildcard (A-63, D-154…160, K-77).

use std::str::FromStr;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};
use protocol::{Body, Response};

use crate::platform::Platform;
use crate::settings::Settings;
use crate::text::header;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
/// Every request header that is read, and those that tracing libraries add. A browser does not send
/// a request at all if it has one header that is not listed here.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Content-Type, Authorization, X-Request-ID, X-Correlation-ID, Idempotency-Key, X-Tenant-Id, \
     If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, Accept, Accept-Version, \
     X-API-Key, X-B3-TraceId, X-B3-SpanId, X-B3-ParentSpanId, X-B3-Sampled, b3, traceparent, \
     tracestate, baggage, Last-Event-ID, User-Agent",
);
/// Every header of our answers, except those of CORS itself and of the connection (K-32). Browsers
/// show Content-Type and similar headers without this list, but they are listed too, so that there
/// is one complete list.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Request-ID, X-Correlation-ID, X-B3-TraceId, X-B3-SpanId, X-B3-Sampled, RateLimit, \
     RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, \
     Location, ETag, Last-Modified, Link, API-Version, Idempotent-Replayed, X-Total-Count, \
     X-Page-Limit, X-Page-Offset, Deprecation, Sunset, X-API-Deprecated, X-API-Sunset-Date, Allow, \
     Accept, Accept-Encoding, WWW-Authenticate, Cache-Control, Pragma, Vary, Content-Type, \
     Content-Length, Date, X-Accel-Buffering, X-Content-Type-Options, X-Frame-Options, \
     X-XSS-Protection, Strict-Transport-Security, Content-Security-Policy, Referrer-Policy, \
     Cross-Origin-Resource-Policy",
);

/// An origin that may call. In a setting it is written `https://app.example.com` or
/// `https://app.example.com;credentials`.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    /// As browsers send it (RFC 6454 section 6.2).
    name: String,
    /// Whether answers have `Access-Control-Allow-Credentials` (K-38). It gives no access here,
    /// because no cookie is ever read, but some clients insist on it.
    credentials: bool,
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, credentials) = match text.split_once(';') {
            Some((name, option)) if option.trim() == "credentials" => (name.trim(), true),
            Some(_) => return Err("has another option than `;credentials`"),
            None => (text, false),
        };
        let default_port = match name.split_once("://") {
            Some(("https", _)) => 443,
            Some(("http", _)) => 80,
            _ => return Err("is no origin: write https://host or https://host:port"),
        };
        let authority = &name[name.find("://").map_or(0, |at| at + 3)..];
        let parsed: Authority =
            authority.parse().map_err(|_| "has no host, or more than host and port")?;
        if authority.contains(['@', '*', '/', '?', '#']) || parsed.host().is_empty() {
            return Err("is not one exact origin: no path, no user, no wildcard");
        }
        if authority.ends_with(':') || parsed.port_u16() == Some(default_port) {
            return Err("names the port that browsers leave out");
        }
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err("has upper-case letters, which browsers do not send");
        }
        Ok(Self { name: name.to_owned(), credentials })
    }
}

/// The origins from which a browser may call, compared exactly.
pub(crate) struct Cors(Vec<Origin>);

/// Whether the request is a preflight: the browser asks whether it may send the real request.
pub(crate) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key("origin")
        && parts.headers.contains_key("access-control-request-method")
}

/// The answer to a preflight. [`Cors::headers`] adds what an allowed origin may do.
pub(crate) fn preflight<S>() -> Response<S> {
    Response { status: 204, headers: Vec::new(), body: Body::Empty }
}

impl Cors {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        settings.list("cors_allowed_origins").await.map(Self)
    }

    /// Adds the headers that tell a browser what an allowed origin may do. An answer to any other
    /// origin has none.
    pub(crate) fn headers(&self, parts: &Parts, headers: &mut HeaderMap) {
        let Some(origin) = parts.headers.get("origin") else { return };
        let sent = header(&parts.headers, "origin");
        let Some(allowed) = self.0.iter().find(|allowed| sent == Some(&allowed.name)) else {
            return;
        };
        headers.insert("access-control-allow-origin", origin.clone());
        headers.insert("access-control-expose-headers", RESPONSE_HEADERS);
        if allowed.credentials {
            headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        }
        if is_preflight(parts) {
            headers.insert("access-control-allow-methods", METHODS);
            headers.insert("access-control-allow-headers", REQUEST_HEADERS);
            headers.insert("access-control-max-age", HeaderValue::from_static("86400"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_exact() {
        for (text, name, credentials) in [
            ("https://app.example.com", "https://app.example.com", false),
            ("https://app.example.com;credentials", "https://app.example.com", true),
            ("https://app.example.com ; credentials", "https://app.example.com", true),
            ("http://localhost:5173", "http://localhost:5173", false),
            ("http://[::1]:8080", "http://[::1]:8080", false),
        ] {
            assert_eq!(text.parse(), Ok(Origin { name: name.to_owned(), credentials }), "{text}");
        }
        for text in [
            "*",
            "null",
            "app.example.com",
            "https://",
            "https://*",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/x",
            "https://a@b.example",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:",
            "https://App.example.com",
            "ftp://app.example.com",
            "https://a b",
            "https://a?b",
            "https://app.example.com;credential",
            "https://app.example.com#x",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
