//! One object in the four forms, and the headers of its answer.

use serde_json::{Value, json};

use super::{
    CAMEL, ENVELOPE, Exchange, JSON_API, SENDS_JSON, Stub, TRACE, exchange, exchange_with, fixed,
    now, ok, users,
};
use crate::{Body, Gateway, Operation, Response, Shape};

const USER: &str = r#"{"id":"usr_1","role":"ENGINEER","manager_id":"usr_2","team_ids":["team_a"],"metadata":{"hire_date":1.50,"Home_Town":"Ulm"},"version":3,"created_by":"usr_9"}"#;

fn get(header: (&str, &str)) -> Exchange {
    exchange(
        &users("GET", "/users/{id}"),
        ("GET /api/v1/users/usr_1", &[header], ""),
        ok(200, &[("etag", "\"v3\"")], USER),
    )
}

/// The native body is not copied: it is the allocation that the function returned.
#[test]
fn the_native_body_is_passed_on() {
    let stub = Stub::default();
    let bytes = USER.as_bytes().to_vec();
    let place = bytes.as_ptr();
    *stub.answer.lock().unwrap() =
        Some(Ok(Response { status: 200, headers: Vec::new(), body: Body::Bytes(bytes) }));
    let gateway = now(Gateway::load(&stub, vec![users("GET", "/users/{id}")])).unwrap();
    let (parts, ()) = http::Request::get("/api/v1/users/usr_1").body(()).unwrap().into_parts();
    let peer = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    let response = now(gateway.handle(&stub, peer, parts, super::Sent(Vec::new())));
    assert_eq!(response.headers()["content-type"], "application/json; charset=utf-8");
    let Body::Bytes(body) = response.into_body() else { panic!("a body of bytes") };
    assert_eq!(body, USER.as_bytes());
    assert_eq!(body.as_ptr(), place);
}

/// One object, in each form.
#[test]
fn an_object() {
    let native = get(("accept", "*/*"));
    assert_eq!(native.body, USER.as_bytes());
    assert_eq!(native.header("etag"), "\"v3-native\"");

    let envelope = get(ENVELOPE);
    assert_eq!(
        envelope.header("content-type"),
        "application/json; charset=utf-8; profile=\"envelope\""
    );
    assert_eq!(envelope.header("etag"), "\"v3-envelope\"");
    assert_eq!(
        String::from_utf8(envelope.body).unwrap(),
        format!(
            "{{\"data\":{USER},\"error\":null,\"meta\":{{\"traceId\":\"{TRACE}\",\
             \"request_id\":\"req-789\",\"timestamp\":\"2024-01-15T10:30:00.000Z\",\
             \"api_version\":\"v1\",\"pagination\":null}},\"included\":[],\
             \"links\":{{\"self\":\"/api/v1/users/usr_1\"}}}}"
        ),
    );

    let camel = get(CAMEL);
    assert_eq!(camel.header("content-type"), "application/json; charset=utf-8; profile=\"camel\"");
    assert_eq!(camel.header("etag"), "\"v3-camel\"");
    assert_eq!(
        String::from_utf8(camel.body).unwrap(),
        concat!(
            r#"{"data":{"id":"usr_1","role":"engineer","managerId":"usr_2","teamIds":["team_a"],"#,
            r#""metadata":{"hire_date":1.50,"Home_Town":"Ulm"},"version":3,"createdBy":"usr_9"},"#,
            r#""meta":{"request_id":"req-789","timestamp":"2024-01-15T10:30:00.000Z"}}"#,
        ),
    );

    let document = get(JSON_API);
    assert_eq!(document.header("content-type"), "application/vnd.api+json");
    assert_eq!(document.header("etag"), "\"v3\"");
    assert_eq!(
        String::from_utf8(document.body).unwrap(),
        concat!(
            r#"{"data":{"id":"usr_1","type":"users","links":{"self":"/api/v1/users/usr_1"},"#,
            r#""attributes":{"role":"engineer","metadata":{"hire_date":1.50,"Home_Town":"Ulm"}},"#,
            r#""relationships":{"manager":{"links":{"related":"/api/v1/users/usr_1/manager"},"#,
            r#""data":{"type":"users","id":"usr_2"}},"#,
            r#""teams":{"links":{"related":"/api/v1/users/usr_1/teams"},"#,
            r#""data":[{"type":"teams","id":"team_a"}]}},"#,
            r#""meta":{"created_by":"usr_9","version":3}}}"#,
        ),
    );
}

