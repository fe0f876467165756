//! Parameters of statements.

use super::numeric::Numeric;
use super::range::Range;
use super::{BoxError, time};
use crate::stores::postgres::bindings::{Error, Interval, ParameterValue, RangeBoundKind};
use crate::stores::postgres::error::text;
use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, accepts, to_sql_checked};

/// A parameter in the form in which it is sent. It was checked completely before.
#[derive(Debug)]
pub(in crate::stores::postgres) struct Encoded(Option<BytesMut>);

/// Encodes parameters for a statement whose parameters have these `types`.
pub(in crate::stores::postgres) fn encode(
    values: &[ParameterValue],
    types: &[Type],
) -> Result<Vec<Encoded>, Error> {
    if values.len() != types.len() {
        let (given, wanted) = (values.len(), types.len());
        return Err(text(format!("expected {wanted} parameters but got {given}")));
    }
    let one = |(index, (value, ty)): (usize, (&ParameterValue, &Type))| {
        let mut bytes = BytesMut::new();
        match write(value, ty, &mut bytes) {
            Ok(IsNull::Yes) => Ok(Encoded(None)),
            Ok(IsNull::No) => Ok(Encoded(Some(bytes))),
            Err(ParameterError::Value(why)) => {
                Err(Error::BadParameter(format!("${}: {why}", index + 1)))
            }
            Err(ParameterError::Type(why)) => Err(text(format!("${}: {why}", index + 1))),
        }
    };
    values.iter().zip(types).enumerate().map(one).collect()
}

impl ToSql for Encoded {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        match &self.0 {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// Why a parameter was refused.
enum ParameterError {
    /// The type cannot express the guest's value.
    Value(String),
    /// The statement expects another type.
    Type(BoxError),
}

impl From<String> for ParameterError {
    fn from(why: String) -> Self {
        Self::Value(why)
    }
}

fn write(value: &ParameterValue, ty: &Type, out: &mut BytesMut) -> Result<IsNull, ParameterError> {
    let mut put = |value: &dyn ToSql| value.to_sql_checked(ty, out).map_err(ParameterError::Type);
    match value {
        ParameterValue::Boolean(value) => put(value),
        ParameterValue::Int8(value) => put(value),
        ParameterValue::Int16(value) => put(value),
        ParameterValue::Int32(value) => put(value),
        ParameterValue::Int64(value) => put(value),
        ParameterValue::Floating32(value) => put(value),
        ParameterValue::Floating64(value) => put(value),
        ParameterValue::Str(value) => put(value),
        ParameterValue::Binary(value) => put(value),
        ParameterValue::Date(date) => put(&Days(time::days(*date)?)),
        ParameterValue::Time(time) => put(&Clock(time::micros_of_day(*time)?)),
        ParameterValue::Datetime(datetime) => put(&Instant(time::micros(*datetime)?)),
        ParameterValue::Timestamp(seconds) => put(&Instant(time::micros_of_unix(*seconds)?)),
        ParameterValue::Uuid(value) => {
            put(&uuid::Uuid::parse_str(value).map_err(|_| format!("{value:?} is not a UUID"))?)
        }
        ParameterValue::Jsonb(value) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(value)
                .map_err(|error| format!("not JSON: {error}"))?;
            put(&Json(value))
        }
        ParameterValue::Decimal(value) => put(&Numeric::parse(value)?),
        ParameterValue::RangeInt32(range) => put(&Range(*range)),
        ParameterValue::RangeInt64(range) => put(&Range(*range)),
        ParameterValue::RangeDecimal((lower, upper)) => {
            put(&Range((bound(lower.as_ref())?, bound(upper.as_ref())?)))
        }
        ParameterValue::ArrayInt32(values) => put(values),
        ParameterValue::ArrayInt64(values) => put(values),
        ParameterValue::ArrayDecimal(values) => {
            let number = |value: &Option<String>| value.as_deref().map(Numeric::parse).transpose();
            put(&values.iter().map(number).collect::<Result<Vec<_>, _>>()?)
        }
        ParameterValue::ArrayStr(values) => put(values),
        ParameterValue::Interval(value) => put(&Span(*value)),
        ParameterValue::DbNull => Ok(IsNull::Yes),
    }
}

fn bound(
    bound: Option<&(String, RangeBoundKind)>,
) -> Result<Option<(Numeric, RangeBoundKind)>, String> {
    bound.map(|(number, kind)| Ok((Numeric::parse(number)?, *kind))).transpose()
}

/// Days since 2000-01-01.
#[derive(Debug)]
struct Days(i32);

impl ToSql for Days {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_i32(self.0);
        Ok(IsNull::No)
    }

    accepts!(DATE);
    to_sql_checked!();
}

/// Microseconds since midnight.
#[derive(Debug)]
struct Clock(i64);

impl ToSql for Clock {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_i64(self.0);
        Ok(IsNull::No)
    }

    accepts!(TIME);
    to_sql_checked!();
}

/// Microseconds since 2000-01-01 UTC.
#[derive(Debug)]
struct Instant(i64);

impl ToSql for Instant {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_i64(self.0);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMP, TIMESTAMPTZ);
    to_sql_checked!();
}

#[derive(Debug)]
struct Json<'a>(&'a [u8]);

impl ToSql for Json<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        if *ty == Type::JSONB {
            out.put_u8(1);
        }
        out.put_slice(self.0);
        Ok(IsNull::No)
    }

    accepts!(JSON, JSONB);
    to_sql_checked!();
}

#[derive(Debug)]
struct Span(Interval);

impl ToSql for Span {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        out.put_i64(self.0.micros);
        out.put_i32(self.0.days);
        out.put_i32(self.0.months);
        Ok(IsNull::No)
    }

    accepts!(INTERVAL);
    to_sql_checked!();
}
