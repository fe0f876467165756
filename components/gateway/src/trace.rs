//! The ids of a request, under which logs and other systems find it: W3C Trace Context, B3
//! and the correlation headers (A-29, K-78).

use http::HeaderMap;
use uuid::{Builder, Uuid};

use crate::text::header;

/// The ids of a request: those that the client sent, if they are acceptable, or new ones.
pub(crate) struct Trace {
    /// Names this one request.
    pub(crate) request_id: String,
    /// Names all requests for the same purpose of the client.
    pub(crate) correlation_id: String,
    /// 32 hex digits.
    pub(crate) trace_id: String,
    /// 16 hex digits, for this hop.
    pub(crate) span_id: String,
    /// Whether the client wants the trace to be recorded.
    pub(crate) is_sampled: bool,
}

impl Trace {
    /// The ids of a request with these headers. New ids are made from `random`.
    pub(crate) fn of(headers: &HeaderMap, random: [u8; 16]) -> Self {
        let fresh = hex::encode(random);
        let request_id = token(headers, "x-request-id").unwrap_or_else(|| uuid(random));
        let (trace_id, is_sampled) = incoming(headers).unwrap_or_else(|| (fresh.clone(), true));
        Self {
            correlation_id: token(headers, "x-correlation-id")
                .unwrap_or_else(|| request_id.clone()),
            request_id,
            trace_id,
            span_id: fresh[8..24].to_owned(),
            is_sampled,
        }
    }

    /// The trace id as a UUID of version 8 of RFC 9562, which is for custom forms. It has all bits
    /// of the trace id, except the six that name version and variant.
    pub(crate) fn uuid(&self) -> String {
        let bytes = Uuid::try_parse(&self.trace_id).unwrap_or_default().into_bytes();
        Builder::from_custom_bytes(bytes).into_uuid().to_string()
    }
}

/// A correlation id from the client, if it is acceptable (K-78): 1 to 128 of `[A-Za-z0-9._-]`.
fn token(headers: &HeaderMap, name: &str) -> Option<String> {
    header(headers, name).filter(|value| is_request_id(value)).map(str::to_owned)
}

/// Whether a text may be a request id or a correlation id (K-78).
pub fn is_request_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The ids of an answer that a host gives without a gateway, made from randomness: the id of the
/// request (a UUID) and of the trace (32 hex digits).
pub fn new_ids(random: [u8; 16]) -> (String, String) {
    (uuid(random), hex::encode(random))
}

/// A random UUID (RFC 9562 version 4).
fn uuid(random: [u8; 16]) -> String {
    Builder::from_random_bytes(random).into_uuid().to_string()
}

/// The trace that the caller is part of: `traceparent`, `b3`, or `X-B3-*`.
fn incoming(headers: &HeaderMap) -> Option<(String, bool)> {
    // If there are several, then none counts: W3C Trace Context lets a new trace begin.
    let parents = headers.get_all("traceparent").iter().count();
    if let Some(parent) = header(headers, "traceparent").filter(|_| parents == 1) {
        let mut fields = parent.split('-');
        let (_version, trace, _span, flags) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        return Some((trace_id(trace)?, flags.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f'])));
    }
    if let Some(single) = header(headers, "b3") {
        let mut fields = single.split('-');
        let trace = trace_id(fields.next()?)?;
        return Some((trace, fields.nth(1) != Some("0")));
    }
    let trace = trace_id(header(headers, "x-b3-traceid")?)?;
    Some((trace, header(headers, "x-b3-sampled") != Some("0")))
}

/// 64-bit B3 ids are padded to 128 bits; the all-zero id is invalid.
fn trace_id(text: &str) -> Option<String> {
    let fits = matches!(text.len(), 16 | 32)
        && text.bytes().all(|b| b.is_ascii_hexdigit())
        && text.bytes().any(|b| b != b'0');
    fits.then(|| format!("{:0>32}", text.to_ascii_lowercase()))
}
