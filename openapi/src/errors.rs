//! The errors of the bundle, made from the registry: the lists of codes, and a response for each
//! status with an example of each of its codes.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::document::{METHODS, members};
use protocol::registry::{Code, Row};

/// The extension in which a response of the contract names its codes. The registry then writes its
/// content.
const CODES: &str = "x-errors";

/// Codes that only the token-issuing operations answer. Those operations name them in `x-errors`.
/// The shared responses leave them out.
const NAMED: [Code; 7] = [
    Code::InvalidRequest,
    Code::InvalidClient,
    Code::InvalidGrant,
    Code::UnauthorizedClient,
    Code::UnsupportedGrantType,
    Code::InvalidScope,
    Code::InvalidCredentials,
];

/// Each status with its response in `components.responses` and its reason phrase.
const STATUSES: [(u16, &str, &str); 21] = [
    (400, "BadRequest", "Bad Request"),
    (401, "Unauthorized", "Unauthorized"),
    (403, "Forbidden", "Forbidden"),
    (404, "NotFound", "Not Found"),
    (405, "MethodNotAllowed", "Method Not Allowed"),
    (406, "NotAcceptable", "Not Acceptable"),
    (408, "RequestTimeout", "Request Timeout"),
    (409, "Conflict", "Conflict"),
    (410, "Gone", "Gone"),
    (412, "PreconditionFailed", "Precondition Failed"),
    (413, "PayloadTooLarge", "Content Too Large"),
    (414, "UriTooLong", "URI Too Long"),
    (415, "UnsupportedMediaType", "Unsupported Media Type"),
    (422, "Unprocessable", "Unprocessable Content"),
    (428, "PreconditionRequired", "Precondition Required"),
    (429, "TooManyRequests", "Too Many Requests"),
    (431, "HeaderFieldsTooLarge", "Request Header Fields Too Large"),
    (500, "InternalError", "Internal Server Error"),
    (501, "NotImplemented", "Not Implemented"),
    (503, "ServiceUnavailable", "Service Unavailable"),
    (504, "Timeout", "Gateway Timeout"),
];

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const REQUEST: &str = "7d9d2c1e-5c0f-4d5b-9a6b-0d7f3f1c2a10";
const TIME: &str = "2026-03-01T09:30:00.000Z";

/// The reason phrase of a status that the registry uses.
pub(crate) fn reason(status: u16) -> Result<&'static str> {
    let found = STATUSES.iter().find(|(known, ..)| *known == status);
    Ok(found.with_context(|| format!("status {status} has no response in errors.rs"))?.2)
}

/// Writes lists of codes and error responses into the bundle.
pub(crate) fn write(bundle: &mut Value) -> Result<()> {
    for code in Code::ALL {
        reason(code.row().status)?;
    }
    let rows = || Code::ALL.iter().map(|code| code.row());
    let services: Vec<_> = rows().map(|row| row.specific).collect();
    let schemas = &mut bundle["components"]["schemas"];
    schemas["ErrorCode"] = json!({
        "description": "The closed registry of errors.",
        "type": "string",
        "enum": rows().map(|row| row.name).collect::<Vec<_>>(),
    });
    schemas["ErrorCodeScreaming"] = json!({
        "description": "The registry as envelopes and JSON:API spell it.",
        "type": "string",
        "enum": rows().map(|row| row.screaming).collect::<Vec<_>>(),
    });
    schemas["ErrorCodeOfService"] = json!({
        "description": "The registry as camel answers spell it: SERVICE_CATEGORY_SPECIFIC.",
        "type": "string",
        "pattern": format!("^[A-Z][A-Z0-9]*_({})$", services.join("|")),
    });
    for (status, name, _) in STATUSES {
        let shared = |code: &Code| code.row().status == status && !NAMED.contains(code);
        let codes: Vec<_> = Code::ALL.iter().copied().filter(shared).collect();
        let response = &mut bundle["components"]["responses"][name];
        if response.is_null() {
            *response = Map::new().into();
        }
        fill(response, &codes).with_context(|| format!("response {name}"))?;
    }
    for path in members(&mut bundle["paths"]) {
        for method in METHODS {
            let Some(operation) = path.get_mut(method) else { continue };
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let responses = operation["responses"].as_object_mut().into_iter().flatten();
            for (status, response) in responses {
                named(status, response).with_context(|| format!("{id}: {status}"))?;
            }
        }
    }
    Ok(())
}

