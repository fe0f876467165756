//! One error in its five forms.

use serde_json::{Value, json};

use super::{
    CAMEL, ENVELOPE, Exchange, JSON_API, SENDS_JSON, TRACE, books, exchange, fixed, ok, users,
};
use crate::{Code, Error, Violation};

const PROBLEM: (&str, &str) = ("accept", "application/problem+json");
const DOCUMENTED: &str = "https://api.example.com/docs/errors/VALIDATION_ERROR";

fn violation(pointer: &str, code: &str, message: &str, value: Option<&str>) -> Violation {
    Violation {
        pointer: pointer.to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        value: value.map(str::to_owned),
    }
}

/// The error of the sample (D-58) as a function returns it, with one more fact.
fn invalid() -> Error {
    let violations = vec![
        violation("/email", "INVALID_FORMAT", "Email format is invalid", Some("\"not-an-email\"")),
        violation("/age", "OUT_OF_RANGE", "Age must be between 0 and 150", Some("-5")),
    ];
    let message = "Request validation failed";
    Error { violations, ..Error::new(Code::ValidationFailed, message).with("missing_id", "x") }
}

/// The answer to a request with a native JSON body that the function refuses.
fn refused(accept: (&str, &str), error: Error) -> Exchange {
    let headers = [accept, ("content-type", "application/json;profile=native")];
    let body = r#"{"email":"not-an-email","age":-5}"#;
    exchange(&users("POST", "/users"), ("POST /api/v1/users", &headers, body), Err(error))
}

/// Native (A-50, K-4).
#[test]
fn native() {
    let got = refused(("accept", "*/*"), invalid());
    assert_eq!(got.status, 422);
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(
        got.json(),
        json!({
            "error": "validation_failed",
            "message": "Request validation failed",
            "trace_id": TRACE,
            "details": {
                "missing_id": "x",
                "fields": [
                    { "pointer": "/email", "code": "INVALID_FORMAT", "message": "Email format is invalid", "value": "not-an-email" },
                    { "pointer": "/age", "code": "OUT_OF_RANGE", "message": "Age must be between 0 and 150", "value": -5 },
                ],
            },
        }),
    );
}

/// Envelope (B-51, D-58…63).
#[test]
fn envelope() {
    let got = refused(ENVELOPE, invalid());
    assert_eq!(got.status, 422);
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8; profile=\"envelope\"");
    assert_eq!(
        got.json(),
        json!({
            "data": null,
            "error": {
                "code": "VALIDATION_ERROR",
                "message": "Request validation failed",
                "details": [
                    { "field": "email", "code": "INVALID_FORMAT", "message": "Email format is invalid", "value": "not-an-email" },
                    { "field": "age", "code": "OUT_OF_RANGE", "message": "Age must be between 0 and 150", "value": -5 },
                ],
                "context": { "missing_id": "x" },
                "source": { "pointer": "/email" },
                "documentation_url": DOCUMENTED,
                "trace_id": TRACE,
                "request_id": "req-789",
            },
            "meta": { "traceId": TRACE, "request_id": "req-789", "timestamp": "2024-01-15T10:30:00.000Z" },
        }),
    );
}

/// Camel (E-50…52): one text for each field. Several texts of one field are joined.
#[test]
fn camel() {
    let mut error = invalid();
    error.violations.push(violation("/home_address/zip_code", "TOO_SHORT", "Too short.", None));
    error.violations.push(violation(
        "/home_address/zip_code",
        "INVALID_FORMAT",
        "No digits.",
        None,
    ));
    let got = refused(CAMEL, error);
    assert_eq!(
        got.json(),
        json!({ "error": {
            "code": "USERS_VALIDATION_FAILED",
            "message": "Request validation failed",
            "details": {
                "email": "Email format is invalid",
                "age": "Age must be between 0 and 150",
                "homeAddress.zipCode": "Too short. No digits.",
                "missingId": "x",
            },
            "request_id": "req-789",
            "documentation_url": DOCUMENTED,
        }}),
    );
}

