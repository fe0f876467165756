//! Tests of every type in both directions, against a real server.

use crate::stores::postgres::Connection;
use crate::stores::postgres::bindings::{
    DbDataType, DbValue, Error, Interval, ParameterValue, QueryError, RangeBoundKind,
};
use crate::stores::postgres::tests::database;
use RangeBoundKind::{Exclusive, Inclusive};

/// Compares the server's result for a parameter, and the same result as text.
async fn check(
    connection: &Connection,
    ty: &str,
    given: ParameterValue,
    expected: DbValue,
    as_text: &str,
) {
    let sql = format!("SELECT $1::{ty}, $1::{ty}::text");
    let found = connection.query(sql, vec![given]).await;
    let rows = found.unwrap_or_else(|error| panic!("{ty}: {error:?}")).rows;
    assert_eq!(format!("{:?}", rows[0][0]), format!("{expected:?}"), "{ty}");
    assert_eq!(format!("{:?}", rows[0][1]), format!("{:?}", DbValue::Str(as_text.into())), "{ty}");
}

#[tokio::test]
async fn values_go_there_and_back() {
    use DbValue as V;
    use ParameterValue as P;
    let database = database(1).await;
    let c = &database.open();
    // The server chooses the format of printed dates, so the test sets it.
    c.execute("SET datestyle = 'ISO, YMD'".into(), vec![]).await.expect("set");
    c.execute("SET timezone = 'UTC'".into(), vec![]).await.expect("set");
    check(c, "bool", P::Boolean(true), V::Boolean(true), "true").await;
    check(c, "int2", P::Int16(-2), V::Int16(-2), "-2").await;
    check(c, "int4", P::Int32(i32::MIN), V::Int32(i32::MIN), "-2147483648").await;
    check(c, "int8", P::Int64(i64::MAX), V::Int64(i64::MAX), "9223372036854775807").await;
    check(c, "float4", P::Floating32(1.5), V::Floating32(1.5), "1.5").await;
    check(c, "float8", P::Floating64(-0.1), V::Floating64(-0.1), "-0.1").await;
    for ty in ["text", "varchar", "bpchar"] {
        check(c, ty, P::Str("Größe 'x'".into()), V::Str("Größe 'x'".into()), "Größe 'x'").await;
    }
    check(c, "bytea", P::Binary(vec![0, 255]), V::Binary(vec![0, 255]), "\\x00ff").await;
    check(c, "date", P::Date((2024, 2, 29)), V::Date((2024, 2, 29)), "2024-02-29").await;
    let time = (23, 59, 59, 123_456_000);
    check(c, "time", P::Time(time), V::Time(time), "23:59:59.123456").await;
    check(c, "time", P::Time((24, 0, 0, 0)), V::Time((24, 0, 0, 0)), "24:00:00").await;
    let at = (1969, 12, 31, 23, 59, 58, 999_999_000);
    check(c, "timestamp", P::Datetime(at), V::Datetime(at), "1969-12-31 23:59:58.999999").await;
    let text = "1969-12-31 23:59:58.999999+00";
    check(c, "timestamptz", P::Datetime(at), V::Datetime(at), text).await;
    let at = (2001, 9, 9, 1, 46, 40, 0);
    let text = "2001-09-09 01:46:40+00";
    check(c, "timestamptz", P::Timestamp(1_000_000_000), V::Datetime(at), text).await;
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    check(c, "uuid", P::Uuid(id.into()), V::Uuid(id.into()), id).await;
    let json = br#"{"a": [1, null]}"#.to_vec();
    check(c, "jsonb", P::Jsonb(json.clone()), V::Jsonb(json), r#"{"a": [1, null]}"#).await;
    for number in ["0", "-12.3400", "79228162514264337593543950336.5", "0.00001", "NaN"] {
        let (given, expected) = (P::Decimal(number.into()), V::Decimal(number.into()));
        check(c, "numeric", given, expected, number).await;
    }
    let span = Interval { micros: 1_000_001, days: -2, months: 14 };
    let text = "1 year 2 mons -2 days +00:00:01.000001";
    check(c, "interval", P::Interval(span), V::Interval(span), text).await;
    let null = P::DbNull;
    let rows = c.query("SELECT $1::int4range".into(), vec![null]).await.expect("null").rows;
    assert!(matches!(rows[0][0], V::DbNull));
}

#[tokio::test]
async fn ranges_and_arrays_go_there_and_back() {
    use DbValue as V;
    use ParameterValue as P;
    let database = database(1).await;
    let c = &database.open();
    let given = (Some((1, Inclusive)), Some((4, Inclusive)));
    let normal = (Some((1, Inclusive)), Some((5, Exclusive)));
    check(c, "int4range", P::RangeInt32(given), V::RangeInt32(normal), "[1,5)").await;
    let open = (Some((i32::MAX, Inclusive)), None);
    check(c, "int4range", P::RangeInt32(open), V::RangeInt32(open), "[2147483647,)").await;
    let empty = (Some((1, Inclusive)), Some((1, Exclusive)));
    check(c, "int4range", P::RangeInt32(empty), V::RangeInt32((None, None)), "empty").await;
    let long = (None, Some((1 << 40, Exclusive)));
    check(c, "int8range", P::RangeInt64(long), V::RangeInt64(long), "(,1099511627776)").await;
    let decimal = (Some(("1.50".to_owned(), Exclusive)), Some(("2".to_owned(), Inclusive)));
    let (given, expected) = (P::RangeDecimal(decimal.clone()), V::RangeDecimal(decimal));
    check(c, "numrange", given, expected, "(1.50,2]").await;

    let array = vec![Some(1), None];
    check(c, "int4[]", P::ArrayInt32(array.clone()), V::ArrayInt32(array), "{1,NULL}").await;
    check(c, "int8[]", P::ArrayInt64(vec![Some(2)]), V::ArrayInt64(vec![Some(2)]), "{2}").await;
    check(c, "int8[]", P::ArrayInt64(vec![]), V::ArrayInt64(vec![]), "{}").await;
    let array = vec![Some("1.0".to_owned()), None];
    let (given, expected) = (P::ArrayDecimal(array.clone()), V::ArrayDecimal(array));
    check(c, "numeric[]", given, expected, "{1.0,NULL}").await;
    for ty in ["text[]", "varchar[]"] {
        let array = vec![Some("a,b".to_owned()), None];
        let (given, expected) = (P::ArrayStr(array.clone()), V::ArrayStr(array));
        check(c, ty, given, expected, "{\"a,b\",NULL}").await;
    }
}

/// Columns are reported even without rows. A value whose type the interface does not have comes as
/// bytes.
#[tokio::test]
async fn columns_have_names_and_types() {
    let database = database(1).await;
    let c = database.open();
    let sql = "SELECT 1::int2 AS a, 'x'::json AS b, '1.2.3.4'::inet WHERE false";
    let found = c.query(sql.replace("'x'", "'1'"), vec![]).await.expect("columns");
    let [a, b, inet] = found.columns.as_slice() else { panic!("{:?}", found.columns) };
    assert!(matches!((a.name.as_str(), &a.data_type), ("a", DbDataType::Int16)));
    assert!(matches!(&b.data_type, DbDataType::Other(name) if name == "json"));
    assert!(matches!(&inet.data_type, DbDataType::Other(name) if name == "inet"));
    assert!(found.rows.is_empty());
    let found = c.query("SELECT '[1]'::json".into(), vec![]).await.expect("bytes");
    assert!(matches!(&found.rows[0][0], DbValue::Unsupported(bytes) if bytes == b"[1]"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_the_session_goes_on() {
    use ParameterValue as P;
    let database = database(1).await;
    let c = database.open();
    for (ty, value) in [
        ("numeric", P::Decimal("1e5".into())),
        ("uuid", P::Uuid("x".into())),
        ("jsonb", P::Jsonb(b"{".to_vec())),
        ("date", P::Date((2023, 2, 30))),
        ("time", P::Time((25, 0, 0, 0))),
        ("timestamptz", P::Timestamp(i64::MAX)),
    ] {
        let refused = c.query(format!("SELECT $1::{ty}"), vec![value]).await;
        assert!(matches!(refused, Err(Error::BadParameter(_))), "{ty}: {refused:?}");
    }
    let text = |result: Result<_, Error>| match result {
        Err(Error::QueryFailed(QueryError::Text(text))) => text,
        Err(error) => panic!("{error:?}"),
        Ok(()) => panic!("not refused"),
    };
    let of = async |sql: &str, values| text(c.query(sql.into(), values).await.map(|_| ()));
    let wrong = of("SELECT $1::int4", vec![P::Int64(1)]).await;
    assert!(wrong.contains("$1") && wrong.contains("int4"), "{wrong}");
    assert_eq!(of("SELECT $1::int4", vec![]).await, "expected 1 parameters but got 0");
    for endless in ["SELECT 'infinity'::timestamptz", "SELECT 'infinity'::date"] {
        assert!(of(endless, vec![]).await.contains("year"), "{endless}");
    }
    let found = c.query("SELECT 1".into(), vec![]).await.expect("the session goes on");
    assert!(matches!(found.rows[0][0], DbValue::Int32(1)));
}