/// Fills a response of an operation that names its codes.
fn named(status: &str, response: &mut Value) -> Result<()> {
    let Some(codes) = response.as_object_mut().and_then(|response| response.remove(CODES)) else {
        return Ok(());
    };
    let mut found = Vec::new();
    for name in codes.as_array().with_context(|| format!("`{CODES}` is not a list"))? {
        let code = Code::ALL.iter().find(|code| name == code.row().name);
        let code = *code.with_context(|| format!("{name} is not in the registry"))?;
        ensure!(code.row().status.to_string() == status, "{name} has another status");
        found.push(code);
    }
    fill(response, &found)
}

/// Fills a response from the registry. Its headers, and a more precise description, may already be
/// there.
fn fill(response: &mut Value, codes: &[Code]) -> Result<()> {
    let Some(first) = codes.first() else { bail!("has no code") };
    ensure!(response.get("content").is_none(), "the registry writes the content");
    if response.get("description").is_none() {
        response["description"] = description(codes).into();
    }
    let examples: Map<_, _> = codes
        .iter()
        .map(|code| {
            let row = code.row();
            (row.name.to_owned(), json!({ "summary": row.title, "value": native(*code) }))
        })
        .collect();
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    response["content"] = json!({
        "application/json": {
            "schema": { "anyOf": [schema("Error"), schema("ErrorEnvelope"), schema("ErrorCamel")] },
            "examples": examples,
        },
        "application/problem+json": { "schema": schema("Problem"), "example": problem(first.row()) },
        "application/vnd.api+json": { "schema": schema("ErrorDocument"), "example": json_api(first.row()) },
    });
    Ok(())
}

fn description(codes: &[Code]) -> String {
    let lines = codes.iter().map(|code| {
        let Row { name, title, .. } = code.row();
        format!("[`{name}`]({}): {title}.", page(code.row()))
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

/// The path of the page about a code (D-63).
pub(crate) fn page(row: &Row) -> String {
    format!("/docs/errors/{}", row.screaming)
}

/// An example of an error in the native form.
pub(crate) fn native(code: Code) -> Value {
    let row = code.row();
    let message = format!("{}.", row.title);
    let mut body = json!({ "error": row.name, "message": message, "trace_id": TRACE, "details": details(code) });
    if NAMED.contains(&code) && code != Code::InvalidCredentials {
        body["error_description"] = message.into();
    }
    body
}

/// An example of `details`. It is empty for most codes.
fn details(code: Code) -> Value {
    let field = |pointer: &str, code: &str, message: &str| json!({ "pointer": pointer, "code": code, "message": message });
    match code {
        Code::InvalidParameter => {
            json!({ "fields": [field("limt", "UNKNOWN_PARAMETER", "Is not a parameter of this operation.")] })
        }
        Code::InsufficientScope => json!({ "required_scope": "projects:write" }),
        Code::ResourceNotFound => json!({ "missing_id": "prj_0AbQ8U1kZr5VtJ3hXwPq2E" }),
        Code::MethodNotAllowed => json!({ "allow": "GET, POST, OPTIONS" }),
        Code::IdempotencyConflict | Code::ServiceUnavailable => json!({ "retry_after": 1 }),
        Code::PayloadTooLarge => json!({ "limit_bytes": "1048576" }),
        Code::UnsupportedMediaType => json!({ "accept": "application/json" }),
        Code::ValidationFailed => json!({ "fields": [
            field("/name", "TOO_LONG", "Must have at most 200 characters."),
            field("/nmae", "UNKNOWN_FIELD", "Is not a field of this object."),
        ] }),
        Code::RateLimitExceeded => json!({ "retry_after": 30 }),
        _ => json!({}),
    }
}

/// An example of an error in the form of RFC 9457.
fn problem(row: &Row) -> Value {
    json!({
        "type": page(row), "title": row.title, "status": row.status,
        "detail": format!("{}.", row.title), "instance": "/api/v1/projects", "error": row.name,
        "trace_id": TRACE, "errors": [], "context": {},
    })
}

/// An example of a JSON:API errors document.
fn json_api(row: &Row) -> Value {
    json!({ "errors": [{
        "id": TRACE, "status": row.status.to_string(), "code": row.screaming, "title": row.title,
        "detail": format!("{}.", row.title), "source": {}, "links": { "about": page(row) },
        "meta": { "request_id": REQUEST, "timestamp": TIME },
    }] })
}
