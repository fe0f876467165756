//! Errors: one [`Error`] in five forms (A-50, B-51, D-58…63, E-50…52, RFC 9457; K-2…5).
//!
//! OAuth errors keep the form of RFC 6749, whatever the client accepts.

use std::borrow::Cow;

use http::header::{ACCEPT, ACCEPT_ENCODING, ALLOW, HeaderName};
use http::{HeaderValue, StatusCode};
use protocol::{Body, Code, Error, Row, Shape, case};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::accept::{JSON_API, PROBLEM};
use super::negotiated::Negotiated;
use super::pointer;
use super::profile::Profile;
use crate::record::Record;

/// Context of an error that has a header in HTTP (RFC 9110 sections 10.2.1, 12.5.1 and 12.5.3).
const CONTEXT_HEADERS: [(&str, HeaderName); 3] =
    [("allow", ALLOW), ("accept", ACCEPT), ("accept_encoding", ACCEPT_ENCODING)];

/// An error with all the data that its forms show.
struct ErrorDocument<'a> {
    row: &'static Row,
    error: &'a Error,
    negotiated: &'a Negotiated<'a>,
    record: &'a Record,
    violations: Vec<Violation<'a>>,
}

/// A violation, with its place in the request as the client sent it.
struct Violation<'a> {
    source: ErrorSource,
    /// The member or the parameter, in the spelling of the answer.
    field: String,
    code: &'a str,
    message: &'a str,
    value: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum ErrorSource {
    Pointer(String),
    Parameter(String),
    Header(String),
}

pub(super) fn render<S>(
    error: &Error,
    negotiated: &Negotiated<'_>,
    record: &mut Record,
) -> http::Response<Body<S>> {
    let row = error.code.row();
    record.error = Some(row.name);
    if error.internal.is_some() {
        record.cause.clone_from(&error.internal);
    }
    let violations = error.violations.iter().map(|it| Violation::new(it, negotiated)).collect();
    let document = ErrorDocument { row, error, negotiated, record, violations };
    let is_fixed = is_oauth(error.code) || negotiated.operation.is_some_and(|o| o.shape.is_none());
    let (body, content_type) = match negotiated.choice.profile {
        _ if is_oauth(error.code) => (document.native(), negotiated.json()),
        _ if negotiated.choice.problem => (document.problem(), HeaderValue::from_static(PROBLEM)),
        Profile::Envelope if !is_fixed => (document.envelope(), negotiated.json()),
        Profile::Camel if !is_fixed => (document.camel(), negotiated.json()),
        Profile::JsonApi if !is_fixed => (document.json_api(), HeaderValue::from_static(JSON_API)),
        _ => (document.native(), negotiated.json()),
    };

    let mut answer = http::Response::new(Body::Bytes(body.to_string().into_bytes()));
    *answer.status_mut() =
        StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert("content-type", content_type);
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after {
        headers.insert("retry-after", HeaderValue::from(seconds));
    }
    if let Some(challenge) = challenge(error) {
        headers.insert("www-authenticate", challenge);
    }
    for (name, header) in CONTEXT_HEADERS {
        let value = error.context.iter().find(|(known, _)| known == name);
        if let Some(Ok(value)) = value.map(|(_, value)| HeaderValue::from_str(value)) {
            headers.insert(header, value);
        }
    }
    answer
}

impl<'a> Violation<'a> {
    fn new(violation: &'a protocol::Violation, negotiated: &Negotiated<'_>) -> Self {
        let shape = negotiated.shape().map_or_else(|| Cow::Owned(Shape::default()), Cow::Borrowed);
        let name = &violation.pointer;
        let (source, field) = if name.is_empty() || name.starts_with('/') {
            let field = pointer::field(name, negotiated.choice.profile, &shape);
            (ErrorSource::Pointer(pointer::translate(name, negotiated.sent, &shape)), field)
        } else if name.contains('-') {
            // A name with a hyphen is a header: all request headers that functions see have one,
            // and no query parameter has.
            (ErrorSource::Header(name.clone()), name.clone())
        } else {
            let name = negotiated.parameter_name(name);
            (ErrorSource::Parameter(name.clone()), name)
        };
        let parse = |text: &String| {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        };
        let value = violation.value.as_ref().map(parse);
        Self { source, field, code: &violation.code, message: &violation.message, value }
    }

    fn detail(&self, name: &str, of: &str) -> Value {
        let mut detail = json!({ "code": self.code, "message": self.message });
        detail[name] = Value::from(of);
        if let Some(value) = &self.value {
            detail["value"] = value.clone();
        }
        detail
    }
}

impl ErrorSource {
    fn name(&self) -> &str {
        let (Self::Pointer(name) | Self::Parameter(name) | Self::Header(name)) = self;
        name
    }
}

