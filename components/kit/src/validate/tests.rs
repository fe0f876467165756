//! Each case is a body with all its violations, as `pointer CODE`.

use serde_json::{Value, json};

use super::{MAX_VIOLATIONS, body, parameters};
use crate::contract::{
    Format, Idempotency, Limit, Location, Operation, Parameter, Property, Query, Schema,
};

const fn text(min_length: usize, max_length: Option<usize>) -> Schema {
    Schema::String { min_length, max_length, format: None, visible: false, one_of: &[] }
}

const fn spelling(format: Format) -> Schema {
    let (min_length, max_length) = (0, None);
    Schema::String { min_length, max_length, format: Some(format), visible: false, one_of: &[] }
}

const fn list(items: &'static Schema, min_items: usize, max_items: Option<usize>) -> Schema {
    Schema::Array { items, min_items, max_items, unique: true }
}

const fn member(name: &'static str, required: bool, schema: &'static Schema) -> Property {
    Property { name, required, shown: true, schema }
}

const ANY_TEXT: Schema = text(0, None);
const NAME: Schema = text(1, Some(3));
const COUNT: Schema = Schema::Integer { min: Some(1), max: Some(100) };
const LARGE: Schema = Schema::Integer { min: Some(1), max: Some(9_007_199_254_740_991) };
const COLOUR: Schema = Schema::String {
    min_length: 0,
    max_length: None,
    format: None,
    visible: false,
    one_of: &["RED", "BLUE"],
};
const TITLE: Schema =
    Schema::String { min_length: 1, max_length: Some(9), format: None, visible: true, one_of: &[] };
const INNER: Schema = Schema::Object {
    properties: &[member("a/b~c", false, &COUNT)],
    additional: None,
    min_properties: 1,
    any_of: &[],
};
const OUTER: Schema = Schema::Object {
    properties: &[
        member("name", true, &NAME),
        member("colours", false, &list(&COLOUR, 1, Some(2))),
        member("inner", false, &INNER),
    ],
    additional: None,
    min_properties: 0,
    any_of: &[],
};
const MAP: Schema =
    Schema::Object { properties: &[], additional: Some(&COUNT), min_properties: 0, any_of: &[] };

/// Data of the client's choice.
const FREE: Schema = Schema::Object {
    properties: &[],
    additional: Some(&Schema::Any),
    min_properties: 0,
    any_of: &[],
};
/// An object with known members that ignores other members.
const OPEN: Schema = Schema::Object {
    properties: &[member("name", false, &NAME)],
    additional: Some(&Schema::Any),
    min_properties: 0,
    any_of: &[],
};

#[track_caller]
fn check(schema: &Schema, value: Value, expected: &[&str]) {
    let found = body(schema, &value);
    let found: Vec<_> = found.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect();
    assert_eq!(found, expected, "for {value}");
}

#[test]
fn types_are_not_coerced() {
    check(&ANY_TEXT, json!("x"), &[]);
    check(&ANY_TEXT, json!(1), &[" WRONG_TYPE"]);
    check(&ANY_TEXT, json!(null), &[" WRONG_TYPE"]);
    check(&Schema::Boolean, json!(false), &[]);
    check(&Schema::Boolean, json!("false"), &[" WRONG_TYPE"]);
    check(&COUNT, json!("5"), &[" WRONG_TYPE"]);
    check(&OUTER, json!([]), &[" WRONG_TYPE"]);
    check(&list(&NAME, 0, None), json!({}), &[" WRONG_TYPE"]);
}

#[test]
fn null_only_where_it_is_allowed() {
    check(&Schema::Nullable(&NAME), json!(null), &[]);
    check(&Schema::Nullable(&NAME), json!("abc"), &[]);
    check(&Schema::Nullable(&NAME), json!("abcd"), &[" TOO_LONG"]);
    check(&Schema::Nullable(&NAME), json!(3), &[" WRONG_TYPE"]);
}

