//! The small pieces: spelling, entity tags, the filters of a query.

use super::{CAMEL, ENVELOPE, JSON_API, exchange, ok, users};
use crate::representation::{case, query};

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

/// Conditions reach the function as it knows its tags; those of another form cannot match.
#[test]
fn conditions_are_told_natively() {
    let native = ("accept", "*/*");
    let table = [
        (native, "if-none-match", "\"v3\"", Some("\"v3\"")),
        (native, "if-none-match", "\"v3-camel\"", Some("\"v3-camel\"")),
        (native, "if-none-match", "*", Some("*")),
        (ENVELOPE, "if-none-match", "\"v3-envelope\"", Some("\"v3\"")),
        (
            ENVELOPE,
            "if-none-match",
            "\"v1-envelope\", \"v3\", W/\"v2-envelope\"",
            Some("\"v1\", W/\"v2\""),
        ),
        (ENVELOPE, "if-none-match", "\"v3\"", None),
        (ENVELOPE, "if-none-match", "\"v3-camel\"", None),
        (CAMEL, "if-none-match", "\"v3-camel\"", Some("\"v3\"")),
        (CAMEL, "if-none-match", "*", Some("*")),
        (JSON_API, "if-none-match", "\"v3\"", Some("\"v3\"")),
        (native, "if-match", "\"v3-camel\"", Some("\"v3\"")),
        (CAMEL, "if-match", "\"v3\"", Some("\"v3\"")),
        (CAMEL, "if-match", "\"v3-envelope\", \"v2\"", Some("\"v3\", \"v2\"")),
        (JSON_API, "if-match", "*", Some("*")),
    ];
    for (accept, name, value, expected) in table {
        let sending = ("GET /api/v1/users/usr_1", &[accept, (name, value)][..], "");
        let got = exchange(&users("GET", "/users/{id}"), sending, ok(200, &[], "{}"));
        assert_eq!(got.parameter(name), expected, "{accept:?} {name}: {value}");
    }
}

/// Filters are what is neither paging nor presentation.
#[test]
fn filters() {
    let query = "status=A&status=B&created_after=x&search=y&cursor=c&limit=1&offset=2&page=3&per_page=4\
                 &page[number]=5&after_id=e&before_id=f&sort=s&fields=g&fields[users]=h&expand=i\
                 &include=j&embed=k";
    let filters: Vec<_> = query::filters(query).into_iter().collect();
    let expected = [("created_after", "x"), ("search", "y"), ("status", "A,B")];
    assert_eq!(filters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}
