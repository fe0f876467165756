//! The parts of an OpenAPI document: its paths and operations, members and references.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// The methods that an operation may have.
pub(crate) const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];

/// The operations with their paths and methods.
pub(crate) fn operations(bundle: &Value) -> impl Iterator<Item = (&String, &'static str, &Value)> {
    items(bundle).flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| Some((path, *method, item.get(*method)?)))
    })
}

/// The paths with their items.
pub(crate) fn items(bundle: &Value) -> impl Iterator<Item = (&String, &Value)> {
    bundle["paths"].as_object().into_iter().flat_map(Map::iter)
}

/// Whether `security` requires a credential.
pub(crate) fn is_protected(security: &Value) -> bool {
    let choices = security.as_array().map(Vec::as_slice).unwrap_or_default();
    !choices.is_empty() && choices.iter().all(|choice| choice != &Value::Object(Map::new()))
}

/// The values of an object.
pub(crate) fn members(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    object.as_object_mut().into_iter().flat_map(Map::values_mut)
}

/// The value that a reference points to.
pub(crate) fn resolve<'a>(bundle: &'a Value, target: &str) -> Result<&'a Value> {
    let found = target.strip_prefix('#').and_then(|pointer| bundle.pointer(pointer));
    found.with_context(|| format!("$ref {target} leads nowhere"))
}

/// The value itself. If it is a reference, then the value that it points to.
pub(crate) fn follow<'a>(bundle: &'a Value, value: &'a Value) -> Result<&'a Value> {
    match value.get("$ref").and_then(Value::as_str) {
        Some(target) => resolve(bundle, target),
        None => Ok(value),
    }
}
