//! Trace and request ids, and the facts that are learned about a request: W3C Trace Context, B3
//! and the correlation headers (A-29, K-78).

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::request::Parts;

use crate::authentication::Verified;
use crate::config::Config;
use crate::limits::Standing;
use crate::{Operation, Platform, nearness, proxies};

/// The facts that the concerns have learned about one request. The log line and the headers of the
/// answer are written from them.
pub(crate) struct Seen {
    pub(crate) request_id: String,
    pub(crate) correlation_id: String,
    /// 32 hex digits.
    pub(crate) trace_id: String,
    /// 16 hex digits, for this hop.
    pub(crate) span_id: String,
    pub(crate) sampled: bool,
    /// The client's address (K-79).
    pub(crate) address: IpAddr,
    /// Whether it comes straight from a program on this machine, and `public_url` is on it too.
    pub(crate) local: bool,
    pub(crate) operation: Option<String>,
    /// The prefix before the operation's path: `/api/v1`, `/v1`, or nothing.
    pub(crate) prefix: String,
    /// The major of the URL; 0 for an absolute path.
    pub(crate) major: u32,
    /// Whether the prefix is `/api/v{N}`. Only its answers have `API-Version` (K-16).
    pub(crate) canonical: bool,
    pub(crate) tenant: Option<String>,
    /// The SHA-256 of the principal, shortened, because logs must hold no identity.
    pub(crate) principal_hash: Option<String>,
    /// The content of the caller's token.
    pub(crate) verified: Option<Arc<Verified>>,
    /// The answers of the buckets that were asked so far.
    pub(crate) quotas: Vec<Standing>,
    pub(crate) replayed: bool,
    /// When the caller's token was issued, in milliseconds since the epoch.
    pub(crate) issued_at: u64,
    /// Whether a replica of the database may answer.
    pub(crate) replica: bool,
    pub(crate) error: Option<&'static str>,
    /// The cause of a failure, for the log only.
    pub(crate) cause: Option<String>,
}

impl Seen {
    pub(crate) fn new<P: Platform>(
        platform: &P,
        config: &Config,
        parts: &Parts,
        peer: IpAddr,
    ) -> Self {
        let random = platform.random();
        let headers = &parts.headers;
        let fresh = hex(&random);
        let request_id = token(headers, "x-request-id").unwrap_or_else(|| uuid(&fresh));
        let (trace_id, sampled) = incoming(headers).unwrap_or_else(|| (fresh.clone(), true));
        Self {
            correlation_id: token(headers, "x-correlation-id")
                .unwrap_or_else(|| request_id.clone()),
            request_id,
            trace_id,
            span_id: fresh[8..24].to_owned(),
            sampled,
            address: proxies::client(&config.proxies, headers, peer),
            local: config.is_here && nearness::is_local(parts, peer),
            operation: None,
            prefix: String::new(),
            major: 0,
            canonical: false,
            tenant: None,
            principal_hash: None,
            verified: None,
            quotas: Vec::new(),
            replayed: false,
            issued_at: 0,
            replica: false,
            error: None,
            cause: None,
        }
    }

    /// The facts of a request about which nothing is known yet.
    #[cfg(test)]
    pub(crate) fn for_test() -> Self {
        Self {
            request_id: "req-1".to_owned(),
            correlation_id: "req-1".to_owned(),
            trace_id: "0".repeat(31) + "1",
            span_id: "0".repeat(15) + "1",
            sampled: true,
            address: IpAddr::from([192, 0, 2, 1]),
            local: false,
            operation: None,
            prefix: String::new(),
            major: 0,
            canonical: false,
            tenant: None,
            principal_hash: None,
            verified: None,
            quotas: Vec::new(),
            replayed: false,
            issued_at: 0,
            replica: false,
            error: None,
            cause: None,
        }
    }

    /// Notes the version that the target leads to, even if it has no such operation.
    pub(crate) fn addressed(&mut self, prefix: &str, major: u32, canonical: bool) {
        prefix.clone_into(&mut self.prefix);
        self.major = major;
        self.canonical = canonical;
    }

    pub(crate) fn matched(&mut self, operation: &Operation) {
        self.operation = Some(operation.id.clone());
    }
}

pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
    let trace_id = hex(&random);
    (uuid(&trace_id), trace_id)
}

/// A UUID of RFC 9562 version 4, from 32 random hex digits.
fn uuid(hex: &str) -> String {
    uuid_of(4, hex)
}

/// The trace id as a UUID of version 8 of RFC 9562, which is for custom forms. It has all bits of
/// the trace id, except the six that name version and variant.
pub(crate) fn trace_uuid(trace_id: &str) -> String {
    uuid_of(8, trace_id)
}

fn uuid_of(version: u8, hex: &str) -> String {
    let variant = match hex.as_bytes()[16] {
        b'0' | b'4' | b'8' | b'c' => '8',
        b'1' | b'5' | b'9' | b'd' => '9',
        b'2' | b'6' | b'a' | b'e' => 'a',
        _ => 'b',
    };
    format!(
        "{}-{}-{version}{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
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
