//! Text of clients may contain no control characters except line breaks and tabs (`kit::validate`).
//! The YAML files do not repeat this rule for each string. This module adds it to the document that
//! clients read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{METHODS, members};

/// One allowed character of a body, or a line end of two characters.
pub(crate) const CHARACTER: &str =
    "(?:[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]|\\u000d\\u000a)";
/// Text in paths and queries, which may not contain line breaks or tabs either.
const LINE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// Adds the patterns to the strings of request bodies, and to parameters in path and query.
pub(crate) fn describe(bundle: &mut Value) {
    let body_text = format!("^{CHARACTER}*$");
    let mut shared = BTreeSet::new();
    for path in members(&mut bundle["paths"]) {
        parameters(path);
        for method in METHODS {
            let Some(operation) = path.get_mut(method) else { continue };
            parameters(operation);
            let Some(body) = operation.get_mut("requestBody") else { continue };
            if body.get("x-validate") == Some(&Value::Bool(false)) {
                continue;
            }
            if let Some(content) = body.get_mut("content") {
                let schemas = members(content).filter_map(|it| it.get_mut("schema"));
                schemas.for_each(|schema| write(schema, &body_text, &mut shared));
            }
        }
    }
    for parameter in members(&mut bundle["components"]["parameters"]) {
        one(parameter);
    }
    let mut done = BTreeSet::new();
    while let Some(target) = shared.difference(&done).next().cloned() {
        if let Some(schema) = bundle.pointer_mut(target.trim_start_matches('#')) {
            write(schema, &body_text, &mut shared);
        }
        done.insert(target);
    }
}

fn parameters(holder: &mut Value) {
    let list = holder.get_mut("parameters").and_then(Value::as_array_mut);
    list.into_iter().flatten().for_each(one);
}

fn one(parameter: &mut Value) {
    if matches!(parameter["in"].as_str(), Some("path" | "query"))
        && let Some(schema) = parameter.get_mut("schema")
    {
        write(schema, LINE, &mut BTreeSet::new());
    }
}

/// Adds the pattern to strings without an `enum`, `format` or `pattern`. References go into
/// `shared` and are not followed.
fn write(schema: &mut Value, pattern: &str, shared: &mut BTreeSet<String>) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(target) = object.get("$ref").and_then(Value::as_str) {
        shared.insert(target.to_owned());
        return;
    }
    let kind = object.get("type").cloned().unwrap_or_default();
    let is = |wanted: &str| {
        kind == wanted || kind.as_array().is_some_and(|kinds| kinds.contains(&wanted.into()))
    };
    let said = ["enum", "format", "pattern"].iter().any(|key| object.contains_key(*key));
    if is("string") && !said {
        object.insert("pattern".to_owned(), pattern.into());
    }
    if object.get("additionalProperties").is_some_and(Value::is_object) {
        object.insert("propertyNames".to_owned(), serde_json::json!({ "pattern": pattern }));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(schema) = object.get_mut(key) {
            write(schema, pattern, shared);
        }
    }
    if let Some(properties) = object.get_mut("properties") {
        members(properties).for_each(|schema| write(schema, pattern, shared));
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for schema in object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            write(schema, pattern, shared);
        }
    }
}