/// JSON:API: one error for each violation, or one error if there are none.
#[test]
fn json_api() {
    let got = refused(JSON_API, invalid());
    assert_eq!(got.header("content-type"), "application/vnd.api+json");
    let one = |code: &str, detail: &str, pointer: &str, value: Value| {
        json!({
            "id": TRACE, "status": "422", "code": code, "title": "The request breaks the contract",
            "detail": detail, "source": { "pointer": pointer }, "links": { "about": DOCUMENTED },
            "meta": { "error": "VALIDATION_ERROR", "missing_id": "x", "value": value },
        })
    };
    assert_eq!(
        got.json(),
        json!({ "errors": [
            one("INVALID_FORMAT", "Email format is invalid", "/email", json!("not-an-email")),
            one("OUT_OF_RANGE", "Age must be between 0 and 150", "/age", json!(-5)),
        ]}),
    );
    let got = refused(JSON_API, Error::new(Code::ResourceNotFound, "No such user."));
    assert_eq!(
        got.json(),
        json!({ "errors": [{
            "id": TRACE, "status": "404", "code": "RESOURCE_NOT_FOUND", "title": "No such resource",
            "detail": "No such user.",
            "links": { "about": "https://api.example.com/docs/errors/RESOURCE_NOT_FOUND" },
        }]}),
    );
}

/// RFC 9457.
#[test]
fn problem() {
    let got = refused(PROBLEM, invalid());
    assert_eq!(got.status, 422);
    assert_eq!(got.header("content-type"), "application/problem+json");
    assert_eq!(
        got.json(),
        json!({
            "type": DOCUMENTED,
            "title": "The request breaks the contract",
            "status": 422,
            "detail": "Request validation failed",
            "instance": "urn:uuid:07070707-0707-8707-8707-070707070707",
            "error": "validation_failed",
            "trace_id": TRACE,
            "context": { "missing_id": "x" },
            "errors": [
                { "pointer": "/email", "code": "INVALID_FORMAT", "detail": "Email format is invalid" },
                { "pointer": "/age", "code": "OUT_OF_RANGE", "detail": "Age must be between 0 and 150" },
            ],
        }),
    );
}

/// Violations of parameters and headers name them as such.
#[test]
fn parameters_and_headers() {
    let error = || {
        let violations = vec![
            violation("limit", "OUT_OF_RANGE", "Too large.", None),
            violation("if-match", "INVALID_FORMAT", "No tag.", None),
        ];
        Error { violations, ..Error::new(Code::InvalidParameter, "Wrong.") }
    };
    let envelope = refused(ENVELOPE, error()).json();
    assert_eq!(envelope["error"]["source"], json!({ "parameter": "limit" }));
    assert_eq!(envelope["error"]["details"][0]["field"], "limit");
    let document = refused(JSON_API, error()).json();
    assert_eq!(document["errors"][0]["source"], json!({ "parameter": "limit" }));
    assert_eq!(document["errors"][1]["source"], json!({ "header": "if-match" }));
    assert_eq!(refused(PROBLEM, error()).json()["errors"][0]["parameter"], "limit");
    assert_eq!(
        refused(("accept", "*/*"), error()).json()["details"]["fields"][0]["pointer"],
        "limit"
    );
}

/// A violation names a parameter of a camelCase request in the client's spelling.
#[test]
fn a_camel_parameter_is_told_in_camel_case() {
    for (target, expected) in
        [("GET /v1/books?authorId=7", "authorId"), ("GET /v1/books?author_id=7", "author_id")]
    {
        let violations = vec![violation("author_id", "INVALID_FORMAT", "No id.", None)];
        let error = Error { violations, ..Error::new(Code::InvalidParameter, "Wrong.") };
        let got = exchange(&books("GET", "/books"), (target, &[], ""), Err(error)).json();
        assert_eq!(got["error"]["details"], json!({ expected: "No id." }));
    }
}

