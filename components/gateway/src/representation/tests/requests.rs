//! Requests in the form of their profile, as the function reads them.

use serde_json::{Value, json};

use super::{
    CAMEL, ENVELOPE, Exchange, JSON_API, SENDS_JSON, Stub, books, exchange, exchange_with, ok,
    users,
};

const SENDS_DOCUMENT: (&str, &str) = ("content-type", "application/vnd.api+json");

fn post(target: &str, headers: &[(&str, &str)], body: &str) -> Exchange {
    let line = format!("POST {target}");
    exchange(&users("POST", "/users"), (&line, headers, body), ok(201, &[], r#"{"id":"usr_1"}"#))
}

fn patch(body: &str) -> Exchange {
    let sending = ("PATCH /api/v1/users/usr_1", &[SENDS_DOCUMENT][..], body);
    exchange(&users("PATCH", "/users/{id}"), sending, ok(200, &[], r#"{"id":"usr_1"}"#))
}

/// The form in which a body is read. A row has target, headers, body, and the body that the
/// function reads.
#[test]
fn the_form_of_a_request() {
    let camel = ("content-type", "application/json;profile=\"camel\"");
    let native = ("content-type", "application/json;profile=native");
    let envelope = ("content-type", "application/json; charset=utf-8; profile=envelope");
    let sent = r#"{"managerId":"u","role":"viewer"}"#;
    let read = json!({ "manager_id": "u", "role": "VIEWER" });
    let as_sent: Value = serde_json::from_str(sent).unwrap();
    for (target, headers, expected) in [
        ("/api/v1/users", &[SENDS_JSON][..], &as_sent),
        ("/api/v1/users", &[camel], &read),
        ("/api/v1/users", &[SENDS_JSON, CAMEL], &read),
        ("/api/v1/users", &[native, CAMEL], &as_sent),
        ("/api/v1/users", &[envelope, CAMEL], &as_sent),
        ("/api/v1/users", &[SENDS_JSON, ENVELOPE], &as_sent),
        ("/v1/users", &[SENDS_JSON], &read),
        ("/v1/users", &[native], &as_sent),
        ("/v1/users", &[SENDS_JSON, ("accept", "application/json;profile=native")], &as_sent),
        // A client that wants a document as the answer need not send one.
        ("/api/v1/users", &[SENDS_JSON, JSON_API], &as_sent),
    ] {
        assert_eq!(post(target, headers, sent).read(), *expected, "{target} {headers:?}");
    }
}

/// A native body is passed on unchanged, byte for byte.
#[test]
fn a_native_body_is_passed_on() {
    let body = "{ \"role\" : \"VIEWER\", \"data\": [1.0] }";
    let got = post("/api/v1/users", &[SENDS_JSON], body);
    assert_eq!(got.asked.unwrap().body, body.as_bytes());
}

/// camelCase bodies: names change at every depth, and enumerated values in lists, but nothing in
/// maps.
#[test]
fn camel_case() {
    let sent = r#"{"fullName":"A","memberships":[{"teamId":"t","roles":["admin","viewer"]}],"metadata":{"homeTown":"Ulm","x_y":{"aB":1.50}},"role":null,"unknownName":{"deepName":"viewer"}}"#;
    let got = post("/v1/users", &[SENDS_JSON], sent);
    assert_eq!(
        String::from_utf8(got.asked.unwrap().body).unwrap(),
        r#"{"full_name":"A","memberships":[{"team_id":"t","roles":["ADMIN","VIEWER"]}],"metadata":{"homeTown":"Ulm","x_y":{"aB":1.50}},"role":null,"unknown_name":{"deep_name":"viewer"}}"#,
    );
}

/// An answer in a form may be sent back in this form, and becomes native again.
#[test]
fn round_trips() {
    let native = json!({
        "role": "ENGINEER", "full_name": "A", "memberships": [{ "team_id": "t", "roles": ["ADMIN"] }],
        "metadata": { "homeTown": "Ulm" }, "manager_id": "usr_2", "team_ids": ["team_a", "team_b"],
    });
    let mut whole = native.clone();
    whole["id"] = json!("usr_1");
    for (accept, sends) in
        [(CAMEL, ("content-type", "application/json;profile=camel")), (JSON_API, SENDS_DOCUMENT)]
    {
        let get = ("GET /api/v1/users/usr_1", &[accept][..], "");
        let told =
            exchange(&users("GET", "/users/{id}"), get, ok(200, &[], &whole.to_string())).json();
        let (body, expected) = match accept == CAMEL {
            true => (told["data"].clone(), &whole),
            // The id of a document is that of the path.
            false => (told, &native),
        };
        let put = ("PUT /api/v1/users/usr_1", &[sends][..], &*body.to_string());
        let got = exchange(&users("PUT", "/users/{id}"), put, ok(200, &[], "{}"));
        assert_eq!(got.read(), *expected, "{accept:?}");
        assert!(got.parameter("content-type").unwrap().starts_with("application/json"));
    }
}

/// Nesting up to the limit stays as it was sent.
#[test]
fn deep_nesting() {
    let sent = format!("{{\"someName\":{}1{}}}", "[".repeat(60), "]".repeat(60));
    let got = post("/v1/users", &[SENDS_JSON], &sent);
    let read = got.asked.unwrap().body;
    assert_eq!(String::from_utf8(read).unwrap(), sent.replace("someName", "some_name"));
}

/// Relations: an empty one is null, and several ids keep their order.
#[test]
fn relationships() {
    let got = patch(
        r#"{"data":{"type":"users","id":"usr_1","relationships":{"manager":{"data":null},"teams":{"data":[]}}}}"#,
    );
    assert_eq!(got.read(), json!({ "manager_id": null, "team_ids": [] }));
    let got = patch(
        r#"{"data":{"type":"users","id":"usr_1","relationships":{"teams":{"data":[{"type":"teams","id":"b"},{"type":"teams","id":"a"}]}}}}"#,
    );
    assert_eq!(got.read(), json!({ "team_ids": ["b", "a"] }));
}

/// A document about another resource is a conflict, and a retry cannot resolve it.
#[test]
fn another_resource_is_a_conflict() {
    for (body, pointer) in [
        (r#"{"data":{"type":"users","id":"usr_2","attributes":{}}}"#, "/data/id"),
        (r#"{"data":{"type":"teams","id":"usr_1","attributes":{}}}"#, "/data/type"),
    ] {
        let got = patch(body);
        assert_eq!(got.status, 409, "{body}");
        assert!(got.asked.is_none(), "the function was asked");
        assert_eq!(got.json()["errors"][0]["source"]["pointer"], pointer);
    }
    let own = r#"{"data":{"type":"users","id":"usr_7","attributes":{}}}"#;
    let got = post("/api/v1/users", &[SENDS_DOCUMENT], own);
    assert_eq!(got.status, 403, "a new resource has no id of the client");
    assert_eq!(got.json()["errors"][0]["source"]["pointer"], "/data/id");
}

/// All errors of a document are reported together, and the function is not called.
#[test]
fn what_is_wrong_with_a_document() {
    let table: [(&str, &[(&str, &str)]); 12] = [
        ("[]", &[("", "WRONG_TYPE")]),
        ("{}", &[("", "REQUIRED")]),
        (r#"{"data":null}"#, &[("/data", "WRONG_TYPE")]),
        (r#"{"data":{}}"#, &[("/data", "REQUIRED"), ("/data", "REQUIRED")]),
        (r#"{"data":{"type":7,"id":"usr_1"}}"#, &[("/data/type", "WRONG_TYPE")]),
        (r#"{"data":{"type":"users","id":7}}"#, &[("/data/id", "WRONG_TYPE")]),
        (r#"{"data":{"type":"users","id":"usr_1","lid":7}}"#, &[("/data/lid", "WRONG_TYPE")]),
        (
            r#"{"data":{"type":"users","id":"usr_1","attributes":[]}}"#,
            &[("/data/attributes", "WRONG_TYPE")],
        ),
        (
            r#"{"data":{"type":"users","id":"usr_1","relationships":{"boss":{"data":null}}}}"#,
            &[("/data/relationships/boss", "UNKNOWN_FIELD")],
        ),
        (
            r#"{"data":{"type":"users","id":"usr_1","relationships":{"manager":{},"teams":{"data":null}}}}"#,
            &[
                ("/data/relationships/manager", "REQUIRED"),
                ("/data/relationships/teams/data", "WRONG_TYPE"),
            ],
        ),
        (
            r#"{"data":{"type":"users","id":"usr_1","relationships":{"manager":{"data":{"type":"teams","id":"a"}}}}}"#,
            &[("/data/relationships/manager/data/type", "NOT_ALLOWED_VALUE")],
        ),
        (
            r#"{"data":{"type":"users","id":"usr_1","relationships":{"manager":{"data":"usr_2"},"teams":{"data":[{"type":"teams","id":"a"},{"id":7}]}}}}"#,
            &[
                ("/data/relationships/manager/data", "WRONG_TYPE"),
                ("/data/relationships/teams/data/1", "REQUIRED"),
                ("/data/relationships/teams/data/1/id", "WRONG_TYPE"),
            ],
        ),
    ];
    for (body, expected) in table {
        let got = patch(body);
        assert_eq!(got.status, 422, "{body}");
        assert!(got.asked.is_none(), "the function was asked: {body}");
        let errors = got.json()["errors"].as_array().unwrap().clone();
        let told: Vec<_> = errors
            .iter()
            .map(|error| {
                (error["source"]["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())
            })
            .collect();
        assert_eq!(told, expected, "{body}");
    }
}

/// Members that JSON:API does not know, and members that begin with `@`, are ignored (1.1,
/// "Document Structure" and "@-Members"). The function refuses attributes that it does not know.
#[test]
fn what_is_ignored_in_a_document() {
    let got = patch(
        r#"{"@context":{},"a/b":1,"data":{"@id":1,"type":"users","id":"usr_1","name":"A","attributes":{"@x":1,"role":"viewer"},"relationships":{"@x":1,"manager":{"more":1,"data":{"type":"users","id":"usr_2","more":1}}}}}"#,
    );
    assert_eq!(got.read(), json!({ "role": "VIEWER", "manager_id": "usr_2" }));
}

/// A document is recognised by the members that only documents have. It is answered by one unless
/// Accept names a profile (K-11).
#[test]
fn a_document_is_answered_by_one() {
    let document = r#"{"data":{"type":"users","attributes":{"role":"viewer"}}}"#;
    let json_api = "application/vnd.api+json";
    let json = "application/json; charset=utf-8";
    for (headers, body, content_type) in [
        (&[SENDS_JSON][..], document, json_api),
        (&[SENDS_JSON, ("accept", "*/*")], document, json_api),
        (&[SENDS_JSON, ("accept", "application/json")], document, json_api),
        (&[SENDS_DOCUMENT, ("accept", "application/json")], document, json_api),
        (
            &[SENDS_JSON, ("accept", "application/json;profile=native")],
            document,
            "application/json; charset=utf-8; profile=\"native\"",
        ),
        (&[SENDS_DOCUMENT, ("accept", "application/vnd.tenantry.v1+json")], document, json),
        // Without `type` and `attributes` it is an object with a member `data`.
        (&[SENDS_JSON], r#"{"data":{"type":"users"}}"#, json),
        (&[SENDS_JSON], r#"{"data":[]}"#, json),
    ] {
        let got = post("/api/v1/users", headers, body);
        assert_eq!(got.header("content-type"), content_type, "{headers:?} {body}");
        if body == document {
            assert_eq!(got.read(), json!({ "role": "VIEWER" }), "{headers:?}");
        }
    }
    // A client that accepts only JSON:API may leave `attributes` out.
    let got = post("/api/v1/users", &[SENDS_JSON, JSON_API], r#"{"data":{"type":"users"}}"#);
    assert_eq!(got.read(), json!({}));
}

/// A document that is refused unread is answered by a document too.
#[test]
fn a_document_that_is_not_read() {
    let got = post("/api/v1/users", &[SENDS_DOCUMENT], "{");
    assert_eq!(got.status, 400);
    assert_eq!(got.json()["errors"][0]["code"], "MALFORMED_REQUEST");
}

/// An idempotency key is bound to the bytes that were sent, in any form.
#[test]
fn a_key_is_bound_to_what_was_sent() {
    let stub = Stub::default();
    let operation = users("POST", "/users");
    let headers = [("idempotency-key", "k-1"), SENDS_DOCUMENT];
    let send = |role: &str| {
        let body = format!(r#"{{"data":{{"type":"users","attributes":{{"role":"{role}"}}}}}}"#);
        exchange_with(
            &stub,
            &operation,
            ("POST /api/v1/users", &headers, &body),
            ok(201, &[], "{}"),
        )
    };
    assert_eq!(send("viewer").read(), json!({ "role": "VIEWER" }));
    assert_eq!(send("viewer").header("idempotent-replayed"), "true");
    // For the function, both bodies would be the same.
    let other = send("VIEWER");
    assert_eq!(other.status, 422);
    assert_eq!(other.json()["errors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
}

/// Names in a camelCase query become native for the function. Data and values stay.
#[test]
fn a_camel_query() {
    let target = "GET /v1/books?authorId=U-Ser&status%3Ain=Draft&metadata.pageCount=7&sort=createdAt:desc&fields=id,authorId&embed=coAuthor&per_page=5";
    let got = exchange(&books("GET", "/books"), (target, &[], ""), ok(200, &[], "{}"));
    for (name, value) in [
        ("author_id", "U-Ser"),
        ("status:in", "Draft"),
        ("metadata.pageCount", "7"),
        ("sort", "created_at:desc"),
        ("fields", "id,author_id"),
        ("embed", "co_author"),
        ("per_page", "5"),
    ] {
        assert_eq!(got.parameter(name), Some(value), "{name}");
    }
    let native = ("accept", "application/json;profile=native");
    let got = exchange(&books("GET", "/books"), (target, &[native], ""), ok(200, &[], "{}"));
    assert_eq!(got.parameter("authorId"), Some("U-Ser"));
}

/// Names inside maps are data, in every spelling of a filter.
#[test]
fn a_camel_query_about_a_map() {
    for (asked, read) in [
        ("metadata[pageCount]", "metadata[pageCount]"),
        ("metadata[aws:createdBy]:eq", "metadata[aws:createdBy]:eq"),
        ("metadata[a.bC]_ne", "metadata[a.bC]_ne"),
        ("filter[metadata[pageCount]]", "filter[metadata[pageCount]]"),
        ("filter[metadata[pageCount]][ne]", "filter[metadata[pageCount]][ne]"),
        ("filter[metadata][pageCount]", "filter[metadata][pageCount]"),
        ("filter[authorId]", "filter[author_id]"),
        ("filter[createdAt][gte]", "filter[created_at][gte]"),
        ("createdAt:gte", "created_at:gte"),
        ("createdAfter", "created_after"),
    ] {
        let target = format!("GET /v1/books?{}=X", asked.replace('[', "%5B").replace(']', "%5D"));
        let got = exchange(&books("GET", "/books"), (&target, &[], ""), ok(200, &[], "{}"));
        assert_eq!(got.parameter(read), Some("X"), "{asked}");
    }
}

/// Pages are counted in the profile `camel`, unless the client chooses a page itself.
#[test]
fn the_first_page_is_counted() {
    let list = |target: &str, headers: &[(&str, &str)]| {
        let got = exchange(&books("GET", "/books"), (target, headers, ""), ok(200, &[], "{}"));
        got.parameter("page").map(str::to_owned)
    };
    assert_eq!(list("GET /v1/books", &[]).as_deref(), Some("1"));
    assert_eq!(list("GET /v1/books?status=draft", &[]).as_deref(), Some("1"));
    assert_eq!(list("GET /api/v1/books", &[CAMEL]).as_deref(), Some("1"));
    assert_eq!(list("GET /v1/books?page=3", &[]).as_deref(), Some("3"));
    for target in [
        "GET /v1/books?cursor=x",
        "GET /v1/books?limit=5",
        "GET /v1/books?page[limit]=5",
        "GET /v1/books?after_id=e",
    ] {
        assert_eq!(list(target, &[]), None, "{target}");
    }
    assert_eq!(list("GET /v1/books", &[ENVELOPE]), None);
    assert_eq!(list("GET /api/v1/books", &[]), None);
    let got =
        exchange(&books("GET", "/books/{id}"), ("GET /v1/books/b", &[], ""), ok(200, &[], "{}"));
    assert_eq!(got.parameter("page"), None, "one book is no page");
}
