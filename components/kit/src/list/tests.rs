//! Each case is a query string with the query that it gives, or with all its violations.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod filters;

use super::{Bound, Dialect, Feed, Mode, Position, Query, Resume, Sql, conditions, select};
use crate::Value;
use crate::contract::{Default, Field, Kind, RelationTarget, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        column: 0,
        kind,
        nullable: false,
        writable: true,
        filter: true,
        sort: matches!(kind, Kind::Text | Kind::Timestamp | Kind::Integer),
        search: matches!(kind, Kind::Text),
        personal: false,
        secret: false,
        masked: false,
        origin: false,
        default: Default::None,
        synonym: None,
        relation: None,
    }
}

static THINGS: Resource = Resource {
    collection: "things",
    name: "thing",
    table: "things",
    prefix: "thg",
    scope: "things:read",
    fields: &[
        Field { filter: false, sort: false, search: false, ..field("id", Kind::Text) },
        field("name", Kind::Text),
        Field { synonym: Some("name"), ..field("title", Kind::Text) },
        field("status", Kind::Enum(&["ACTIVE", "ARCHIVED"])),
        field("total", Kind::Integer),
        field("in_stock", Kind::Boolean),
        Field { nullable: true, ..field("sold_at", Kind::Timestamp) },
        Field { search: false, ..field("email", Kind::Email) },
        field("tags", Kind::List),
        field("labels", Kind::Map),
        Field { secret: true, ..field("secret", Kind::Text) },
        Field {
            relation: Some(&RelationTarget { name: "parent", resource: &THINGS, many: false }),
            ..field("parent_id", Kind::Text)
        },
        field("created_at", Kind::Timestamp),
    ],
    append_only: false,
    transitions: &[],
};

fn pairs(query: &str) -> Vec<(&str, &str)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap())
        .collect()
}

fn parse(query: &str) -> Query {
    Query::parse(&THINGS, &pairs(query)).unwrap_or_else(|refused| panic!("{query}: {refused:?}"))
}

/// `400` or `422`, then each violation as `name CODE`.
fn refused(query: &str) -> Vec<String> {
    let refused = Query::parse(&THINGS, &pairs(query)).expect_err(query);
    let status = if refused.unknown { "400" } else { "422" };
    let violations = refused.violations.iter().map(|it| format!("{} {}", it.pointer, it.code));
    std::iter::once(status.to_owned()).chain(violations).collect()
}

/// Checks that all spellings of a query are the same query.
#[track_caller]
fn same(spellings: &[&str]) {
    let asked = |query: &str| {
        let query = parse(query);
        let sql = select(Dialect::Sqlite, &THINGS, &query, None, 0, 10);
        (query.fingerprint(), sql.text, sql.values)
    };
    for spelling in spellings {
        assert_eq!(asked(spelling), asked(spellings[0]), "{spelling}");
    }
}

#[test]
fn filters_have_many_spellings() {
    same(&[
        "status=ACTIVE",
        "status=active",
        "status:eq=Active",
        "filter[status]=ACTIVE",
        "status_eq=ACTIVE",
        "filter[status][eq]=active",
    ]);
    same(&[
        "status:in=ACTIVE,ARCHIVED",
        "status_in=active,archived",
        "filter[status][in]=ACTIVE,ARCHIVED",
    ]);
    same(&[
        "created_after=2024-01-01",
        "created_at:gt=2024-01-01T00:00:00Z",
        "createdAfter=2024-01-01",
        "created_at_gt=2024-01-01T01:00:00 01:00",
        "filter[created_at][gt]=2024-01-01",
        "createdAt:gt=2024-01-01",
    ]);
    same(&["total_gt=100", "total:gt=100", "filter[total][gt]=100"]);
    same(&["in_stock=true", "inStock=true", "filter[in_stock]=true"]);
    same(&["name=x", "title=x", "title:eq=x"]);
    same(&["email=jos\u{e9}@x.de", "email=JOSE\u{301}@X.de", "email:eq=JOS\u{c9}@x.de"]);
    same(&["name=\u{e9}", "name=e\u{301}"]);
    same(&["search=john", "q=john"]);
}