/// 429 in every form, with the headers that it always has (E-63).
#[test]
fn too_many_requests() {
    let error = || Error { retry_after: Some(30), ..Error::new(Code::RateLimitExceeded, "Wait.") };
    for (accept, place) in [
        (("accept", "*/*"), "/details/retry_after"),
        (ENVELOPE, "/error/context/retry_after"),
        (CAMEL, "/error/details/retry_after"),
        (JSON_API, "/errors/0/meta/retry_after"),
        (PROBLEM, "/context/retry_after"),
    ] {
        let got = refused(accept, error());
        assert_eq!(got.status, 429);
        assert_eq!(got.header("retry-after"), "30");
        assert_eq!(got.header("cache-control"), "no-store");
        assert_eq!(got.json().pointer(place), Some(&json!(30)), "{accept:?}");
    }
    assert_eq!(refused(CAMEL, error()).json()["error"]["code"], "USERS_RATE_LIMIT_EXCEEDED");
}

/// The challenge and the allowed methods are in headers, in every form.
#[test]
fn headers_do_not_depend_on_the_form() {
    let mut operation = users("GET", "/users");
    operation.public = false;
    for accept in [("accept", "*/*"), ENVELOPE, CAMEL, JSON_API, PROBLEM] {
        let got = exchange(&operation, ("GET /api/v1/users", &[accept], ""), ok(200, &[], "{}"));
        assert_eq!(got.status, 401);
        assert!(got.header("www-authenticate").starts_with("Bearer realm="));
        let got = exchange(&operation, ("PUT /api/v1/users", &[accept], ""), ok(200, &[], "{}"));
        assert_eq!((got.status, got.header("allow")), (405, "GET, HEAD, OPTIONS"));
    }
}

/// If no route matched, then the form is that of Accept, else the default of the prefix.
#[test]
fn without_a_route() {
    let code = |target: &str, accept: (&str, &str)| {
        let got = exchange(&users("GET", "/users"), (target, &[accept], ""), ok(200, &[], "{}"));
        assert_eq!(got.status, 404);
        got.json()
    };
    assert_eq!(code("GET /api/v1/nothing", ("accept", "*/*"))["error"], "route_not_found");
    assert_eq!(
        code("GET /v1/nothing", ("accept", "*/*"))["error"]["code"],
        "GATEWAY_ROUTE_NOT_FOUND"
    );
    assert_eq!(code("GET /api/v1/nothing", ENVELOPE)["error"]["code"], "ROUTE_NOT_FOUND");
    assert_eq!(code("GET /api/v1/nothing", JSON_API)["errors"][0]["status"], "404");
    assert_eq!(code("GET /api/v1/nothing", PROBLEM)["status"], 404);
    assert_eq!(code("GET /api/v1/nothing", ("accept", "image/png"))["error"], "route_not_found");
}

/// OAuth errors have the form of RFC 6749, whatever the client accepts.
#[test]
fn oauth_errors_keep_their_form() {
    for accept in [ENVELOPE, CAMEL, PROBLEM] {
        let error = Error::new(Code::InvalidGrant, "The grant has expired.");
        let got =
            exchange(&fixed(&["application/json"]), ("GET /v1/fixed", &[accept], ""), Err(error))
                .json();
        assert_eq!(got["error"], "invalid_grant");
        assert_eq!(got["error_description"], "The grant has expired.");
    }
}

/// An operation with a fixed form has native errors, or problems if the client asks for them.
#[test]
fn errors_of_a_fixed_form() {
    let error = || Error::new(Code::ServiceUnavailable, "Later.");
    let get = |accept| {
        exchange(&fixed(&["application/json"]), ("GET /v1/fixed", &[accept], ""), Err(error()))
    };
    assert_eq!(get(CAMEL).json()["error"], "service_unavailable");
    assert_eq!(get(PROBLEM).json()["status"], 503);
}

