//! Errors that the host answers by itself, in the native form of the contract.

use crate::http::body::response::ResponseBody;
use crate::http::connections::LimitReached;
use gateway::Code;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_ID: HeaderName = HeaderName::from_static("x-b3-traceid");

/// `application/json; charset=utf-8`
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An error response with a code of the registry and its status, with new request and trace ids.
pub(crate) fn answer(code: Code, message: &str) -> Response<ResponseBody> {
    let row = code.row();
    let (request_id, trace_id) = gateway::new_ids(random());
    let body = serde_json::json!({
        "error": row.name, "message": message, "trace_id": trace_id, "details": {},
    });
    let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &body);
    let headers = response.headers_mut();
    for (name, id) in [(REQUEST_ID, request_id), (TRACE_ID, trace_id)] {
        if let Ok(id) = HeaderValue::try_from(id) {
            headers.insert(name, id);
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Gives the answer the request's own id, if the request has one that is valid.
pub(crate) fn of(
    request: &HeaderMap,
    mut response: Response<ResponseBody>,
) -> Response<ResponseBody> {
    let id = request.get(REQUEST_ID).filter(|id| id.to_str().is_ok_and(gateway::is_request_id));
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    response
}

/// The answer 400 to a malformed request. The connection is closed, because the bytes that follow
/// may belong to another request.
pub(crate) fn not_http(message: &str) -> Response<ResponseBody> {
    let mut response = answer(Code::MalformedRequest, message);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The answer to a request whose body was not received. The connection is closed.
pub(crate) fn no_body(error: &gateway::BodyError) -> Response<ResponseBody> {
    let (code, message) = error.refusal();
    let mut response = answer(code, message);
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The answer if there is no memory for the real answer, because clients have not taken earlier
/// answers yet.
pub(crate) fn no_room(full: LimitReached) -> Response<ResponseBody> {
    let (code, message) = match full {
        LimitReached::Address => {
            (Code::RateLimitExceeded, "Read the answers to earlier requests first.")
        }
        LimitReached::All => (Code::ServiceUnavailable, "The server is at capacity"),
    };
    let mut response = answer(code, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The answer 503 with a `Retry-After` of one second.
pub(crate) fn unavailable(message: &str) -> Response<ResponseBody> {
    let mut response = answer(Code::ServiceUnavailable, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// A JSON response.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    gateway::security_headers(response.headers_mut());
    response
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    // If there is no randomness, then ids repeat. That is acceptable, because nothing here is
    // secret.
    let _ = getrandom::fill(&mut bytes);
    bytes
}

/// The error and its causes in one line, without the backtrace; for the log.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    let causes = error.chain().map(|cause| {
        let text = cause.to_string();
        text.lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
    });
    causes.collect::<Vec<_>>().join(": ")
}
