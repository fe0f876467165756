//! The samples of the requirements (docs/requirements.md), field by field. Some samples show a time
//! in seconds only, or lack a member that another sample of the same source has. Then the test says
//! so.

use serde_json::{Value, json};

use super::{CAMEL, ENVELOPE, JSON_API, SENDS_JSON, TRACE, books, exchange, ok, users};
use crate::Shape;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A collection in the native form is the function's answer (A-89).
#[test]
fn a_collection_read() {
    let body = r#"{ "items": [{"id":"CMP:1"}], "next_cursor": "eyJvZmZzZXQiOjUwMH0" }"#;
    let sending = ("GET /api/v1/books?cursor=x&limit=50", &[][..], "");
    let got = exchange(&books("GET", "/books"), sending, ok(200, &[], body));
    assert_eq!(got.body, body.as_bytes());
}

/// An object in the envelope (B-50).
#[test]
fn the_envelope() {
    let sending = ("GET /api/v1/books/b", &[ENVELOPE][..], "");
    let got = exchange(&books("GET", "/books/{id}"), sending, ok(200, &[], r#"{"id":"b"}"#)).json();
    assert_eq!(got["data"], json!({ "id": "b" }));
    assert_eq!(got["error"], Value::Null);
    assert_eq!(got["meta"]["traceId"], TRACE);
}

/// A JSON:API document is sent as JSON, accepted as JSON, and answered in JSON:API with related
/// objects (D-30…41).
#[test]
fn create_a_user() {
    let sent = r#"{
      "data": {
        "type": "users",
        "attributes": {
          "email": "john.doe@example.com",
          "name": "John Doe",
          "role": "engineer",
          "department": "engineering",
          "metadata": { "hire_date": "2024-01-15", "location": "New York" }
        },
        "relationships": {
          "manager": { "data": { "type": "users", "id": "usr_789xyz" } },
          "teams": {
            "data": [ { "type": "teams", "id": "team_alpha" }, { "type": "teams", "id": "team_beta" } ]
          }
        }
      }
    }"#;
    let native = json!({
        "id": "usr_abc123",
        "email": "john.doe@example.com",
        "name": "John Doe",
        "role": "ENGINEER",
        "department": "engineering",
        "manager_id": "usr_789xyz",
        "manager": { "id": "usr_789xyz", "name": "Jane Manager" },
        "team_ids": ["team_alpha", "team_beta"],
        "teams": [
            { "id": "team_alpha", "name": "Platform Team" },
            { "id": "team_beta", "name": "Infrastructure Team" },
        ],
        "created_at": "2024-01-15T10:30:00Z",
        "updated_at": "2024-01-15T10:30:00Z",
        "metadata": { "hire_date": "2024-01-15", "location": "New York" },
        "created_by": "usr_system",
        "version": 1,
    });
    let headers = [
        SENDS_JSON,
        ("accept", "application/json"),
        ("x-request-id", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
    ];
    let answer =
        ok(201, &[("location", "/users/usr_abc123"), ("etag", "\"v1\"")], &native.to_string());
    let got = exchange(&users("POST", "/users"), ("POST /v1/users", &headers, sent), answer);

    assert_eq!(
        got.read(),
        json!({
            "email": "john.doe@example.com",
            "name": "John Doe",
            "role": "ENGINEER",
            "department": "engineering",
            "metadata": { "hire_date": "2024-01-15", "location": "New York" },
            "manager_id": "usr_789xyz",
            "team_ids": ["team_alpha", "team_beta"],
        }),
    );
    assert_eq!(got.status, 201);
    assert_eq!(got.header("content-type"), "application/vnd.api+json");
    assert_eq!(got.header("location"), "/v1/users/usr_abc123");
    assert_eq!(got.header("etag"), "\"v1\"");
    assert_eq!(got.header("cache-control"), "no-cache");
    let expected = parsed(
        r#"{
      "data": {
        "id": "usr_abc123",
        "type": "users",
        "links": { "self": "/v1/users/usr_abc123" },
        "attributes": {
          "email": "john.doe@example.com",
          "name": "John Doe",
          "role": "engineer",
          "department": "engineering",
          "created_at": "2024-01-15T10:30:00Z",
          "updated_at": "2024-01-15T10:30:00Z",
          "metadata": { "hire_date": "2024-01-15", "location": "New York" }
        },
        "relationships": {
          "manager": {
            "links": { "related": "/v1/users/usr_abc123/manager" },
            "data": { "type": "users", "id": "usr_789xyz" }
          },
          "teams": {
            "links": { "related": "/v1/users/usr_abc123/teams" },
            "data": [
              { "type": "teams", "id": "team_alpha" },
              { "type": "teams", "id": "team_beta" }
            ]
          }
        },
        "meta": { "created_by": "usr_system", "version": 1 }
      },
      "included": [
        { "id": "usr_789xyz", "type": "users", "attributes": { "name": "Jane Manager" } },
        { "id": "team_alpha", "type": "teams", "attributes": { "name": "Platform Team" } },
        { "id": "team_beta", "type": "teams", "attributes": { "name": "Infrastructure Team" } }
      ]
    }"#,
    );
    assert_eq!(got.json(), expected);
}

/// A sparse user with related objects (D-42…44). This sample has no `links`, but the sample of a
/// created user has them (D-37). Our answers always have them.
#[test]
fn get_a_user() {
    let native = json!({
        "id": "usr_abc123", "name": "John Doe", "email": "john.doe@example.com",
        "role": "ENGINEER", "manager_id": "usr_789xyz", "team_ids": ["team_alpha"],
        "manager": { "id": "usr_789xyz", "name": "Jane Manager", "email": "jane@example.com" },
        "teams": [{ "id": "team_alpha", "name": "Platform Team" }],
    });
    let target = "GET /v1/users/usr_abc123?include=manager,teams&fields[users]=id,name,email,role";
    let headers = [
        ("etag", "\"v3\""),
        ("last-modified", "Mon, 15 Jan 2024 11:45:00 GMT"),
        ("cache-control", "private, no-cache"),
    ];
    let got = exchange(
        &users("GET", "/users/{id}"),
        (target, &[JSON_API], ""),
        ok(200, &headers, &native.to_string()),
    );
    for (name, value) in headers {
        assert_eq!(got.header(name), value);
    }
    let got = got.json();
    assert_eq!(
        got["data"]["attributes"],
        json!({ "name": "John Doe", "email": "john.doe@example.com", "role": "engineer" })
    );
    assert_eq!(
        got["data"]["relationships"]["teams"]["data"],
        json!([{ "type": "teams", "id": "team_alpha" }])
    );
    assert_eq!(got["data"].get("meta"), None);
    assert_eq!(
        got["included"],
        json!([
            { "id": "usr_789xyz", "type": "users", "attributes": { "name": "Jane Manager", "email": "jane@example.com" } },
            { "id": "team_alpha", "type": "teams", "attributes": { "name": "Platform Team" } },
        ]),
    );
}

/// Pagination and links of the envelope, by cursor (D-45…47) and by offset (D-48…50). The links
/// escape brackets, as RFC 3986 demands.
#[test]
fn pages_by_cursor_and_by_offset() {
    let mut orders = users("GET", "/orders");
    orders.shape = orders.shape.map(|shape| Shape { is_page: true, is_numbered: true, ..shape });
    let links = [
        ("link-first", "page[limit]=25"),
        ("link-next", "page[limit]=25&page[cursor]=eyJpZCI6MTI1fQ=="),
        ("link-prev", "page[limit]=25&page[cursor]=eyJpZCI6MTAwfQ=="),
    ];
    let body = r#"{"items":[],"next_cursor":"eyJpZCI6MTI1fQ=="}"#;
    let sending =
        ("GET /v1/orders?page[limit]=25&page[cursor]=eyJpZCI6MTIzfQ==", &[ENVELOPE][..], "");
    let got = exchange(&orders, sending, ok(200, &links, body)).json();
    assert_eq!(
        json!({ "pagination": got["pagination"], "links": got["links"] }),
        parsed(
            r#"{
          "pagination": {
            "cursors": { "before": "eyJpZCI6MTAwfQ==", "after": "eyJpZCI6MTI1fQ==" },
            "has_more": true,
            "total": null
          },
          "links": {
            "first": "/v1/orders?page%5Blimit%5D=25",
            "next": "/v1/orders?page%5Blimit%5D=25&page%5Bcursor%5D=eyJpZCI6MTI1fQ==",
            "prev": "/v1/orders?page%5Blimit%5D=25&page%5Bcursor%5D=eyJpZCI6MTAwfQ=="
          }
        }"#
        ),
    );

    let headers = [
        ("link-first", "page[limit]=20&page[offset]=0"),
        ("link-next", "page[limit]=20&page[offset]=20"),
        ("link-last", "page[limit]=20&page[offset]=1480"),
        ("x-page-limit", "20"),
        ("x-page-offset", "0"),
        ("x-total-count", "1500"),
    ];
    let sending =
        ("GET /v1/orders?page[limit]=20&page[offset]=0&page[number]=1", &[ENVELOPE][..], "");
    let got =
        exchange(&orders, sending, ok(200, &headers, r#"{"items":[],"next_cursor":null}"#)).json();
    assert_eq!(
        json!({ "pagination": got["pagination"], "links": got["links"] }),
        parsed(
            r#"{
          "pagination": { "limit": 20, "offset": 0, "total": 1500, "current_page": 1, "total_pages": 75 },
          "links": {
            "first": "/v1/orders?page%5Blimit%5D=20&page%5Boffset%5D=0",
            "next": "/v1/orders?page%5Blimit%5D=20&page%5Boffset%5D=20",
            "prev": null,
            "last": "/v1/orders?page%5Blimit%5D=20&page%5Boffset%5D=1480"
          }
        }"#
        ),
    );
}

/// A collection of books (E-87). This sample has no `meta.timestamp`, but it is required (E-29).
#[test]
fn list_books() {
    let native = r#"{"items":[{"id":"book-123","title":"The Great Adventure","author_id":"user-456","published_at":"2023-05-10T15:30:00.000Z","status":"PUBLISHED"}],"next_cursor":null}"#;
    let headers = [
        ("link-first", "page=1&per_page=20"),
        ("link-next", "page=2&per_page=20"),
        ("link-last", "page=3&per_page=20"),
        ("x-page-limit", "20"),
        ("x-page-offset", "0"),
        ("x-total-count", "42"),
    ];
    let got = exchange(
        &books("GET", "/books"),
        ("GET /v1/books?page=1&per_page=20", &[], ""),
        ok(200, &headers, native),
    );
    let expected = parsed(
        r#"{
      "data": [
        {
          "id": "book-123",
          "title": "The Great Adventure",
          "authorId": "user-456",
          "publishedAt": "2023-05-10T15:30:00.000Z",
          "status": "published"
        }
      ],
      "meta": { "request_id": "req-789", "timestamp": "2024-01-15T10:30:00.000Z" },
      "pagination": { "page": 1, "per_page": 20, "total": 42, "total_pages": 3 },
      "links": {
        "self": "https://api.example.com/v1/books?page=1&per_page=20",
        "next": "https://api.example.com/v1/books?page=2&per_page=20",
        "prev": null
      }
    }"#,
    );
    assert_eq!(got.json(), expected);
}