/// In every form, the cause of a failure is only in the log.
#[test]
fn no_form_tells_the_cause() {
    for accept in [("accept", "*/*"), ENVELOPE, CAMEL, JSON_API, PROBLEM] {
        let got = refused(accept, Error::because(Code::InternalError, "disk on fire"));
        assert_eq!(got.status, 500);
        let body = String::from_utf8(got.body).unwrap();
        assert!(body.contains("An unexpected fault"), "{body}");
        assert!(!body.contains("fire"), "{body}");
    }
}

/// Violations of a body are in the terms of the form in which it was sent, whatever the form of the
/// answer.
#[test]
fn violations_point_into_what_was_sent() {
    let error = || {
        let pointers = [
            "/email",
            "/manager_id",
            "/team_ids/1",
            "/home_address/zip_code",
            "/metadata/some_name",
            "/type",
        ];
        let violations =
            pointers.map(|pointer| violation(pointer, "WRONG_TYPE", "Wrong.", None)).to_vec();
        Error { violations, ..Error::new(Code::ValidationFailed, "Wrong.") }
    };
    let pointers = |content_type: &str, body: &str| {
        let headers =
            [("content-type", content_type), ("accept", "application/json;profile=native")];
        let got =
            exchange(&users("POST", "/users"), ("POST /v1/users", &headers, body), Err(error()))
                .json();
        let fields = got["details"]["fields"].as_array().unwrap().clone();
        fields.iter().map(|field| field["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        pointers("application/json", "{}"),
        [
            "/email",
            "/manager_id",
            "/team_ids/1",
            "/home_address/zip_code",
            "/metadata/some_name",
            "/type"
        ],
    );
    assert_eq!(
        pointers("application/json;profile=camel", "{}"),
        [
            "/email",
            "/managerId",
            "/teamIds/1",
            "/homeAddress/zipCode",
            "/metadata/some_name",
            "/type"
        ],
    );
    assert_eq!(
        pointers("application/vnd.api+json", r#"{"data":{"type":"users"}}"#),
        [
            "/data/attributes/email",
            "/data/relationships/manager",
            "/data/relationships/teams/data/1",
            "/data/attributes/home_address/zip_code",
            "/data/attributes/metadata/some_name",
            "/data/attributes/kind",
        ],
    );
}

/// A body with a media type that the operation does not read is refused in the form of the answer.
#[test]
fn a_refused_media_type() {
    let refuse = |content_type: &str| {
        let headers = [("content-type", content_type)];
        exchange(&users("POST", "/users"), ("POST /v1/users", &headers, "{}"), ok(201, &[], "{}"))
    };
    for content_type in [
        "text/plain",
        "application/json; charset=latin1",
        "application/vnd.api+json; charset=utf-8",
        "application/vnd.api+json; q=1",
        "application/vnd.api+json; ext=\"https://example.com/e\"",
        "",
    ] {
        let got = refuse(content_type);
        assert_eq!(got.status, 415, "{content_type}");
        assert!(got.asked.is_none(), "the function was asked");
    }
    assert_eq!(refuse(SENDS_JSON.1).status, 201);
    for charset in ["\"UTF-8\"", "utf8", "UTF8", "\"utf-8\"", "Utf-8"] {
        let got = refuse(&format!("application/json; charset={charset}"));
        assert_eq!(got.status, 201, "{charset}");
    }
    // Content codings are not supported.
    for (coding, status) in [("gzip", 415), ("identity, br", 415), ("Identity", 201), ("", 201)] {
        let headers = [SENDS_JSON, ("content-encoding", coding)];
        let sending = ("POST /v1/users", &headers[..], "{}");
        let got = exchange(&users("POST", "/users"), sending, ok(201, &[], "{}"));
        let accepted = if status == 415 { "identity" } else { "" };
        assert_eq!((got.status, got.header("accept-encoding")), (status, accepted), "{coding}");
    }
    // A JSON:API document is not accepted if a standard fixes the form.
    let mut operation = users("POST", "/users");
    operation.shape = None;
    let headers = [("content-type", "application/vnd.api+json")];
    let got = exchange(&operation, ("POST /v1/users", &headers, "{}"), ok(201, &[], "{}"));
    assert_eq!(got.status, 415);
}
