//! Takes the values of a record from the document of a client. The contract's schema has checked
//! the document. Rules over several members, and defaults, are left to do here.

use std::cell::LazyCell;
use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::record::Record;
use crate::contract::{Default, Field, Kind, Resource};
use crate::lossless_json::LosslessJson;
use crate::{Call, Value, Violation};

/// The longest text of a map or list, in bytes of JSON. Without a limit, merges could make it grow
/// for ever.
const JSON_LIMIT: usize = 65_536;

/// How a document is applied to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteMode {
    /// A field that is left out gets its default.
    Replace,
    /// A field that is left out stays as it is (JSON Merge Patch, RFC 7396).
    Merge,
}

/// Sets the fields that a client may write.
///
/// # Errors
/// All violations.
pub(crate) fn assign(
    record: &mut Record,
    resource: &'static Resource,
    call: &Call,
    mode: WriteMode,
    caller: &str,
) -> Result<(), Vec<Violation>> {
    let empty = Map::new();
    let document = call.document().as_object().unwrap_or(&empty);
    // The same members as raw text, for values that must come back as they were written.
    let written = LazyCell::new(|| {
        serde_json::from_slice::<HashMap<String, Box<RawValue>>>(call.body()).unwrap_or_default()
    });
    let mut violations = Vec::new();
    for field in resource.columns().filter(|field| field.writable) {
        let given = match member(resource, field, document) {
            Ok(given) => given,
            Err(violation) => {
                violations.push(violation);
                continue;
            }
        };
        let value = match given {
            None if mode == WriteMode::Merge => continue,
            None | Some(Json::Null) => default_value(field, caller),
            Some(value) if matches!(field.kind, Kind::List | Kind::Map) => {
                let text = written
                    .get(field.name)
                    .map_or_else(|| value.to_string(), |raw| raw.get().to_owned());
                let written = LosslessJson::parse(&text).unwrap_or_else(LosslessJson::null);
                // Values that list filters compare are in NFC. Other values stay as the client
                // wrote them.
                let written = if field.filter { written.normalized() } else { Some(written) };
                let Some(written) = written else {
                    let message = "Must not hold the same text in two Unicode forms.";
                    violations.push(violation(field.name, "NOT_UNIQUE", message));
                    continue;
                };
                // A null in a map removes the name, also in a whole document.
                let known = match record.value(field) {
                    Value::Text(known) if mode == WriteMode::Merge => known,
                    _ => "",
                };
                let mut merged = LosslessJson::parse(known).unwrap_or_else(LosslessJson::null);
                merged.merge(written);
                merged.to_string().into()
            }
            Some(value) => stored(field, value),
        };
        let violation = |code, message: &str| violation(field.name, code, message);
        match &value {
            Value::Null if !field.nullable => {
                violations.push(violation("REQUIRED", "Must be given."))
            }
            Value::Text(text)
                if matches!(field.kind, Kind::Map | Kind::List) && text.len() > JSON_LIMIT =>
            {
                let message = format!("Must have at most {JSON_LIMIT} bytes as JSON.");
                violations.push(violation("TOO_LONG", &message));
            }
            _ => record.put(field, value),
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// The value of a field if the client gives none.
pub(crate) fn default_value(field: &Field, caller: &str) -> Value {
    match field.default {
        Default::None => Value::Null,
        Default::Caller => caller.into(),
        Default::Json(json) => stored(field, &serde_json::from_str(json).unwrap_or(Json::Null)),
    }
}

/// The member for a field, or for a synonym of it. If both are given, then they must have the same
/// value (K-43).
fn member<'a>(
    resource: &'static Resource,
    field: &Field,
    document: &'a Map<String, Json>,
) -> Result<Option<&'a Json>, Violation> {
    let mut found = document.get(field.name);
    for synonym in resource.fields.iter().filter(|it| it.synonym == Some(field.name)) {
        let Some(value) = document.get(synonym.name) else { continue };
        if found.is_some_and(|known| known != value) {
            let message = format!(
                "`{}` is a synonym of `{}`: give one of them, or both with the same value.",
                synonym.name, field.name
            );
            return Err(violation(synonym.name, "CONFLICTING_SYNONYM", &message));
        }
        found = Some(value);
    }
    Ok(found)
}

fn violation(name: &str, code: &str, message: &str) -> Violation {
    Violation {
        pointer: format!("/{name}"),
        code: code.to_owned(),
        message: message.to_owned(),
        value: None,
    }
}

/// The value of a column, from valid JSON.
fn stored(field: &Field, json: &Json) -> Value {
    match (field.kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::Boolean, Json::Bool(truth)) => (*truth).into(),
        (Kind::Timestamp, Json::String(text)) => crate::milliseconds(text).into(),
        (Kind::Integer, Json::Number(number)) => crate::validate::integer(number).into(),
        (Kind::Text, Json::String(text)) => text::nfc(text).into_owned().into(),
        (Kind::Enum(_), Json::String(text)) => text.into(),
        (Kind::Email, Json::String(text)) => text::address(text).into(),
        // Only defaults come here.
        (Kind::List | Kind::Map, json) => json.to_string().into(),
        _ => Value::Null,
    }
}
