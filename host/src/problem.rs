//! Errors that the host answers itself, in the native form of the contract.

use crate::http_body::ResponseBody;
use http::{HeaderValue, Response, StatusCode, header};

/// `application/json; charset=utf-8`
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An error response with a code of the registry.
pub(crate) fn answer(status: StatusCode, code: &str, message: &str) -> Response<ResponseBody> {
    let body = serde_json::json!({
        "error": code, "message": message, "trace_id": null, "details": {},
    });
    json(status, &body)
}

/// 503 with a hint when to try again.
pub(crate) fn unavailable(message: &str) -> Response<ResponseBody> {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// A JSON response.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// The error and its causes in one line, without the backtrace; for the log.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    let causes = error.chain().map(|cause| {
        let text = cause.to_string();
        text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
    });
    causes.collect::<Vec<_>>().join(": ")
}