#[test]
fn integers() {
    check(&COUNT, json!(1), &[]);
    check(&COUNT, json!(100), &[]);
    check(&COUNT, json!(0), &[" OUT_OF_RANGE"]);
    check(&COUNT, json!(101), &[" OUT_OF_RANGE"]);
    check(&COUNT, json!(1.5), &[" WRONG_TYPE"]);
    check(&COUNT, json!(2.0), &[]);
    check(&COUNT, json!(1e30), &[" OUT_OF_RANGE"]);
    check(&LARGE, json!(9_007_199_254_740_991.0), &[]);
    check(&LARGE, json!(9_007_199_254_740_992.0), &[" OUT_OF_RANGE"]);
    check(&Schema::Integer { min: None, max: None }, json!(i64::MIN), &[]);
    check(&Schema::Integer { min: None, max: None }, json!(u64::MAX), &[" OUT_OF_RANGE"]);
}

#[test]
fn numbers() {
    let schema = Schema::Number { min: Some(0.5), max: Some(2.0) };
    check(&schema, json!(0.5), &[]);
    check(&schema, json!(2), &[]);
    check(&schema, json!(0.4), &[" OUT_OF_RANGE"]);
    check(&schema, json!(2.1), &[" OUT_OF_RANGE"]);
    check(&schema, json!("1"), &[" WRONG_TYPE"]);
}

#[test]
fn lengths_count_unicode_scalar_values() {
    check(&NAME, json!(""), &[" TOO_SHORT"]);
    check(&NAME, json!("äöü"), &[]);
    check(&NAME, json!("🦀🦀🦀"), &[]);
    check(&NAME, json!("🦀🦀🦀🦀"), &[" TOO_LONG"]);
}

#[test]
fn control_characters_are_refused_everywhere() {
    for good in ["a\n\tb", "a\r\nb\r\n", "\r\n", "\n\r\n"] {
        check(&ANY_TEXT, json!(good), &[]);
    }
    for bad in ["\0", "a\rb", "a\r", "\r\r\n", "\n\r", "\r\n\r", "\u{1b}[0m", "\u{7f}", "\u{85}"] {
        check(&ANY_TEXT, json!(bad), &[" CONTROL_CHARACTER"]);
    }
    check(&Schema::Any, json!({"a": [1, {"b": "\0"}]}), &["/a/1/b CONTROL_CHARACTER"]);
    check(&MAP, json!({"a\0": 1}), &["/a\0 CONTROL_CHARACTER"]);
    let odd = json!({"a\0": ["\u{7}", {"\u{1}": "\r"}]});
    let found = body(&FREE, &odd);
    assert!(found.len() == 4 && found.iter().all(|it| it.code == "CONTROL_CHARACTER"), "{found:?}");
    check(&OPEN, odd, &[]);
}

#[test]
fn names_can_be_seen() {
    check(&TITLE, json!("a"), &[]);
    check(&TITLE, json!("\u{202e}rtl"), &[]);
    check(&TITLE, json!(""), &[" TOO_SHORT"]);
    for bad in [" ", "\u{200b}\u{ad}", "\u{3164}", "\u{2066}\u{2069}", "\u{e0041}"] {
        check(&TITLE, json!(bad), &[" NOT_VISIBLE"]);
    }
    check(&TITLE, json!("\t"), &[" NOT_VISIBLE"]);
    check(&TITLE, json!("\u{7}"), &[" CONTROL_CHARACTER"]);
}

#[test]
fn enumerations() {
    check(&COLOUR, json!("RED"), &[]);
    check(&COLOUR, json!("red"), &[" NOT_ALLOWED_VALUE"]);
    check(&COLOUR, json!(""), &[" NOT_ALLOWED_VALUE"]);
}

#[test]
fn e_mail() {
    let long = format!("{}@example.com", "a".repeat(65));
    let longer = format!("a@{}com", "b.".repeat(125));
    let label = format!("a@{}.com", "b".repeat(64));
    for good in ["a@b.c", "ana.maría+tag@sub.example.com", "o'neil@xn--bcher-kva.example"] {
        check(&spelling(Format::Email), json!(good), &[]);
    }
    for bad in [
        "", "a", "@b.c", "a@", "a@b", "a@b.", "a@.b", "a@b..c", "a@@b.c", "a@b@c.d", "a b@c.d",
        "a@b.c ", &long, &longer, &label,
    ] {
        check(&spelling(Format::Email), json!(bad), &[" INVALID_FORMAT"]);
    }
}

