//! Values of filters, as their columns hold them.

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

use super::Problems;
use crate::contract::{Field, Kind};

/// The longest text of a filter, in characters.
const TEXT_LIMIT: usize = 500;

/// A value as SQL gets it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Literal {
    /// A number, a truth value, or milliseconds since the Unix epoch.
    Integer(i64),
    /// Text.
    Text(String),
}

/// The value that a text spells for a field.
pub(super) fn parse(
    name: &str,
    field: &Field,
    text: &str,
    problems: &mut Problems,
) -> Option<Literal> {
    let spelled = match field.kind {
        Kind::Text | Kind::List | Kind::Map => {
            return check_text(name, text, problems).then(|| Literal::Text(text.to_owned()));
        }
        Kind::Enum(values) => {
            // K-7: compared whatever their case.
            let found = values.iter().find(|value| value.eq_ignore_ascii_case(text));
            if found.is_none() {
                let message = format!("Must be one of: {}.", values.join(", "));
                problems.wrong(name, "NOT_ALLOWED_VALUE", message);
            }
            return found.map(|value| Literal::Text((*value).to_owned()));
        }
        Kind::Integer => text.parse().ok(),
        Kind::Boolean => match text {
            "true" => Some(1),
            "false" => Some(0),
            _ => None,
        },
        Kind::Timestamp => moment(text),
    };
    if spelled.is_none() {
        let (code, kind) = match field.kind {
            Kind::Integer => ("WRONG_TYPE", "an integer"),
            Kind::Boolean => ("WRONG_TYPE", "true or false"),
            _ => ("INVALID_FORMAT", "a date such as 2026-03-01, or with time as in RFC 3339"),
        };
        problems.wrong(name, code, format!("Must be {kind}."));
    }
    spelled.map(Literal::Integer)
}

/// Text that may be compared with: not too long, and without control characters.
pub(super) fn check_text(name: &str, text: &str, problems: &mut Problems) -> bool {
    if text.chars().any(char::is_control) {
        problems.wrong(name, "CONTROL_CHARACTER", "Must not hold control characters.");
        return false;
    }
    if text.chars().count() > TEXT_LIMIT {
        let message = format!("Must have at most {TEXT_LIMIT} characters.");
        problems.wrong(name, "TOO_LONG", message);
        return false;
    }
    true
}

/// Milliseconds since the Unix epoch: of a date its beginning in UTC, or of an RFC 3339
/// time. An unescaped `+` of an offset arrives as a space.
fn moment(text: &str) -> Option<i64> {
    let time = match text.len() {
        10 => {
            let mut parts = text.split('-');
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let month: u8 = month.parse().ok()?;
            let date = Date::from_calendar_date(
                year.parse().ok()?,
                time::Month::try_from(month).ok()?,
                day.parse().ok()?,
            );
            date.ok()?.with_time(Time::MIDNIGHT).assume_utc()
        }
        _ => OffsetDateTime::parse(&text.replace(' ', "+"), &Rfc3339).ok()?,
    };
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}