/// One book. The names in `metadata` stay as the client gave them (E-88).
#[test]
fn get_a_book() {
    let native = r#"{"id":"book-123","title":"The Great Adventure","author_id":"user-456","published_at":"2023-05-10T15:30:00.000Z","status":"PUBLISHED","content":"Once upon a time...","metadata":{"isbn":"978-3-16-148410-0","genre":"fantasy","pageCount":320}}"#;
    let got = exchange(
        &books("GET", "/books/{id}"),
        ("GET /v1/books/book-123", &[], ""),
        ok(200, &[], native),
    );
    let expected = parsed(
        r#"{
      "data": {
        "id": "book-123",
        "title": "The Great Adventure",
        "authorId": "user-456",
        "publishedAt": "2023-05-10T15:30:00.000Z",
        "status": "published",
        "content": "Once upon a time...",
        "metadata": { "isbn": "978-3-16-148410-0", "genre": "fantasy", "pageCount": 320 }
      },
      "meta": { "request_id": "req-789", "timestamp": "2024-01-15T10:30:00.000Z" }
    }"#,
    );
    assert_eq!(got.json(), expected);
}

/// A book is created (E-89) and changed (E-90).
#[test]
fn write_a_book() {
    let sent = r#"{"title":"New Book Title","content":"Book content here...","metadata":{"genre":"mystery","tags":["thriller","suspense"]}}"#;
    let native = r#"{"id":"book-456","title":"New Book Title","author_id":"user-789","created_at":"2023-06-15T12:34:56.000Z","updated_at":"2023-06-15T13:45:12.000Z","status":"DRAFT","content":"Book content here...","metadata":{"genre":"mystery","tags":["thriller","suspense"]}}"#;
    for (method, path, target, status) in [
        ("POST", "/books", "POST /v1/books", 201),
        ("PATCH", "/books/{id}", "PATCH /v1/books/book-456", 200),
    ] {
        let got =
            exchange(&books(method, path), (target, &[SENDS_JSON], sent), ok(status, &[], native));
        assert_eq!(got.read(), parsed(sent));
        assert_eq!(got.status, status);
        assert_eq!(
            got.json()["data"],
            parsed(
                r#"{
              "id": "book-456",
              "title": "New Book Title",
              "authorId": "user-789",
              "createdAt": "2023-06-15T12:34:56.000Z",
              "updatedAt": "2023-06-15T13:45:12.000Z",
              "status": "draft",
              "content": "Book content here...",
              "metadata": { "genre": "mystery", "tags": ["thriller", "suspense"] }
            }"#
            ),
        );
    }
}

