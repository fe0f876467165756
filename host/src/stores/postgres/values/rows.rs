//! Rows of results.

use super::numeric::Numeric;
use super::range::Range;
use super::{BoxError, time};
use crate::stores::postgres::bindings::{Column, DbDataType, DbValue, Interval};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Row, Statement};

/// The columns of a statement's result.
pub(in crate::stores::postgres) fn columns(statement: &Statement) -> Vec<Column> {
    let column = |column: &tokio_postgres::Column| Column {
        name: column.name().to_owned(),
        data_type: data_type(column.type_()),
    };
    statement.columns().iter().map(column).collect()
}

/// About how much memory the values of a row take, in bytes.
pub(in crate::stores::postgres) fn size(row: &Row) -> usize {
    row.raw_size_bytes() + row.len() * size_of::<DbValue>()
}

/// The values of a row.
pub(in crate::stores::postgres) fn row(row: &Row) -> Result<Vec<DbValue>, tokio_postgres::Error> {
    (0..row.len()).map(|index| Ok(row.try_get::<_, Value>(index)?.0)).collect()
}

/// A value of any type, or NULL.
struct Value(DbValue);

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        decode(ty, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxError> {
        Ok(Self(DbValue::DbNull))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn data_type(ty: &Type) -> DbDataType {
    match *ty {
        Type::BOOL => DbDataType::Boolean,
        Type::BYTEA => DbDataType::Binary,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        Type::INTERVAL => DbDataType::Interval,
        _ => DbDataType::Other(ty.name().to_owned()),
    }
}

fn decode(ty: &Type, raw: &[u8]) -> Result<DbValue, BoxError> {
    Ok(match *ty {
        Type::BOOL => DbValue::Boolean(FromSql::from_sql(ty, raw)?),
        Type::BYTEA => DbValue::Binary(raw.to_vec()),
        Type::FLOAT4 => DbValue::Floating32(FromSql::from_sql(ty, raw)?),
        Type::FLOAT8 => DbValue::Floating64(FromSql::from_sql(ty, raw)?),
        Type::INT2 => DbValue::Int16(FromSql::from_sql(ty, raw)?),
        Type::INT4 => DbValue::Int32(FromSql::from_sql(ty, raw)?),
        Type::INT8 => DbValue::Int64(FromSql::from_sql(ty, raw)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbValue::Str(FromSql::from_sql(ty, raw)?),
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            DbValue::Datetime(time::datetime(FromSql::from_sql(&Type::INT8, raw)?)?)
        }
        Type::DATE => DbValue::Date(time::date(FromSql::from_sql(&Type::INT4, raw)?)?),
        Type::TIME => DbValue::Time(time::time_of_day(FromSql::from_sql(&Type::INT8, raw)?)?),
        Type::UUID => DbValue::Uuid(uuid::Uuid::from_slice(raw)?.to_string()),
        // The first byte is the version of the format.
        Type::JSONB => DbValue::Jsonb(raw.get(1..).unwrap_or_default().to_vec()),
        Type::NUMERIC => DbValue::Decimal(Numeric::from_sql(ty, raw)?.0),
        Type::INT4_RANGE => DbValue::RangeInt32(Range::from_sql(ty, raw)?.0),
        Type::INT8_RANGE => DbValue::RangeInt64(Range::from_sql(ty, raw)?.0),
        Type::NUM_RANGE => {
            let (lower, upper) = Range::<Numeric>::from_sql(ty, raw)?.0;
            let text = |(number, kind): (Numeric, _)| (number.0, kind);
            DbValue::RangeDecimal((lower.map(text), upper.map(text)))
        }
        Type::INT4_ARRAY => DbValue::ArrayInt32(FromSql::from_sql(ty, raw)?),
        Type::INT8_ARRAY => DbValue::ArrayInt64(FromSql::from_sql(ty, raw)?),
        Type::NUMERIC_ARRAY => {
            let numbers: Vec<Option<Numeric>> = FromSql::from_sql(ty, raw)?;
            DbValue::ArrayDecimal(numbers.into_iter().map(|number| Some(number?.0)).collect())
        }
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => {
            DbValue::ArrayStr(FromSql::from_sql(ty, raw)?)
        }
        Type::INTERVAL => DbValue::Interval(interval(raw)?),
        _ => DbValue::Unsupported(raw.to_vec()),
    })
}

fn interval(raw: &[u8]) -> Result<Interval, BoxError> {
    let (micros, rest) = raw.split_first_chunk().ok_or("not an interval")?;
    let (days, rest) = rest.split_first_chunk().ok_or("not an interval")?;
    let months = rest.first_chunk().ok_or("not an interval")?;
    Ok(Interval {
        micros: i64::from_be_bytes(*micros),
        days: i32::from_be_bytes(*days),
        months: i32::from_be_bytes(*months),
    })
}