#[test]
fn times() {
    for good in ["2026-03-01T09:30:00Z", "2026-03-01T09:30:00.123Z", "2026-03-01T09:30:00+02:00"] {
        check(&spelling(Format::DateTime), json!(good), &[]);
    }
    for bad in ["", "2026-03-01", "2026-03-01T09:30:00", "2026-02-30T00:00:00Z", "1772357400"] {
        check(&spelling(Format::DateTime), json!(bad), &[" INVALID_FORMAT"]);
    }
}

#[test]
fn uris() {
    for good in ["https://a.example", "HTTP://a.example:8080/x?y#z", "https://[::1]/"] {
        check(&spelling(Format::Uri), json!(good), &[]);
    }
    for bad in
        ["", "a.example", "ftp://a.example", "https://", "https:///x", "https://:80", "http://a b/"]
    {
        check(&spelling(Format::Uri), json!(bad), &[" INVALID_FORMAT"]);
    }
}

#[test]
fn lists() {
    let colours = list(&COLOUR, 1, Some(2));
    check(&colours, json!(["RED", "BLUE"]), &[]);
    check(&colours, json!([]), &[" TOO_FEW_ITEMS"]);
    check(&colours, json!(["RED", "RED"]), &[" NOT_UNIQUE"]);
    check(
        &colours,
        json!(["RED", "x", 1]),
        &[" TOO_MANY_ITEMS", "/1 NOT_ALLOWED_VALUE", "/2 WRONG_TYPE"],
    );
    let any = Schema::Array { items: &Schema::Any, min_items: 0, max_items: None, unique: false };
    check(&any, json!([1, 1]), &[]);
}

#[test]
fn objects() {
    check(&OUTER, json!({"name": "x"}), &[]);
    check(&OUTER, json!({}), &["/name REQUIRED"]);
    check(&OUTER, json!({"name": "x", "Name": 1}), &["/Name UNKNOWN_FIELD"]);
    check(&INNER, json!({}), &[" TOO_FEW_ITEMS"]);
    check(&MAP, json!({"a": 1, "b": 0}), &["/b OUT_OF_RANGE"]);
}

#[test]
fn every_violation_is_reported_at_once() {
    let value = json!({"colours": ["x"], "inner": {"a/b~c": 0, "~": 1}, "more": 1});
    check(
        &OUTER,
        value,
        &[
            "/name REQUIRED",
            "/colours/0 NOT_ALLOWED_VALUE",
            "/inner/a~1b~0c OUT_OF_RANGE",
            "/inner/~0 UNKNOWN_FIELD",
            "/more UNKNOWN_FIELD",
        ],
    );
}

#[test]
fn the_answer_is_bounded() {
    let many: Value = (0..1000).map(|index| (format!("k{index}"), json!(1))).collect();
    assert_eq!(body(&OUTER, &many).len(), MAX_VIOLATIONS);
    let long: Value = [("k".repeat(1000), json!(0))].into_iter().collect();
    assert_eq!(body(&MAP, &long)[0].pointer.len(), 201);
}

#[test]
fn messages_are_sentences_without_the_value() {
    let found = body(&COLOUR, &json!("hunter2"));
    assert_eq!(found[0].message, "Must be one of: RED, BLUE.");
    assert_eq!(body(&NAME, &json!(""))[0].message, "Must have at least 1 character.");
    assert_eq!(body(&NAME, &json!("hunter2"))[0].message, "Must have at most 3 characters.");
    let found = body(&Schema::Nullable(&COUNT), &json!("hunter2"));
    assert_eq!(found[0].message, "Must be an integer.");
}

const LIST: Operation = Operation {
    version: 1,
    produces: &["application/json"],
    shape: None,
    query: Query::Declared,
    if_match: false,
    cache: None,
    id: "list-things",
    method: "GET",
    path: "/things/{id}",
    public: false,
    scopes: &[],
    limit: Limit { class: "write", per_minute: 30, burst: 30, cost: 1 },
    idempotency: Idempotency::Unsupported,
    consumes: &[],
    parameters: &[
        Parameter { name: "id", location: Location::Path, required: true, schema: &NAME },
        Parameter { name: "limit", location: Location::Query, required: false, schema: &COUNT },
        Parameter {
            name: "colour",
            location: Location::Query,
            required: false,
            schema: &list(&COLOUR, 1, Some(2)),
        },
        Parameter {
            name: "all",
            location: Location::Query,
            required: false,
            schema: &Schema::Boolean,
        },
        Parameter { name: "x-mode", location: Location::Header, required: true, schema: &NAME },
    ],
    body: None,
};

