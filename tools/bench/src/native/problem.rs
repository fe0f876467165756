//! Error answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

use super::trace::Trace;

/// An error of the API.
pub(super) struct Problem {
    status: u16,
    /// The code, as the registry spells it.
    pub(super) code: &'static str,
    message: String,
    /// The seconds to wait.
    retry_after: Option<u64>,
}

/// Makes a problem.
pub(super) fn problem(status: u16, code: &'static str, message: impl Into<String>) -> Problem {
    Problem { status, code, message: message.into(), retry_after: None }
}

impl Problem {
    /// Adds the seconds after which a retry may succeed.
    pub(super) fn after(self, wait: u64) -> Self {
        Self { retry_after: Some(wait), ..self }
    }
}

/// A fault of the server, whose cause is for the operator.
pub(super) fn internal(cause: impl std::fmt::Display) -> Problem {
    eprintln!("internal error: {cause}");
    problem(500, "internal_error", "An unexpected fault of the server.")
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        internal(error)
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        // The server's message is in the source of the error.
        internal(format!("{:#}", anyhow::Error::new(error)))
    }
}

impl From<deadpool_postgres::PoolError> for Problem {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        internal(format!("{:#}", anyhow::Error::new(error)))
    }
}

impl From<redis::RedisError> for Problem {
    fn from(error: redis::RedisError) -> Self {
        internal(error)
    }
}

impl Problem {
    /// The answer in the native representation.
    pub(super) fn response(self, trace: &Trace) -> Response<Full<Bytes>> {
        let details = self.retry_after.map_or(json!({}), |wait| json!({ "retry_after": wait }));
        let body = json!({
            "error": self.code,
            "message": self.message,
            "trace_id": trace.trace_id,
            "details": details,
        });
        let mut response = Response::new(Full::from(body.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        if self.status == 401 {
            let challenge = HeaderValue::from_static(match self.code {
                "invalid_token" => "Bearer realm=\"tenantry\", error=\"invalid_token\"",
                _ => "Bearer realm=\"tenantry\"",
            });
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
