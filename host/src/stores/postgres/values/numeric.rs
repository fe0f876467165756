//! Decimal numbers as text, exact to the last digit.

use super::BoxError;
use bytes::{BufMut as _, BytesMut};
use std::fmt::Write as _;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

const NEGATIVE: u16 = 0x4000;
/// Values that have no digits, with PostgreSQL's mark for each.
const SPECIAL: [(&str, u16); 3] = [("NaN", 0xC000), ("Infinity", 0xD000), ("-Infinity", 0xF000)];
/// The most digits before and after the decimal point.
const DIGITS: (usize, usize) = (131_072, 16_383);

/// A number in the form `-123.450`.
#[derive(Debug)]
pub(super) struct Numeric(pub(super) String);

impl Numeric {
    /// Checks that `text` is a number that a column may hold.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (whole, fraction) = parts(text);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = whole.len() <= DIGITS.0 && fraction.len() <= DIGITS.1;
        let number = digits(whole) && digits(fraction) && whole.len() + fraction.len() > 0 && fits;
        if number || SPECIAL.iter().any(|(name, _)| *name == text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a decimal number"))
        }
    }
}

/// The digits before and after the decimal point.
fn parts(text: &str) -> (&str, &str) {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.split_once('.').unwrap_or((digits, ""))
}

/// In the binary format a number is a list of digits of base 10,000. The first digit counts 10,000
/// to the power of `weight`.
impl ToSql for Numeric {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxError> {
        let (whole, fraction) = parts(&self.0);
        let scale = u16::try_from(fraction.len())?;
        if let Some((_, sign)) = SPECIAL.iter().find(|(name, _)| *name == self.0) {
            return put(out, &[], 0, *sign, 0);
        }
        let padding = (4 - whole.len() % 4) % 4;
        let padded = format!("{}{whole}{fraction}000", &"000"[..padding]);
        let digits: Vec<u16> = padded
            .as_bytes()
            .chunks_exact(4)
            .map(|four| four.iter().fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0')))
            .collect();
        let weight = i16::try_from(whole.len().div_ceil(4))? - 1;
        let Some(first) = digits.iter().position(|digit| *digit != 0) else {
            return put(out, &[], 0, 0, scale);
        };
        let last = digits.iter().rposition(|digit| *digit != 0).unwrap_or(first);
        let sign = if self.0.starts_with('-') { NEGATIVE } else { 0 };
        put(out, &digits[first..=last], weight - i16::try_from(first)?, sign, scale)
    }

    accepts!(NUMERIC);
    to_sql_checked!();
}

fn put(
    out: &mut BytesMut,
    digits: &[u16],
    weight: i16,
    sign: u16,
    scale: u16,
) -> Result<IsNull, BoxError> {
    out.put_u16(u16::try_from(digits.len())?);
    out.put_i16(weight);
    out.put_u16(sign);
    out.put_u16(scale);
    digits.iter().for_each(|digit| out.put_u16(*digit));
    Ok(IsNull::No)
}

impl<'a> FromSql<'a> for Numeric {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxError> {
        let mut words = raw.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
        let mut next = || words.next().ok_or("a number that is short");
        let (_, weight, sign, scale) = (next()?, next()?.cast_signed(), next()?, next()?);
        if let Some((name, _)) = SPECIAL.iter().find(|(_, special)| *special == sign) {
            return Ok(Self((*name).to_owned()));
        }
        let digits: Vec<u16> = words.collect();
        let digit = |power: i32| {
            let index = usize::try_from(i32::from(weight) - power).ok();
            index.and_then(|index| digits.get(index)).copied().unwrap_or_default()
        };
        let mut text = String::from(if sign == NEGATIVE { "-" } else { "" });
        let highest = i32::from(weight.max(0));
        write!(text, "{}", digit(highest))?;
        for power in (0..highest).rev() {
            write!(text, "{:04}", digit(power))?;
        }
        if scale > 0 {
            text.push('.');
            let end = text.len() + usize::from(scale);
            let mut power = 0;
            while text.len() < end {
                power -= 1;
                write!(text, "{:04}", digit(power))?;
            }
            text.truncate(end);
        }
        Ok(Self(text))
    }

    accepts!(NUMERIC);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for text in [
            "0",
            "0.00",
            "1",
            "-1",
            "10000",
            "9999",
            "100000000",
            "0.0001",
            "0.00001",
            "-0.5",
            "123456789012345678901234567890.123456789012345678901234567890",
            "NaN",
            "Infinity",
            "-Infinity",
            "1000000.10",
            "0.00000000000000000001",
        ] {
            let mut bytes = BytesMut::new();
            let number = Numeric::parse(text).expect("a number");
            number.to_sql(&Type::NUMERIC, &mut bytes).expect("encoded");
            assert_eq!(Numeric::from_sql(&Type::NUMERIC, &bytes).expect("decoded").0, text);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "1e3", "1,5", "--1", "0x1", " 1", "١", "nan", "1.2.3"] {
            assert!(Numeric::parse(text).is_err(), "{text}");
        }
        assert!(Numeric::parse(&"9".repeat(DIGITS.0 + 1)).is_err());
    }
}