/// Checks a query, together with a valid path and a valid header.
#[track_caller]
fn check_query(query: &[(&str, &str)], expected: &[&str]) {
    let mut given = vec![(Location::Path, "id", "1"), (Location::Header, "x-mode", "1")];
    given.extend(query.iter().map(|(name, value)| (Location::Query, *name, *value)));
    check_parameters(&given, expected);
}

#[track_caller]
fn check_parameters(given: &[(Location, &str, &str)], expected: &[&str]) {
    let found = parameters(&LIST, given);
    let found: Vec<_> = found.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect();
    assert_eq!(found, expected, "for {given:?}");
}

#[test]
fn query_parameters_spell_values() {
    check_query(&[], &[]);
    check_query(&[("limit", "100"), ("colour", "RED,BLUE"), ("all", "true")], &[]);
    check_query(&[("limit", "101")], &["limit OUT_OF_RANGE"]);
    for bad in ["", "x", "+5", " 5", "5 ", "1.0", "1e1", "0x1", "null", "\"5\"", "[5]"] {
        check_query(&[("limit", bad)], &["limit WRONG_TYPE"]);
    }
    check_query(&[("all", "1")], &["all WRONG_TYPE"]);
}

#[test]
fn a_list_in_a_query_is_reported_by_its_parameter() {
    check_query(&[("colour", "RED,x,y")], &["colour TOO_MANY_ITEMS", "colour NOT_ALLOWED_VALUE"]);
    check_query(&[("colour", "RED,RED")], &["colour NOT_UNIQUE"]);
    check_query(&[("colour", "")], &["colour NOT_ALLOWED_VALUE"]);
}

#[test]
fn unknown_and_repeated_query_parameters() {
    check_query(&[("page", "1")], &["page UNKNOWN_PARAMETER"]);
    check_query(&[("Limit", "1")], &["Limit UNKNOWN_PARAMETER"]);
    check_query(&[("id", "1")], &["id UNKNOWN_PARAMETER"]);
    check_query(&[("limit", "1"), ("limit", "1")], &["limit REPEATED_PARAMETER"]);
}

#[test]
fn path_and_header_parameters() {
    check_parameters(&[(Location::Path, "id", "1")], &["x-mode REQUIRED"]);
    check_parameters(
        &[
            (Location::Path, "id", "1234"),
            (Location::Header, "x-mode", ""),
            (Location::Header, "x-other", "1"),
        ],
        &["id TOO_LONG", "x-mode TOO_SHORT"],
    );
    check_parameters(
        &[(Location::Query, "id", "1"), (Location::Query, "x-mode", "1")],
        &["id REQUIRED", "x-mode REQUIRED", "id UNKNOWN_PARAMETER", "x-mode UNKNOWN_PARAMETER"],
    );
}

#[test]
fn members_that_stand_for_each_other() {
    const EITHER: Schema = Schema::Object {
        properties: &[member("name", false, &NAME), member("title", false, &NAME)],
        additional: None,
        min_properties: 0,
        any_of: &[&["name"], &["title"]],
    };
    check(&EITHER, json!({ "name": "abc" }), &[]);
    check(&EITHER, json!({ "title": "abc" }), &[]);
    check(&EITHER, json!({}), &["/name REQUIRED"]);
}

#[test]
fn a_rejected_value_is_repeated_where_it_may_be_seen() {
    const SECRET: Property = Property { shown: false, ..member("secret", false, &COUNT) };
    const FORM: Schema = Schema::Object {
        properties: &[member("count", false, &COUNT), SECRET, member("name", false, &NAME)],
        additional: None,
        min_properties: 0,
        any_of: &[],
    };
    let long = "x".repeat(200);
    let found =
        body(&FORM, &json!({ "count": "seven", "secret": "hunter2", "name": long, "else": "1" }));
    let shown: Vec<_> = found.iter().map(|it| (it.pointer.as_str(), it.value.clone())).collect();
    let start = format!("\"{}…\"", "x".repeat(100));
    assert_eq!(
        shown,
        [
            ("/count", Some("\"seven\"".to_owned())),
            ("/secret", None),
            ("/name", Some(start)),
            ("/else", None),
        ]
    );
}
