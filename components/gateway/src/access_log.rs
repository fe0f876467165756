//! The access log: one line of JSON for each request, with the attributes that a span must have
//! . It names the operation, never the target or a header, because those may hold secrets and
//! personal data.

use std::borrow::Cow;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::trace::Seen;
use crate::{API_VERSION, versions};

#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339, UTC, milliseconds.
    timestamp: String,
    level: &'static str,
    message: &'static str,
    trace_id: &'a str,
    span_id: &'a str,
    request_id: &'a str,
    correlation_id: &'a str,
    #[serde(rename = "api.version")]
    version: Cow<'static, str>,
    #[serde(rename = "api.operation_id")]
    operation: Option<&'a str>,
    #[serde(rename = "http.method")]
    method: &'a str,
    #[serde(rename = "http.status_code")]
    status: u16,
    latency_ms: u64,
    tenant_id: Option<&'a str>,
    #[serde(rename = "user.hash")]
    principal_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

pub(crate) fn line(
    parts: &Parts,
    seen: &Seen,
    status: StatusCode,
    started: u64,
    now: u64,
) -> String {
    let line = Line {
        timestamp: timestamp(now),
        level: if status.is_server_error() { "error" } else { "info" },
        message: "request",
        trace_id: &seen.trace_id,
        span_id: &seen.span_id,
        request_id: &seen.request_id,
        correlation_id: &seen.correlation_id,
        version: match seen.major {
            0 => Cow::Borrowed(API_VERSION),
            major => versions::served(major),
        },
        operation: seen.operation.as_deref(),
        method: method(parts),
        status: status.as_u16(),
        latency_ms: now.saturating_sub(started),
        tenant_id: seen.tenant.as_deref(),
        principal_hash: seen.principal_hash.as_deref(),
        replayed: seen.replayed,
        error: seen.error,
        cause: seen.cause.as_deref(),
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// The method, if it is a known one. Clients may invent others, which are not written.
fn method(parts: &Parts) -> &str {
    match parts.method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}

/// Formats a time of milliseconds since the epoch: RFC 3339, UTC, with milliseconds (K-8).
pub(crate) fn timestamp(ms: u64) -> String {
    use time::format_description::well_known::{Iso8601, iso8601};
    const FORMAT: iso8601::EncodedConfig = iso8601::Config::DEFAULT
        .set_time_precision(iso8601::TimePrecision::Second {
            decimal_digits: std::num::NonZeroU8::new(3),
        })
        .encode();
    time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|t| t.format(&Iso8601::<FORMAT>).ok())
        .unwrap_or_default()
}
