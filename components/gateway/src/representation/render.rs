//! The answer to a request: a result or an error in the chosen form, with the headers that every
//! answer has.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use protocol::{Body, Code, Error, Response};

use super::negotiated::Negotiated;
use super::{accept, conditional, errors, success};
use crate::limits::rate_limit;
use crate::record::Record;

// These are constants, so that no name is parsed while a request is served.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const B3_TRACEID: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPANID: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Writes the answer for the outcome of a request.
pub(crate) fn render<S>(
    outcome: Result<Response<S>, Error>,
    mut negotiated: Negotiated<'_>,
    record: &mut Record,
) -> http::Response<Body<S>> {
    if negotiated.operation.is_none()
        && let Some(choice) = accept::choose(&negotiated.parts.headers, &negotiated.offer())
    {
        negotiated.choice = choice;
    }
    let mut answer = match outcome {
        Ok(response) => {
            let answer = success::render(response, &negotiated, record);
            conditional::apply(answer, &negotiated, record)
        }
        Err(error) if negotiated.is_empty_relation(&error) => {
            let body = Body::Bytes(b"null".to_vec());
            success::render(
                Response { status: 200, headers: Vec::new(), body },
                &negotiated,
                record,
            )
        }
        Err(mut error) => {
            if negotiated.is_missing_relation(&error) {
                error.code = Code::ResourceNotFound;
            }
            if error.code == Code::ServiceUnavailable {
                // A retry at once would make it worse.
                error.retry_after.get_or_insert(1);
            }
            errors::render(&error, &negotiated, record)
        }
    };
    common(answer.headers_mut(), record);
    if negotiated.parts.method == Method::HEAD {
        // The length is that of the answer to GET (RFC 9110 section 9.3.2).
        if let Body::Bytes(bytes) = answer.body() {
            let length = HeaderValue::from(bytes.len());
            answer.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        *answer.body_mut() = Body::Empty;
    }
    answer
}

const VARY: HeaderValue = HeaderValue::from_static("Authorization, X-Tenant-Id, Accept, Origin");

/// Adds the headers that successes and errors have.
fn common(headers: &mut HeaderMap, record: &Record) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, &record.trace.request_id);
    set(CORRELATION_ID, &record.trace.correlation_id);
    set(B3_TRACEID, &record.trace.trace_id);
    set(B3_SPANID, &record.trace.span_id);
    let sampled = if record.trace.is_sampled { "1" } else { "0" };
    headers.insert(B3_SAMPLED, HeaderValue::from_static(sampled));
    headers.insert(header::VARY, VARY);
    if record.is_replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    rate_limit::headers(&record.quotas, headers);
}
