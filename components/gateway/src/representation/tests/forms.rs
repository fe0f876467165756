//! Small parts: spelling, entity tags, and the filters of a query.

use super::{CAMEL, JSON_API, SENDS_JSON, exchange, ok, users};
use protocol::case;

use crate::representation::query;
use crate::{Code, Error};

/// camelCase and back, for every kind of name.
#[test]
fn names_find_their_way_back() {
    let table = [
        ("id", "id"),
        ("owner_id", "ownerId"),
        ("estimated_completion_time", "estimatedCompletionTime"),
        ("line_1", "line_1"),
        ("a__b", "a_B"),
        ("_private", "_private"),
        ("trailing_", "trailing_"),
        ("x2_y", "x2Y"),
        ("größe_m", "größeM"),
    ];
    for (native, camel) in table {
        assert_eq!(case::camel(native), camel);
        assert_eq!(case::snake(camel), native);
    }
    assert_eq!(case::snake("owner_id"), "owner_id", "snake_case stays");
}

/// Enumerated values and back.
#[test]
fn values_find_their_way_back() {
    for (native, lower) in [("ACTIVE", "active"), ("IN_PROGRESS", "in_progress"), ("V2", "v2")] {
        assert_eq!(case::lower(native), lower);
        assert_eq!(case::upper(lower), native);
    }
}

/// Preconditions of writes reach the function with its own tags, whatever form the tags are from.
#[test]
fn conditions_are_told_natively() {
    let table = [
        (&["\"v3\""][..], Some("\"v3\"")),
        (&["\"v3-native\""], Some("\"v3\"")),
        (&["W/\"v3-native\""], Some("W/\"v3\"")),
        (
            &["\"v3-envelope\", \"v2\"", "\"v1-0123456789abcdef-camel\""],
            Some("\"v3\", \"v2\", \"v1-0123456789abcdef\""),
        ),
        (&["\"v3-elsewhere\""], Some("\"v3-elsewhere\"")),
        (&["*"], Some("*")),
        (&[""], Some("")),
        (&[], None),
    ];
    for (lines, expected) in table {
        for name in ["if-match", "if-none-match"] {
            let mut headers = vec![CAMEL, SENDS_JSON];
            headers.extend(lines.iter().map(|line| (name, *line)));
            let sending = ("PATCH /api/v1/users/usr_1", &headers[..], "{}");
            let got = exchange(&users("PATCH", "/users/{id}"), sending, ok(200, &[], "{}"));
            assert_eq!(got.parameter(name), expected, "{name}: {lines:?}");
        }
    }
}

/// An entity tag in an error is that of the representation that the client reads.
#[test]
fn errors_tell_tags_of_the_answer() {
    let stale = Error::new(Code::PreconditionFailed, "no").with("etag", "\"v4\"");
    for (accept, expected) in [(("accept", "*/*"), "\"v4-native\""), (JSON_API, "\"v4\"")] {
        let sending = ("DELETE /api/v1/users/usr_1", &[accept][..], "");
        let got = exchange(&users("DELETE", "/users/{id}"), sending, Err(stale.clone())).json();
        let told = got["details"].get("etag").or(got["errors"][0]["meta"].get("etag"));
        assert_eq!(told.and_then(|tag| tag.as_str()), Some(expected), "{got}");
    }
}

/// Filters are the parameters that concern neither paging nor presentation.
#[test]
fn filters() {
    let query = "status=A&status=B&created_after=x&search=y&cursor=c&limit=1&offset=2&page=3&per_page=4\
                 &page[number]=5&after_id=e&before_id=f&sort=s&fields=g&fields[users]=h&expand=i\
                 &include=j&embed=k";
    let filters: Vec<_> = query::filters(query).into_iter().collect();
    let expected = [("created_after", "x"), ("search", "y"), ("status", "A,B")];
    assert_eq!(filters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}
