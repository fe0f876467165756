//! The access log: one JSON line for each request, written by a thread of its own.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::request::Parts;
use parking_lot::{Condvar, Mutex};
use serde::Serialize;

use super::moment::{now, rfc3339};
use super::request_record::RequestRecord;
use super::trace::Trace;

/// The bytes that may wait for the writer. More are dropped.
const BUFFER: usize = 8 << 20;
/// How long lines gather before they are written at once.
const GATHER: Duration = Duration::from_millis(5);

#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'static str,
    message: &'static str,
    trace_id: &'a str,
    span_id: &'a str,
    request_id: &'a str,
    correlation_id: &'a str,
    #[serde(rename = "api.version")]
    version: &'static str,
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
}

/// The line of one request.
pub(super) fn line(
    parts: &Parts,
    trace: &Trace,
    record: &RequestRecord,
    status: StatusCode,
    error: Option<&str>,
    started: u64,
) -> String {
    let now = now();
    let line = Line {
        timestamp: rfc3339(now),
        level: if status.is_server_error() { "error" } else { "info" },
        message: "request",
        trace_id: &trace.trace_id,
        span_id: &trace.span_id,
        request_id: &trace.request_id,
        correlation_id: &trace.correlation_id,
        version: env!("CARGO_PKG_VERSION"),
        operation: record.operation,
        method: parts.method.as_str(),
        status: status.as_u16(),
        latency_ms: now.saturating_sub(started),
        tenant_id: record.caller.as_ref().map(|caller| caller.tenant.as_str()),
        principal_hash: record.caller.as_ref().map(|caller| caller.hash.as_str()),
        replayed: record.replayed,
        error,
    };
    serde_json::to_string(&line).unwrap_or_default()
}

/// The log to standard output.
pub(super) struct Log(Arc<Queue>);

#[derive(Default)]
struct Queue {
    waiting: Mutex<Vec<u8>>,
    filled: Condvar,
}

impl Log {
    /// Starts the writer.
    pub(super) fn start() -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let writer = queue.clone();
        std::thread::Builder::new().name("log".to_owned()).spawn(move || writer.write())?;
        Ok(Self(queue))
    }

    /// Hands a line to the writer.
    pub(super) fn line(&self, line: &str) {
        let mut waiting = self.0.waiting.lock();
        if waiting.len() + line.len() > BUFFER {
            return;
        }
        let sleeps = waiting.is_empty();
        waiting.extend_from_slice(line.as_bytes());
        waiting.push(b'\n');
        if sleeps {
            self.0.filled.notify_one();
        }
    }
}

impl Queue {
    fn write(&self) {
        let mut text = Vec::new();
        loop {
            {
                let mut waiting = self.waiting.lock();
                while waiting.is_empty() {
                    self.filled.wait(&mut waiting);
                }
            }
            std::thread::sleep(GATHER);
            std::mem::swap(&mut text, &mut self.waiting.lock());
            let _ = std::io::stdout().lock().write_all(&text);
            text.clear();
        }
    }
}