/// Content-Type has the profile only if the client named it.
#[test]
fn a_default_profile_is_not_told() {
    let answer = || ok(200, &[], USER);
    let operation = users("GET", "/users/{id}");
    let got = exchange(&operation, ("GET /v1/users/usr_1", &[], ""), answer());
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(got.json()["data"]["managerId"], "usr_2");
    let named = ("accept", "application/json;profile=native");
    let got = exchange(&operation, ("GET /v1/users/usr_1", &[named], ""), answer());
    assert_eq!(got.header("content-type"), "application/json; charset=utf-8; profile=\"native\"");
    assert_eq!(got.body, USER.as_bytes());
}

/// An expanded object stays in its place. Only JSON:API moves it to `included`, each object once.
#[test]
fn expanded_objects() {
    let body = r#"{"id":"usr_1","manager_id":"usr_2","manager":{"id":"usr_2","name":"Jane"},"team_ids":["team_a","team_b","team_a"],"teams":[{"id":"team_a","name":"A"},{"id":"team_b","name":"B"},{"id":"team_a","name":"A"}]}"#;
    let get = |header| {
        let sending = ("GET /v1/users/usr_1?expand=manager,teams", &[header][..], "");
        exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], body)).json()
    };
    let envelope = get(ENVELOPE);
    assert_eq!(envelope["data"]["manager"], json!({ "id": "usr_2", "name": "Jane" }));
    assert_eq!(envelope["included"], json!([]));
    assert_eq!(get(CAMEL)["data"]["manager"]["name"], "Jane");
    let document = get(JSON_API);
    assert_eq!(document["data"]["attributes"], json!({}));
    assert_eq!(
        document["included"],
        json!([
            { "id": "usr_2", "type": "users", "attributes": { "name": "Jane" } },
            { "id": "team_a", "type": "teams", "attributes": { "name": "A" } },
            { "id": "team_b", "type": "teams", "attributes": { "name": "B" } },
        ]),
    );
    assert_eq!(document["data"]["relationships"]["teams"]["data"].as_array().unwrap().len(), 3);
}

/// A missing manager is null, and expanding it includes nothing.
#[test]
fn an_empty_relation() {
    let get = |body| {
        let sending = ("GET /v1/users/usr_1", &[JSON_API][..], "");
        exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], body)).json()
    };
    let plain = get(r#"{"id":"usr_1","manager_id":null,"team_ids":[]}"#);
    assert_eq!(plain["data"]["relationships"]["manager"]["data"], Value::Null);
    assert_eq!(plain["data"]["relationships"]["teams"]["data"], json!([]));
    assert_eq!(plain.get("included"), None);
    let expanded = get(r#"{"id":"usr_1","manager_id":null,"manager":null}"#);
    assert_eq!(expanded["included"], json!([]));
    assert_eq!(expanded["data"]["attributes"], json!({}));
}

/// A relationship that `fields` leaves out is left out, although its object is included (JSON:API
/// 1.1, "Sparse Fieldsets", and the exception of "Compound Documents").
#[test]
fn a_relationship_is_a_field() {
    let body = r#"{"id":"usr_1","manager":{"id":"usr_2","name":"Jane"}}"#;
    let sending = ("GET /v1/users/usr_1?fields=id&expand=manager", &[JSON_API][..], "");
    let got = exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], body)).json();
    assert_eq!(got["data"].get("relationships"), None);
    assert_eq!(got["included"][0]["id"], "usr_2");
}

/// JSON:API has no attribute with the name `type`.
#[test]
fn a_member_type_is_the_attribute_kind() {
    let sending = ("GET /api/v1/users/usr_1", &[JSON_API][..], "");
    let body = r#"{"id":"usr_1","type":"user.created"}"#;
    let got = exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], body)).json();
    assert_eq!(got["data"]["attributes"], json!({ "kind": "user.created" }));
    assert_eq!(got["data"]["type"], "users");
}