#[test]
fn orders_have_many_spellings() {
    same(&[
        "sort=created_at:desc,name:asc",
        "sort=created_at:desc,name",
        "sort=-created_at,name",
        "sort=createdAt:DESC,title",
    ]);
    let keys = |query: &str| -> Vec<String> {
        let keys = parse(query).keys(&THINGS);
        keys.iter()
            .map(|key| format!("{}{}", if key.descending { "-" } else { "" }, key.field.name))
            .collect()
    };
    assert_eq!(keys(""), ["id"]);
    assert_eq!(keys("sort=name:desc"), ["-name", "-id"]);
    assert_eq!(keys("sort=name:desc,total"), ["-name", "total", "id"]);
    assert_eq!(keys("sort=created_at,id"), ["created_at", "id"]);
    assert_eq!(keys("sort=id:desc,name"), ["-id"], "behind the id nothing is left to decide");
}

#[test]
fn pages_have_four_families() {
    let page = |query: &str| parse(query).page;
    let (cursor, offset) = (page("cursor=abc&limit=10"), page("offset=40&limit=20"));
    assert_eq!((cursor.mode, cursor.limit), (Mode::Cursor(Some("abc".to_owned())), 10));
    assert_eq!((offset.mode, offset.limit), (Mode::Offset(40), 20));
    let (number, brackets) = (page("page=3&per_page=20"), page("page[limit]=25&page[cursor]=abc"));
    assert_eq!((number.mode, number.limit), (Mode::Number(3), 20));
    assert_eq!(
        (brackets.mode, brackets.limit, brackets.brackets),
        (Mode::Cursor(Some("abc".to_owned())), 25, true)
    );
    assert_eq!(page("page[limit]=20&page[offset]=40&page[number]=3").mode, Mode::Offset(40));
    assert_eq!(page("page[number]=3").mode, Mode::Number(3));
    assert_eq!(
        page("sort=created_at,id&after_created_at=1970-01-01T00:00:01Z&after_id=thg_1").mode,
        Mode::Keyset { id: "thg_1".to_owned(), keys: vec![("created_at", Value::Integer(1000))] }
    );
    let defaults = ["", "offset=0", "page=1", "after_id=thg_1"].map(|query| page(query).limit);
    assert_eq!(defaults, [50, 20, 20, 50], "defaults (K-26)");
}

#[test]
fn mixed_families_are_refused() {
    for (query, names) in [
        ("cursor=a&offset=1", ["cursor", "offset"]),
        ("page=1&offset=1", ["page", "offset"]),
        ("cursor=a&page[number]=2", ["cursor", "page[number]"]),
        ("after_id=x&page=1", ["after_id", "page"]),
    ] {
        let [first, second] = names.map(|name| format!("{name} MIXED_PAGINATION"));
        assert_eq!(refused(query), ["400".to_owned(), first, second], "{query}");
    }
    assert_eq!(refused("per_page=2&limit=2"), ["400", "per_page MIXED_PAGINATION"]);
    assert_eq!(
        refused("page[limit]=20&page[offset]=40&page[number]=1"),
        ["422", "page[number] CONFLICTING_SYNONYM"]
    );
}

#[test]
fn what_is_unknown_is_400_and_all_of_it_is_told() {
    assert_eq!(
        refused("statu=x&sort=color&fields=id,color&expand=friends&total:contains=1"),
        [
            "400",
            "statu UNKNOWN_PARAMETER",
            "sort UNKNOWN_FIELD",
            "fields UNKNOWN_FIELD",
            "expand UNKNOWN_RELATION",
            "total:contains UNKNOWN_OPERATOR"
        ]
    );
    assert_eq!(
        refused("secret=x&sort=secret"),
        ["400", "secret UNKNOWN_PARAMETER", "sort UNKNOWN_FIELD"]
    );
    assert_eq!(refused("fields[orders]=id"), ["400", "fields[orders] UNKNOWN_PARAMETER"]);
    assert_eq!(
        refused("sort=name:up&limit=2&limit=3"),
        ["400", "sort UNKNOWN_DIRECTION", "limit REPEATED_PARAMETER"]
    );
    assert_eq!(refused("limit=3&page[limit]=4"), ["400", "page[limit] REPEATED_PARAMETER"]);
    assert_eq!(refused("after_id=x&after_name=y"), ["400", "after_name UNKNOWN_PARAMETER"]);
    let message = &Query::parse(&THINGS, &[("x", "1")]).unwrap_err().violations[0].message;
    assert!(
        message.contains(
            "name, status, total, in_stock, sold_at, email, tags, labels, parent_id, created_at"
        ),
        "{message}"
    );
    assert!(!message.contains("secret"), "{message}");
}