impl ErrorDocument<'_> {
    fn native(&self) -> Value {
        let mut details = self.context();
        if !self.violations.is_empty() {
            let fields = self.violations.iter().map(|it| it.detail("pointer", it.source.name()));
            details.insert("fields".to_owned(), fields.collect());
        }
        let mut body = json!({
            "error": self.row.name,
            "message": self.error.message,
            "trace_id": self.record.trace.trace_id,
            "details": details,
        });
        // RFC 6749 section 5.2 has its own name for the message.
        if is_oauth(self.error.code) {
            body["error_description"] = body["message"].clone();
        }
        body
    }

    fn envelope(&self) -> Value {
        let details = self.violations.iter().map(|it| it.detail("field", &it.field));
        json!({
            "data": null,
            "error": {
                "code": self.row.screaming,
                "message": self.error.message,
                "details": details.collect::<Value>(),
                "context": self.context(),
                "source": self.violations.first().map(|violation| &violation.source),
                "documentation_url": self.documentation_url(),
                "trace_id": self.record.trace.trace_id,
                "request_id": self.record.trace.request_id,
            },
            "meta": {
                "traceId": self.record.trace.trace_id,
                "request_id": self.record.trace.request_id,
                "timestamp": self.negotiated.timestamp(),
            },
        })
    }

    fn camel(&self) -> Value {
        let mut details = Map::new();
        for (name, value) in self.context() {
            // The requirement for this name has it in snake_case (E-63).
            let name = if name == "retry_after" { name } else { case::camel(&name).into_owned() };
            details.insert(name, value);
        }
        for violation in &self.violations {
            let messages = details.entry(violation.field.as_str()).or_insert(Value::Null);
            *messages = match messages.as_str() {
                Some(before) => Value::from(format!("{before} {}", violation.message)),
                None => Value::from(violation.message),
            };
        }
        json!({ "error": {
            "code": format!("{}_{}", self.service(), self.row.specific),
            "message": self.error.message,
            "details": details,
            "request_id": self.record.trace.request_id,
            "documentation_url": self.documentation_url(),
        }})
    }

    fn json_api(&self) -> Value {
        let document: Option<Value> =
            self.negotiated.document.as_deref().and_then(|sent| serde_json::from_slice(sent).ok());
        let one = |code: &str, detail: &str, violation: Option<&Violation<'_>>| {
            let mut meta = self.context();
            let mut error = json!({
                "id": self.record.trace.trace_id,
                "status": self.row.status.to_string(),
                "code": code,
                "title": self.row.title,
                "detail": detail,
                "links": { "about": self.documentation_url() },
            });
            if let Some(violation) = violation {
                error["source"] = match &violation.source {
                    ErrorSource::Pointer(it) => {
                        json!({ "pointer": pointer::nearest_existing(it, &document) })
                    }
                    source => json!(source),
                };
                meta.insert("error".to_owned(), Value::from(self.row.screaming));
                meta.extend(violation.value.clone().map(|value| ("value".to_owned(), value)));
            }
            if !meta.is_empty() {
                error["meta"] = Value::from(meta);
            }
            error
        };
        let errors: Vec<_> = match self.violations.as_slice() {
            [] => vec![one(self.row.screaming, &self.error.message, None)],
            all => all.iter().map(|it| one(it.code, it.message, Some(it))).collect(),
        };
        json!({ "errors": errors })
    }

    fn problem(&self) -> Value {
        let mut body = json!({
            "type": self.documentation_url(),
            "title": self.row.title,
            "status": self.row.status,
            "detail": self.error.message,
            "instance": format!("urn:uuid:{}", self.record.trace.uuid()),
            "error": self.row.name,
            "trace_id": self.record.trace.trace_id,
            "context": self.context(),
        });
        if !self.violations.is_empty() {
            let errors = self.violations.iter().map(|violation| {
                let mut error = json!(violation.source);
                error["code"] = Value::from(violation.code);
                error["detail"] = Value::from(violation.message);
                error
            });
            body["errors"] = errors.collect();
        }
        body
    }

    /// Further context, and the seconds until a retry.
    fn context(&self) -> Map<String, Value> {
        let context = self.error.context.iter();
        let mut context: Map<_, _> = context
            .map(|(name, value)| (name.clone(), self.context_value(name, value).into()))
            .collect();
        if let Some(seconds) = self.error.retry_after {
            context.insert("retry_after".to_owned(), Value::from(seconds));
        }
        context
    }

    /// A value of the context in the terms of the answer: an entity tag is that of its
    /// representation.
    fn context_value(&self, name: &str, value: &str) -> String {
        if name == "etag" { self.negotiated.tag(value.to_owned()) } else { value.to_owned() }
    }

    fn documentation_url(&self) -> String {
        format!("{}/docs/errors/{}", self.negotiated.base, self.row.screaming)
    }

    /// The first segment of the operation's path: `PROJECTS`.
    fn service(&self) -> String {
        let path = self.negotiated.operation.map_or("", |operation| &operation.path);
        match path.split('/').find(|segment| !segment.is_empty()) {
            Some(segment) => segment.to_ascii_uppercase().replace('-', "_"),
            None => "GATEWAY".to_owned(),
        }
    }
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

/// The challenge of RFC 6750 section 3, or of RFC 6749 section 5.2 for client authentication.
fn challenge(error: &Error) -> Option<HeaderValue> {
    let text = match error.code {
        // `InvalidCredentials` comes from a sign-in. HTTP has no scheme for its password, and a
        // browser must not ask for one. A 401 needs a challenge (RFC 9110 section 15.5.2), and
        // `Bearer` is the scheme of the token that the sign-in issues.
        Code::AuthenticationRequired | Code::InvalidCredentials => {
            "Bearer realm=\"tenantry\"".to_owned()
        }
        Code::InvalidToken => "Bearer realm=\"tenantry\", error=\"invalid_token\"".to_owned(),
        Code::InsufficientScope => {
            let needed = error.context.iter().find(|(name, _)| name == "required_scope");
            let scope = needed.map(|(_, scope)| format!(", scope=\"{scope}\"")).unwrap_or_default();
            format!("Bearer realm=\"tenantry\", error=\"insufficient_scope\"{scope}")
        }
        Code::InvalidClient => "Basic realm=\"tenantry\"".to_owned(),
        _ => return None,
    };
    HeaderValue::try_from(text).ok()
}