/// The answer to a deletion has no body (E-91).
#[test]
fn delete_a_book() {
    let got = exchange(
        &books("DELETE", "/books/{id}"),
        ("DELETE /v1/books/book-123", &[CAMEL], ""),
        ok(204, &[], ""),
    );
    assert_eq!((got.status, got.body.len()), (204, 0));
}

/// An operation that continues after the answer is answered with 200 (E-92).
#[test]
fn publish_a_book() {
    let sent = r#"{"publishDate":"2023-06-20T00:00:00.000Z","channels":["kindle","print","web"]}"#;
    let native = r#"{"id":"book-123","title":"The Great Adventure","author_id":"user-456","created_at":"2023-05-01T10:20:30.000Z","published_at":"2023-06-20T00:00:00.000Z","status":"PUBLISHING","channels":["KINDLE","PRINT","WEB"],"estimated_completion_time":"2023-06-20T01:30:00.000Z"}"#;
    let got = exchange(
        &books("POST", "/books/{id}/publish"),
        ("POST /v1/books/book-123/publish", &[SENDS_JSON], sent),
        ok(202, &[], native),
    );
    assert_eq!(
        got.read(),
        json!({ "publish_date": "2023-06-20T00:00:00.000Z", "channels": ["KINDLE", "PRINT", "WEB"] }),
    );
    assert_eq!(got.status, 200);
    let expected = parsed(
        r#"{
      "data": {
        "id": "book-123",
        "title": "The Great Adventure",
        "authorId": "user-456",
        "createdAt": "2023-05-01T10:20:30.000Z",
        "publishedAt": "2023-06-20T00:00:00.000Z",
        "status": "publishing",
        "channels": ["kindle", "print", "web"],
        "estimatedCompletionTime": "2023-06-20T01:30:00.000Z"
      },
      "meta": { "request_id": "req-789", "timestamp": "2024-01-15T10:30:00.000Z" }
    }"#,
    );
    assert_eq!(got.json(), expected);
}