#[test]
fn what_does_not_fit_is_422() {
    assert_eq!(
        refused("status=GONE&total=ten&in_stock=yes&created_after=soon&limit=101&name=%\u{0}"),
        [
            "422",
            "status NOT_ALLOWED_VALUE",
            "total WRONG_TYPE",
            "in_stock WRONG_TYPE",
            "created_after INVALID_FORMAT",
            "limit OUT_OF_RANGE",
            "name CONTROL_CHARACTER"
        ]
    );
    for (query, code) in
        [("limit=0", "OUT_OF_RANGE"), ("limit=x", "WRONG_TYPE"), ("limit=-1", "WRONG_TYPE")]
    {
        assert_eq!(refused(query), ["422".to_owned(), format!("limit {code}")]);
    }
    assert_eq!(refused("page=0"), ["422", "page OUT_OF_RANGE"]);
}

#[test]
fn sql_binds_every_value() {
    let query = parse(
        "status:in=ACTIVE,ARCHIVED&name:contains=50%_!&tags=a\"b&search=x&sort=total:desc,name&fields=name&expand=parent",
    );
    let position = Position {
        keys: vec![Value::Integer(7), Value::Text("n".to_owned()), Value::Text("thg_1".to_owned())],
        backwards: false,
    };
    let sql = select(Dialect::Sqlite, &THINGS, &query, Some(&position), 0, 11);
    assert_eq!(
        sql.text,
        "SELECT id, name, status, total, in_stock, sold_at, email, tags, labels, secret, parent_id, created_at \
         FROM things WHERE tenant_id = $1 AND deleted_at IS NULL AND status IN ($2, $3) \
         AND COALESCE(folded ->> 'name', lower(name)) LIKE $4 ESCAPE '!' \
         AND EXISTS (SELECT 1 FROM json_each(tags) AS member WHERE member.value IN ($5)) \
         AND (COALESCE(folded ->> 'name', lower(name)) LIKE $6 ESCAPE '!' \
         OR COALESCE(folded ->> 'parent_id', lower(parent_id)) LIKE $7 ESCAPE '!') \
         AND ((total < $8) OR (total = $9 AND name > $10) OR (total = $11 AND name = $12 AND id > $13)) \
         ORDER BY total DESC, name, id LIMIT $14"
    );
    assert_eq!(sql.values[2], Value::Text("%50!%!_!!%".to_owned()));
    assert_eq!(sql.values[3], Value::Text("a\"b".to_owned()));
}

#[test]
fn a_uniform_order_is_one_comparison_that_an_index_serves() {
    let query = parse("sort=created_at:desc");
    let position = Position {
        keys: vec![Value::Integer(7), Value::Text("thg_1".to_owned())],
        backwards: false,
    };
    let forwards = select(Dialect::Sqlite, &THINGS, &query, Some(&position), 0, 2).text;
    assert!(
        forwards.ends_with(
            "AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4"
        ),
        "{forwards}"
    );
    let backwards = select(
        Dialect::Sqlite,
        &THINGS,
        &query,
        Some(&Position { backwards: true, ..position }),
        0,
        2,
    )
    .text;
    assert!(
        backwards.ends_with("AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4"),
        "{backwards}"
    );
}