/// An answer that is not a resource is in JSON:API's `meta`, with its native members.
#[test]
fn what_is_no_resource() {
    let operation = Operation { shape: Some(Shape::default()), ..users("GET", "/usage") };
    let sending = ("GET /api/v1/usage", &[JSON_API][..], "");
    let got = exchange(&operation, sending, ok(200, &[], r#"{"calls":7}"#));
    assert_eq!(got.header("content-type"), "application/vnd.api+json");
    assert_eq!(got.json(), json!({ "meta": { "calls": 7 } }));
}

/// A location below the version gets the prefix that the request used.
#[test]
fn location_gets_the_prefix() {
    let table = [
        ("/api/v1/users", "/users/usr_1", "/api/v1/users/usr_1"),
        ("/v1/users", "/users/usr_1", "/v1/users/usr_1"),
        ("/v1/users", "https://example.com/x", "https://example.com/x"),
    ];
    for (target, location, expected) in table {
        let sending = (&*format!("POST {target}"), &[SENDS_JSON][..], "{}");
        let got =
            exchange(&users("POST", "/users"), sending, ok(201, &[("location", location)], "{}"));
        assert_eq!(got.header("location"), expected, "{target} {location}");
    }
}

/// An answer without a body has none in any form.
#[test]
fn no_body_in_any_form() {
    for header in [("accept", "*/*"), ENVELOPE, CAMEL, JSON_API] {
        for status in [204, 304] {
            let sending = ("GET /api/v1/users/usr_1", &[header][..], "");
            let got = exchange(&users("GET", "/users/{id}"), sending, ok(status, &[], ""));
            assert_eq!((got.status, got.body.len()), (status, 0), "{header:?}");
            assert_eq!(got.header("content-type"), "");
        }
    }
}

/// Streams and other media types are passed on in every form.
#[test]
fn only_json_is_transformed() {
    for header in [ENVELOPE, CAMEL, JSON_API] {
        let sending = ("GET /api/v1/users/usr_1", &[header][..], "");
        let text = [("content-type", "text/csv")];
        let got = exchange(&users("GET", "/users/{id}"), sending, ok(200, &text, "id\n1"));
        assert_eq!((got.header("content-type"), &*got.body), ("text/csv", &b"id\n1"[..]));
        let stream = Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
            body: Body::Streaming(()),
        };
        let got = exchange(&users("GET", "/users/{id}"), sending, Ok(stream));
        assert_eq!(
            (got.header("content-type"), &*got.body),
            ("text/event-stream", &b"a stream"[..])
        );
    }
}

/// A form that a standard fixes is the same in every profile, also below the alias.
#[test]
fn a_fixed_form_is_not_transformed() {
    for target in ["GET /api/v1/fixed", "GET /v1/fixed"] {
        for headers in [&[][..], &[ENVELOPE], &[CAMEL]] {
            let sending = (target, headers, "");
            let answer = ok(200, &[("etag", "\"v3\"")], r#"{"key_ops":[]}"#);
            let got = exchange(&fixed(&["application/json"]), sending, answer);
            assert_eq!(got.body, br#"{"key_ops":[]}"#);
            assert_eq!(got.header("etag"), "\"v3\"");
        }
    }
}

/// A queued job is answered with 200 in the profile `camel`, and with 202 in the others.
#[test]
fn a_queued_job() {
    for (header, expected) in
        [(("accept", "*/*"), 202), (ENVELOPE, 202), (CAMEL, 200), (JSON_API, 202)]
    {
        let sending = ("GET /api/v1/users/usr_1", &[header][..], "");
        let got = exchange(&users("GET", "/users/{id}"), sending, ok(202, &[], "{}"));
        assert_eq!(got.status, expected, "{header:?}");
    }
}

/// If a function breaks its promise of JSON, then the answer is a fault and not half a body.
#[test]
fn a_body_that_is_no_json_is_a_fault() {
    let sending = ("GET /api/v1/users/usr_1", &[CAMEL][..], "");
    let got = exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], "{\"id\":"));
    assert_eq!(got.status, 500);
    assert_eq!(got.json()["error"]["code"], "USERS_INTERNAL_ERROR");
}

/// An answer that was stored for an idempotency key is sent in the form of the retry.
#[test]
fn a_kept_answer_is_told_in_the_form_of_the_retry() {
    let stub = Stub::default();
    let key = ("idempotency-key", "k-1");
    let operation = users("POST", "/users");
    let first = exchange_with(
        &stub,
        &operation,
        ("POST /api/v1/users", &[key, SENDS_JSON], "{}"),
        ok(201, &[], USER),
    );
    assert_eq!(first.body, USER.as_bytes());
    let again = exchange_with(
        &stub,
        &operation,
        ("POST /api/v1/users", &[key, SENDS_JSON, ENVELOPE], "{}"),
        ok(500, &[], ""),
    );
    assert!(again.asked.is_none(), "the function ran twice");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["data"]["id"], "usr_1");
}
