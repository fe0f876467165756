//! Values of filters, in the form that their columns store.

use std::borrow::Cow;

use super::op::Op;
use super::problems::Problems;
use crate::contract::{Field, Kind};
use crate::{Timestamp, Value, date, timestamp};

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// A time that no stored time is equal to.
const NEVER: i64 = i64::MIN;

/// The longest text of a filter, in characters.
const TEXT_LIMIT: usize = 500;

/// The value that a text spells for a field.
pub(super) fn parse(
    name: &str,
    field: &Field,
    text: &str,
    problems: &mut Problems,
) -> Option<Value> {
    let spelled = match field.kind {
        Kind::Text | Kind::List | Kind::Map => {
            return check_text(name, text, problems).then(|| Value::Text(text::nfc(text).into()));
        }
        Kind::Email => {
            return check_text(name, text, problems).then(|| Value::Text(text::address(text)));
        }
        Kind::Enum(values) => {
            // K-7: compared whatever their case.
            let found = values.iter().find(|value| value.eq_ignore_ascii_case(text));
            if found.is_none() {
                let message = format!("Must be one of: {}.", values.join(", "));
                problems.wrong(name, "NOT_ALLOWED_VALUE", message);
            }
            return found.map(|value| Value::from(*value));
        }
        Kind::Integer => text.parse().ok(),
        Kind::Boolean => return parse_boolean(name, text, problems),
        Kind::Timestamp => parse_time(text).map(|timestamp| timestamp.ms),
    };
    if spelled.is_none() {
        let (code, kind) = match field.kind {
            Kind::Integer => ("WRONG_TYPE", "an integer"),
            _ => ("INVALID_FORMAT", "a date such as 2026-03-01, or with time as in RFC 3339"),
        };
        problems.wrong(name, code, format!("Must be {kind}."));
    }
    spelled.map(Value::Integer)
}

/// Checks text to compare with: it must not be too long and must have no control characters.
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

/// The value that a text spells for a comparison. Stored times are whole milliseconds. If the text
/// is a time with fractions of a millisecond, then the value is the millisecond that gives the same
/// result for this comparison.
pub(super) fn parse_operand(
    name: &str,
    field: &Field,
    op: Op,
    text: &str,
    problems: &mut Problems,
) -> Option<Value> {
    if field.kind == Kind::Timestamp
        && let Some(timestamp) = parse_time(text).filter(|timestamp| !timestamp.exact)
    {
        return Some(Value::Integer(match op {
            Op::Lt | Op::Gte => timestamp.ceiling(),
            Op::Gt | Op::Lte => timestamp.ms,
            _ => NEVER,
        }));
    }
    parse(name, field, text, problems)
}

/// `true` or `false`.
pub(super) fn parse_boolean(name: &str, text: &str, problems: &mut Problems) -> Option<Value> {
    match text {
        "true" => Some(Value::Integer(1)),
        "false" => Some(Value::Integer(0)),
        _ => {
            problems.wrong(name, "WRONG_TYPE", "Must be true or false.");
            None
        }
    }
}

/// The items of a list with commas. If an item begins with a quote, then it ends with one. Between
/// the quotes it may hold commas, and quotes that are doubled (RFC 4180 section 2).
pub(super) fn items<'a>(
    name: &str,
    text: &'a str,
    problems: &mut Problems,
) -> Option<Vec<Cow<'a, str>>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (item, end) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(&rest[..end]), end)
            }
            Some(quoted) => {
                let Some(length) = closing_quote(quoted) else {
                    let message = "A quoted value ends with a quote, before a comma or the end; \
                                   a quote in it is written twice.";
                    problems.wrong(name, "INVALID_FORMAT", message);
                    return None;
                };
                (Cow::Owned(quoted[..length].replace("\"\"", "\"")), length + 2)
            }
        };
        found.push(item);
        match rest[end..].strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some(found),
        }
    }
}

/// The position of the quote that ends a quoted value, if a comma or the end follows it.
fn closing_quote(quoted: &str) -> Option<usize> {
    let bytes = quoted.as_bytes();
    let mut at = 0;
    loop {
        at += quoted[at..].find('"')?;
        match bytes.get(at + 1) {
            Some(b'"') => at += 2,
            None | Some(b',') => return Some(at),
            Some(_) => return None,
        }
    }
}

/// The time of a text: for a date its beginning in UTC, else that of an RFC 3339 timestamp. If
/// the `+` of an offset is not escaped, then it arrives as a space.
fn parse_time(text: &str) -> Option<Timestamp> {
    if text.len() == 10 {
        return date(text).map(|days| Timestamp { ms: days * DAY, exact: true });
    }
    let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    match offset.strip_prefix(' ') {
        Some(offset) => timestamp(&format!("{time}+{offset}")),
        None => timestamp(text),
    }
}