#[test]
fn a_cursor_is_good_for_one_list() {
    let bound = Bound { secret: b"s", tenant: "t", collection: "things", fingerprint: "f" };
    let position = Position {
        keys: vec![Value::Integer(7), Value::Text("thg_1".to_owned())],
        backwards: true,
    };
    let cursor = bound.cursor(&position);
    assert_eq!(bound.cursor(&position), cursor, "one place has one cursor");
    let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
    assert!(!bytes.windows(5).any(|part| part == b"thg_1"), "what it holds cannot be read");
    assert_eq!(bound.read(&cursor, 2), Some(Resume::At(position)));
    for other in [
        Bound { secret: b"x", ..Bound { ..bound } },
        Bound { tenant: "x", ..Bound { ..bound } },
        Bound { collection: "x", ..Bound { ..bound } },
        Bound { fingerprint: "x", ..Bound { ..bound } },
    ] {
        assert_eq!(other.read(&cursor, 2), None);
    }
    assert_eq!(bound.read(&cursor, 1), None, "another order");
    let mut forged = cursor.into_bytes();
    for index in 0..forged.len() {
        let before = forged[index];
        forged[index] = if before == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(forged.clone()).unwrap();
        // The last character of an encoding has bits without a meaning.
        assert!(index + 1 == forged.len() || bound.read(&text, 2).is_none(), "byte {index}");
        forged[index] = before;
    }
    assert_eq!(bound.read("eyJvZmZzZXQiOjEwMH0", 1), Some(Resume::Offset(100)), "offset (A-43)");
    assert_eq!(bound.read("eyJpZCI6MTIzfQ==", 1), None, "a plain key (D-45) is not sealed");
}

#[test]
fn what_is_shown() {
    let view = parse("fields=name,title&fields[things]=name&expand=parent").view;
    assert!(view.shows(THINGS.field("id").unwrap()) && view.shows(THINGS.field("name").unwrap()));
    assert!(
        !view.shows(THINGS.field("total").unwrap()) && !view.shows(THINGS.field("secret").unwrap())
    );
    for name in ["expand", "include", "embed"] {
        assert_eq!(parse(&format!("{name}=parent")).view.expand.len(), 1, "{name}");
    }
}

#[test]
fn a_feed_has_filters_and_one_order() {
    let own = ["cursor", "limit", "mine"];
    let feed = Feed::parse(&THINGS, &pairs("name=a&page[limit]=7&cursor=x&mine=1"), &own).unwrap();
    assert_eq!((feed.limit, feed.cursor.as_deref(), feed.filters.len()), (7, Some("x"), 1));
    let feed = Feed::parse(&THINGS, &pairs("filter[created_at][gte]=2026-03-01"), &own).unwrap();
    assert_eq!((feed.limit, feed.cursor), (50, None));
    let mut sql = Sql::new(Dialect::Sqlite, &THINGS, "tenant_id = $1");
    conditions(&mut sql, &feed.filters);
    assert_eq!(sql.text, "tenant_id = $1 AND created_at >= $2");
    assert_eq!(sql.values, [Value::Integer(1_772_323_200_000)]);
    for (query, code) in [
        ("sort=name", "UNKNOWN_PARAMETER"),
        ("offset=1", "UNKNOWN_PARAMETER"),
        ("page[offset]=1", "UNKNOWN_PARAMETER"),
        ("page=1", "UNKNOWN_PARAMETER"),
        ("after_id=x", "UNKNOWN_PARAMETER"),
        ("search=x", "UNKNOWN_PARAMETER"),
        ("fields=name", "UNKNOWN_PARAMETER"),
        ("name=a&name=b", "REPEATED_PARAMETER"),
        ("limit=0", "OUT_OF_RANGE"),
        ("created_at:gte=never", "INVALID_FORMAT"),
    ] {
        let refused = Feed::parse(&THINGS, &pairs(query), &own).unwrap_err();
        assert_eq!(refused.violations[0].code, code, "{query}");
    }
    let refused = Feed::parse(&THINGS, &pairs("limit=1"), &["cursor"]).unwrap_err();
    assert!(refused.violations[0].message.contains("It knows cursor, and filters by: id, name"));
}
