//! Filters, and the SQL for them.

use super::{Dialect, THINGS, parse, refused, same, select};
use crate::Value;

/// The condition of a filter, and its values.
fn condition(dialect: Dialect, query: &str) -> (String, Vec<Value>) {
    let sql = select(dialect, &THINGS, &parse(query), None, 0, 1);
    let (_, text) = sql.text.split_once("deleted_at IS NULL AND ").unwrap();
    let (text, _) = text.split_once(" ORDER BY").unwrap();
    let mut values = sql.values;
    values.pop();
    (text.to_owned(), values)
}

#[test]
fn names_of_maps_are_data() {
    let expected = |key: &str, condition: &(String, Vec<Value>)| {
        assert_eq!(condition.1[0], Value::from(key));
    };
    for key in
        ["env", "aws:createdBy", "costCenter", "a.b/c", "a[b]", "a]b", "eq", "a_ne", "x:eq[y", "é"]
    {
        same(&[
            &format!("labels[{key}]=prod"),
            &format!("labels[{key}]:eq=prod"),
            &format!("labels[{key}]_eq=prod"),
            &format!("filter[labels[{key}]]=prod"),
            &format!("filter[labels[{key}]][eq]=prod"),
            &format!("filter[labels[{key}]:eq]=prod"),
            &format!("filter[labels][{key}]=prod"),
            &format!("filter[labels][{key}][eq]=prod"),
        ]);
        expected(key, &condition(Dialect::Sqlite, &format!("labels[{key}]=prod")));
    }
    let (sqlite, values) = condition(Dialect::Sqlite, "labels[aws:by]:nin=a,b");
    assert_eq!(
        sqlite,
        "NOT EXISTS (SELECT 1 FROM json_each(labels) AS member WHERE member.key = $2 \
         AND member.value IN ($3, $4))"
    );
    assert_eq!(values, ["aws:by", "a", "b"].map(Value::from));
    let (postgres, _) = condition(Dialect::Postgres, "labels[env]:null=true");
    assert_eq!(
        postgres,
        "NOT EXISTS (SELECT 1 FROM jsonb_each_text(labels::jsonb) AS member (key, value) \
         WHERE member.key = $2)"
    );
    let (postgres, _) = condition(Dialect::Postgres, "tags:ne=a");
    assert_eq!(
        postgres,
        "NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text(tags::jsonb) AS member (value) \
         WHERE member.value IN ($2))"
    );
    for query in [
        "labels=x",
        "labels[]=x",
        "labels[a=x",
        "labels[a]x=x",
        "filter[labels]=x",
        "tags[a]=x",
        "name[a]=x",
    ] {
        assert_eq!(
            refused(query)[1],
            format!("{} UNKNOWN_PARAMETER", query.split_once('=').unwrap().0)
        );
    }
}

#[test]
fn what_has_no_value_is_asked_for_and_not_equal() {
    same(&[
        "sold_at:null=true",
        "soldAt:null=true",
        "sold_at_null=true",
        "filter[sold_at][null]=true",
    ]);
    for (query, expected) in [
        ("sold_at:null=true", "sold_at IS NULL"),
        ("sold_at:null=false", "sold_at IS NOT NULL"),
        ("sold_at:ne=1970-01-01", "(sold_at IS NULL OR sold_at <> $2)"),
        ("sold_at:nin=1970-01-01,1970-01-02", "(sold_at IS NULL OR sold_at NOT IN ($2, $3))"),
        ("sold_at:in=1970-01-01", "sold_at IN ($2)"),
        ("total:ne=1", "total <> $2"),
    ] {
        assert_eq!(condition(Dialect::Sqlite, query).0, expected, "{query}");
    }
    assert_eq!(refused("sold_at:null=yes"), ["422", "sold_at:null WRONG_TYPE"]);
    assert_eq!(refused("tags:null=true"), ["400", "tags:null UNKNOWN_OPERATOR"]);
}

#[test]
fn values_of_lists_may_be_quoted() {
    let values = |query: &str| -> Vec<String> {
        let values = condition(Dialect::Sqlite, query).1.into_iter();
        values
            .map(|value| match value {
                Value::Text(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Null => "null".to_owned(),
            })
            .collect()
    };
    assert_eq!(values("name:in=a,b"), ["a", "b"]);
    assert_eq!(values("name:in=\"a,b\",c"), ["a,b", "c"]);
    assert_eq!(values("name:nin=\"say \"\"hi\"\"\",\"\",,\"\"\"\""), ["say \"hi\"", "", "", "\""]);
    assert_eq!(values("name:in=2\"x4,a\"\"b"), ["2\"x4", "a\"\"b"], "no quote at the beginning");
    for query in
        ["name:in=\"a", "name:in=\"a\"b", "name:in=a,\"", "name:in=\"a\" ,b", "name:in=\"\"\""]
    {
        assert_eq!(refused(query), ["422", "name:in INVALID_FORMAT"], "{query}");
    }
}

#[test]
fn parts_of_milliseconds_are_heeded() {
    let at =
        |query: &str| condition(Dialect::Sqlite, &query.replace('T', "1970-01-01T00:00:00.0019Z"));
    for (op, value) in
        [("lt", 2), ("gte", 2), ("gt", 1), ("lte", 1), ("eq", i64::MIN), ("ne", i64::MIN)]
    {
        let (_, values) = at(&format!("created_at:{op}=T"));
        assert_eq!(values, [Value::Integer(value)], "{op}");
    }
    for text in [
        "2024-01-01 00:00:00Z",
        "2024-W01-1",
        "2024-001",
        "2024-01-01T00:00:00",
        "2024-13-01",
        "20240101",
    ] {
        assert_eq!(refused(&format!("created_at={text}")), ["422", "created_at INVALID_FORMAT"]);
    }
}

#[test]
fn search_knows_more_letters_than_ascii() {
    same(&["search=\u{c4}PFEL", "search=a\u{308}pfel"]);
    let [latin, sharp] = ["STRASSE", "stra\u{df}e"]
        .map(|text| condition(Dialect::Sqlite, &format!("name:contains={text}")));
    assert_eq!(latin, sharp);
    let (postgres, values) = condition(Dialect::Postgres, "name:prefix=\u{3a3}%");
    assert_eq!(postgres, "COALESCE(folded::jsonb ->> 'name', lower(name)) LIKE $2 ESCAPE '!'");
    assert_eq!(values, [Value::Text("\u{3c3}!%%".to_owned())]);
}
