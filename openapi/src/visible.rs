//! Writes what `x-visible` and `x-spelling` mean into the document that clients read, as a
//! pattern that generators and validators know. Of the first `kit::validate` holds the whole rule:
//! beyond the Basic Multilingual Plane not every dialect of patterns can name characters. The
//! second is held by the function.

use serde_json::Value;

use crate::characters::CHARACTER;

/// What `x-spelling` may say, and its pattern.
pub(crate) const SPELLINGS: [(&str, &str); 2] =
    [("kebab-case", "^[a-z0-9]+(?:-[a-z0-9]+)*$"), ("token", "^[A-Za-z0-9_-]*$")];

/// Adds the pattern to every schema with a mark.
pub(crate) fn write(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("x-visible").is_some_and(|mark| mark == true) {
                object.insert("pattern".to_owned(), pattern().into());
            }
            let spelling = object.get("x-spelling").and_then(Value::as_str);
            if let Some((_, pattern)) = SPELLINGS.iter().find(|(name, _)| spelling == Some(*name)) {
                object.insert("pattern".to_owned(), (*pattern).into());
            }
            object.values_mut().for_each(write);
        }
        Value::Array(list) => list.iter_mut().for_each(write),
        _ => {}
    }
}

/// Text of which one character is not invisible.
fn pattern() -> String {
    let ranges = ::text::INVISIBLE.iter().filter(|(_, last)| *last <= 0xFFFF);
    let ranges = ranges.map(|(first, last)| match first == last {
        true => format!("\\u{first:04x}"),
        false => format!("\\u{first:04x}-\\u{last:04x}"),
    });
    let ranges = ranges.collect::<String>();
    let seen = format!("[^\\s\\u0000-\\u001f\\u007f-\\u009f{ranges}]");
    format!("^{CHARACTER}*{seen}{CHARACTER}*$")
}
