//! Ranges of numbers.

use super::BoxError;
use crate::stores::postgres::bindings::RangeBoundKind;
use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const NO_LOWER: u8 = 0x08;
const NO_UPPER: u8 = 0x10;

type Bound<T> = Option<(T, RangeBoundKind)>;

/// A range in the form of the interface: a lower and an upper bound. This form cannot tell the
/// empty range from the range without bounds.
#[derive(Debug)]
pub(super) struct Range<T>(pub(super) (Bound<T>, Bound<T>));

impl<'a, T: FromSql<'a>> FromSql<'a> for Range<T> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let Kind::Range(inner) = ty.kind() else { return Err("not a range".into()) };
        let (flags, mut rest) = raw.split_first().ok_or("a range without flags")?;
        let mut bound = |absent: u8, inclusive: u8| -> Result<Bound<T>, BoxError> {
            if flags & (absent | EMPTY) != 0 {
                return Ok(None);
            }
            let (length, after) = rest.split_first_chunk().ok_or("a range without bound")?;
            let length = usize::try_from(i32::from_be_bytes(*length))?;
            let (value, after) = after.split_at_checked(length).ok_or("a bound that is short")?;
            rest = after;
            let kind = match flags & inclusive {
                0 => RangeBoundKind::Exclusive,
                _ => RangeBoundKind::Inclusive,
            };
            Ok(Some((T::from_sql(inner, value)?, kind)))
        };
        let lower = bound(NO_LOWER, LOWER_INCLUSIVE)?;
        let upper = bound(NO_UPPER, UPPER_INCLUSIVE)?;
        Ok(Self((lower, upper)))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(inner) if T::accepts(inner))
    }
}

impl<T: ToSql> ToSql for Range<T> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        let Kind::Range(inner) = ty.kind() else { return Err("not a range".into()) };
        let flags = |bound: &Bound<T>, absent: u8, inclusive: u8| match bound {
            None => absent,
            Some((_, RangeBoundKind::Inclusive)) => inclusive,
            Some((_, RangeBoundKind::Exclusive)) => 0,
        };
        let (lower, upper) = &self.0;
        out.put_u8(
            flags(lower, NO_LOWER, LOWER_INCLUSIVE) | flags(upper, NO_UPPER, UPPER_INCLUSIVE),
        );
        for (value, _) in [lower, upper].into_iter().flatten() {
            let mut bytes = BytesMut::new();
            value.to_sql(inner, &mut bytes)?;
            out.put_i32(i32::try_from(bytes.len())?);
            out.extend_from_slice(&bytes);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Range(inner) if T::accepts(inner))
    }

    to_sql_checked!();
}
