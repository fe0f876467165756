//! One page in the four forms, in both modes.

use serde_json::{Value, json};

use super::{CAMEL, ENVELOPE, Exchange, JSON_API, TRACE, exchange, ok, users};
use crate::Shape;

/// A page of two users, below `/users`.
fn page(
    target: &str,
    header: (&str, &str),
    answer: &[(&str, &str)],
    next: Option<&str>,
) -> Exchange {
    let mut operation = users("GET", "/users");
    operation.shape =
        operation.shape.map(|shape| Shape { is_page: true, is_numbered: true, ..shape });
    let body = json!({ "items": [{ "id": "usr_1", "role": "VIEWER" }, { "id": "usr_2", "role": "ADMIN" }], "next_cursor": next });
    exchange(
        &operation,
        (&format!("GET {target}"), &[header], ""),
        ok(200, answer, &body.to_string()),
    )
}

const CURSOR_LINKS: [(&str, &str); 3] = [
    ("link-first", "limit=2"),
    ("link-next", "limit=2&cursor=bmV4dA%3D%3D"),
    ("link-prev", "page[limit]=2&page[cursor]=cHJldg"),
];

const OFFSET_HEADERS: [(&str, &str); 6] = [
    ("link-first", "limit=2&offset=0"),
    ("link-next", "limit=2&offset=4"),
    ("link-last", "limit=2&offset=8"),
    ("x-page-limit", "2"),
    ("x-page-offset", "2"),
    ("x-total-count", "9"),
];

/// In the native form, the links of a page are in `Link` (RFC 8288). The function's own headers are
/// removed.
#[test]
fn a_native_page_has_links_in_a_header() {
    let got = page("/api/v1/users?limit=2", ("accept", "*/*"), &CURSOR_LINKS, Some("bmV4dA=="));
    assert_eq!(
        got.header("link"),
        "</api/v1/users?limit=2>; rel=\"first\", \
         </api/v1/users?page%5Blimit%5D=2&page%5Bcursor%5D=cHJldg>; rel=\"prev\", \
         </api/v1/users?limit=2&cursor=bmV4dA%3D%3D>; rel=\"next\""
    );
    assert_eq!(got.json()["next_cursor"], "bmV4dA==");
    let got = page("/api/v1/users?offset=2", ("accept", "*/*"), &OFFSET_HEADERS, None);
    assert_eq!(got.header("x-total-count"), "9");
    assert_eq!(got.header("x-page-limit"), "2");
    assert_eq!(got.header("x-page-offset"), "2");
    assert!(got.header("link").ends_with("</api/v1/users?limit=2&offset=8>; rel=\"last\""));
}

/// The headers in which the function reports its links reach no client.
#[test]
fn headers_for_the_gateway_are_taken_away() {
    for header in [("accept", "*/*"), ENVELOPE, CAMEL, JSON_API] {
        let got = page("/api/v1/users", header, &OFFSET_HEADERS, None);
        let names = ["link-first", "link-prev", "link-next", "link-last"];
        assert!(names.iter().all(|name| !got.headers.contains_key(*name)), "{:?}", got.headers);
    }
}

/// A page in cursor mode, in each form with a frame.
#[test]
fn a_page_by_cursor() {
    let target = "/api/v1/users?limit=2&cursor=x&role=VIEWER&status%3Ain=A,B&sort=name&search=jo&fields[users]=id";
    let escaped = target.replace('[', "%5B").replace(']', "%5D");
    let page = |header| page(target, header, &CURSOR_LINKS, Some("bmV4dA==")).json();
    let pagination = json!({ "cursors": { "before": "cHJldg", "after": "bmV4dA==" }, "has_more": true, "total": null });
    let links = json!({
        "first": "/api/v1/users?limit=2",
        "next": "/api/v1/users?limit=2&cursor=bmV4dA%3D%3D",
        "prev": "/api/v1/users?page%5Blimit%5D=2&page%5Bcursor%5D=cHJldg",
    });
    assert_eq!(
        page(ENVELOPE),
        json!({
            "data": [{ "id": "usr_1", "role": "VIEWER" }, { "id": "usr_2", "role": "ADMIN" }],
            "error": null,
            "meta": {
                "traceId": TRACE, "request_id": "req-789",
                "timestamp": "2024-01-15T10:30:00.000Z", "api_version": "v1",
                "pagination": pagination, "count": 2,
                "filters_applied": { "role": "VIEWER", "status:in": "A,B", "search": "jo" },
            },
            "pagination": pagination,
            "included": [],
            "links": links,
        }),
    );
    let camel = page(CAMEL);
    assert_eq!(
        camel["data"],
        json!([{ "id": "usr_1", "role": "viewer" }, { "id": "usr_2", "role": "admin" }])
    );
    assert_eq!(
        camel["pagination"],
        json!({ "page": null, "per_page": 2, "total": null, "total_pages": null, "next_cursor": "bmV4dA==" }),
    );
    assert_eq!(
        camel["links"],
        json!({
            "self": format!("https://api.example.com{escaped}"),
            "next": "https://api.example.com/api/v1/users?limit=2&cursor=bmV4dA%3D%3D",
            "prev": "https://api.example.com/api/v1/users?page%5Blimit%5D=2&page%5Bcursor%5D=cHJldg",
        }),
    );
    let document = page(JSON_API);
    assert_eq!(document["data"][1]["id"], "usr_2");
    assert_eq!(document["data"][1]["links"]["self"], "/api/v1/users/usr_2");
    assert_eq!(document["data"][1]["attributes"], json!({ "role": "admin" }));
    assert_eq!(document["meta"], json!({ "pagination": pagination }));
    let mut with_self = links;
    with_self["self"] = Value::from(escaped);
    assert_eq!(document["links"], with_self);
}

/// A page in offset mode, in each form with a frame.
#[test]
fn a_page_by_offset() {
    let page =
        |header| page("/api/v1/users?limit=2&offset=2", header, &OFFSET_HEADERS, None).json();
    let pagination =
        json!({ "limit": 2, "offset": 2, "total": 9, "current_page": 2, "total_pages": 5 });
    let links = json!({
        "first": "/api/v1/users?limit=2&offset=0",
        "next": "/api/v1/users?limit=2&offset=4",
        "prev": null,
        "last": "/api/v1/users?limit=2&offset=8",
    });
    let envelope = page(ENVELOPE);
    assert_eq!(envelope["pagination"], pagination);
    assert_eq!(envelope["meta"]["pagination"], pagination);
    assert_eq!(envelope["links"], links);
    let camel = page(CAMEL);
    assert_eq!(
        camel["pagination"],
        json!({ "page": 2, "per_page": 2, "total": 9, "total_pages": 5 })
    );
    assert_eq!(camel["links"]["prev"], Value::Null);
    let document = page(JSON_API);
    assert_eq!(document["meta"]["pagination"], pagination);
    assert_eq!(document["links"]["last"], links["last"]);
}

/// The last page has no next page.
#[test]
fn the_last_page_has_nothing_after_it() {
    let got = page("/api/v1/users", ENVELOPE, &[("link-first", "limit=2")], None).json();
    assert_eq!(
        got["pagination"],
        json!({ "cursors": { "before": null, "after": null }, "has_more": false, "total": null }),
    );
    assert_eq!(
        got["links"],
        json!({ "first": "/api/v1/users?limit=2", "next": null, "prev": null })
    );
}
