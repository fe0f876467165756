//! Writes what `x-visible` means into the document that clients read, as a pattern that
//! generators and validators know. `kit::validate` holds the whole of the rule: beyond the
//! Basic Multilingual Plane not every dialect of patterns can name characters.

use serde_json::Value;

use crate::characters::CHARACTER;

/// Adds the pattern to every schema with the mark.
pub(crate) fn write(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("x-visible").is_some_and(|mark| mark == true) {
                object.insert("pattern".to_owned(), pattern().into());
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
