//! How results and errors become HTTP: the native representation (A-36…40, A-50, K-2).

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::trace::Seen;
use crate::{Body, Code, Error, Response};

// Constants, so that no name is parsed on the way of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const B3_TRACEID: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPANID: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const API_VERSION: HeaderName = HeaderName::from_static("api-version");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RATELIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

pub(crate) fn render<S>(
    outcome: Result<Response<S>, Error>,
    parts: &Parts,
    seen: &mut Seen,
) -> http::Response<Body<S>> {
    let mut answer = match outcome {
        Ok(response) => success(response),
        Err(error) => failure(error, seen),
    };
    common(answer.headers_mut(), seen);
    if parts.method == Method::HEAD {
        *answer.body_mut() = Body::Empty;
    }
    answer
}

fn success<S>(response: Response<S>) -> http::Response<Body<S>> {
    let mut answer = http::Response::new(response.body);
    *answer.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    for (name, value) in response.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    if !matches!(answer.body(), Body::Empty) {
        answer.headers_mut().entry("content-type").or_insert(JSON);
    }
    answer.headers_mut().entry("cache-control").or_insert(HeaderValue::from_static("no-cache"));
    answer
}

fn failure<S>(error: Error, seen: &mut Seen) -> http::Response<Body<S>> {
    let row = error.code.row();
    seen.error = Some(row.name);
    if error.internal.is_some() {
        seen.cause.clone_from(&error.internal);
    }
    let mut body = json!({
        "error": row.name,
        "message": error.message,
        "trace_id": seen.trace_id,
    });
    let mut details: Map<String, Value> = Map::new();
    for (name, value) in &error.context {
        details.insert(name.clone(), Value::from(value.as_str()));
    }
    if !error.violations.is_empty() {
        let fields = error
            .violations
            .iter()
            .map(|v| json!({ "pointer": v.pointer, "code": v.code, "message": v.message }));
        details.insert("fields".to_owned(), fields.collect());
    }
    if let Some(seconds) = error.retry_after {
        details.insert("retry_after".to_owned(), Value::from(seconds));
    }
    // RFC 6749 section 5.2 has its own name for the sentence.
    if is_oauth(error.code) {
        body["error_description"] = body["message"].clone();
    }
    body["details"] = Value::Object(details);

    let mut answer = http::Response::new(Body::Bytes(body.to_string().into_bytes()));
    *answer.status_mut() =
        StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert("content-type", JSON);
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after {
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    if let Some(challenge) = challenge(&error) {
        headers.insert("www-authenticate", challenge);
    }
    let allow = error.context.iter().find(|(name, _)| name == "allow");
    if let Some(Ok(allow)) = allow.map(|(_, methods)| HeaderValue::from_str(methods)) {
        headers.insert("allow", allow);
    }
    answer
}

fn is_oauth(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidRequest
            | Code::InvalidClient
            | Code::InvalidGrant
            | Code::UnauthorizedClient
            | Code::UnsupportedGrantType
            | Code::InvalidScope
    )
}

/// RFC 6750 section 3, and RFC 6749 section 5.2 for client authentication.
fn challenge(error: &Error) -> Option<HeaderValue> {
    let text = match error.code {
        Code::AuthenticationRequired => "Bearer realm=\"tenantry\"".to_owned(),
        Code::InvalidToken => "Bearer realm=\"tenantry\", error=\"invalid_token\"".to_owned(),
        Code::InsufficientScope => {
            let needed = error.context.iter().find(|(name, _)| name == "required_scope");
            let scope = needed.map_or("", |(_, scope)| scope.as_str());
            format!("Bearer realm=\"tenantry\", error=\"insufficient_scope\", scope=\"{scope}\"")
        }
        Code::InvalidClient => "Basic realm=\"tenantry\"".to_owned(),
        _ => return None,
    };
    HeaderValue::try_from(text).ok()
}

fn common(headers: &mut HeaderMap, seen: &Seen) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, &seen.request_id);
    set(CORRELATION_ID, &seen.correlation_id);
    set(B3_TRACEID, &seen.trace_id);
    set(B3_SPANID, &seen.span_id);
    set(B3_SAMPLED, if seen.sampled { "1" } else { "0" });
    set(header::VARY, "Authorization, X-Tenant-Id, Accept, Origin");
    if seen.canonical {
        set(API_VERSION, crate::API_VERSION);
    }
    if seen.replayed {
        set(IDEMPOTENT_REPLAYED, "true");
    }
    if let Some(quota) = seen.quota {
        headers.insert(RATELIMIT_LIMIT, HeaderValue::from(quota.limit));
        headers.insert(RATELIMIT_REMAINING, HeaderValue::from(quota.remaining));
        headers.insert(RATELIMIT_RESET, HeaderValue::from(quota.reset));
    }
}
