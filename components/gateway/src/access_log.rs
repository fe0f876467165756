//! The access log: one line of JSON for each request, with the attributes that a span must have
//! . It names the operation, never the target or a header, because those may hold secrets and
//! personal data.

use std::borrow::Cow;

use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::calendar::timestamp;
use crate::record::Record;
use crate::versions::{API_VERSION, served};

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

/// Most lines are shorter than this.
const LENGTH: usize = 640;

pub(crate) fn line(
    parts: &Parts,
    record: &Record,
    status: StatusCode,
    started: u64,
    now: u64,
) -> String {
    let trace = &record.trace;
    let verified = record.verified.as_deref();
    let line = Line {
        timestamp: timestamp(now),
        level: if status.is_server_error() { "error" } else { "info" },
        message: "request",
        trace_id: &trace.trace_id,
        span_id: &trace.span_id,
        request_id: &trace.request_id,
        correlation_id: &trace.correlation_id,
        version: match record.major {
            0 => Cow::Borrowed(API_VERSION),
            major => served(major),
        },
        operation: record.operation.as_deref(),
        method: method(parts),
        status: status.as_u16(),
        latency_ms: now.saturating_sub(started),
        tenant_id: verified.map(|verified| verified.caller.tenant.as_str()),
        principal_hash: verified.map(|verified| verified.principal_hash.as_str()),
        replayed: record.is_replayed,
        error: record.error,
        cause: record.cause.as_deref(),
    };
    let mut text = Vec::with_capacity(LENGTH);
    // Neither can fail: the line has no maps, and JSON is UTF-8.
    let _ = serde_json::to_writer(&mut text, &line);
    String::from_utf8(text).unwrap_or_default()
}

/// The method, if it is a known one. Clients may invent others, which are not written.
fn method(parts: &Parts) -> &str {
    match parts.method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    }
}
