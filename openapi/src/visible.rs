//! Writes the rules of `x-visible` and `x-spelling` into the document that clients read, as
//! patterns that generators and validators know.
//!
//! The pattern of `x-visible` is not the whole rule, because not every dialect of patterns can name
//! characters beyond the Basic Multilingual Plane. `kit::validate` checks the whole rule. The
//! function itself checks `x-spelling`.

use serde_json::Value;

use crate::characters::CHARACTER;

/// The values of `x-spelling`, each with its pattern.
pub(crate) const SPELLINGS: [(&str, &str); 2] =
    [("kebab-case", "^[a-z0-9]+(?:-[a-z0-9]+)*$"), ("token", "^[A-Za-z0-9_-]*$")];

/// Adds the pattern to every schema with one of these marks.
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

/// A pattern for text with at least one visible character.
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
