//! The contract with the native form only (`/openapi.native.json`), for generators of clients. If a
//! response has several forms, then many generators make one type of them, which has no members.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::{METHODS, members};

const JSON: &str = "application/json";
const NOTE: &str = "\nThis document has the native form alone, for generators of clients; `/openapi.json` has all forms.\n";

/// Reduces the document to one media type, plain JSON, wherever there is JSON. Components that
/// nothing refers to any more are removed.
pub(crate) fn project_to_json(mut bundle: Value) -> Value {
    for path in members(&mut bundle["paths"]) {
        for method in METHODS {
            let Some(operation) = path.get_mut(method) else { continue };
            operation.get_mut("requestBody").into_iter().for_each(narrow);
            members(&mut operation["responses"]).for_each(narrow);
        }
    }
    members(&mut bundle["components"]["responses"]).for_each(narrow);
    if let Some(description) = bundle["info"]["description"].as_str() {
        bundle["info"]["description"] = format!("{description}{NOTE}").into();
    }
    let mut parts = Map::new();
    name_parts(&mut bundle["paths"], &mut parts);
    bundle["components"]["schemas"]
        .as_object_mut()
        .into_iter()
        .for_each(|it| it.append(&mut parts));
    while prune(&mut bundle) {}
    bundle
}

/// Gives the sparse form of an object (the `fields` parameter) a named schema, such as
/// `SparseProject` beside `Project`. Without it, a generator makes up a name for each place where
/// the form occurs.
fn name_parts(value: &mut Value, parts: &mut Map<String, Value>) {
    if let Some([whole, part]) =
        value.get_mut("anyOf").and_then(Value::as_array_mut).map(Vec::as_mut_slice)
        && let Some(name) =
            whole["$ref"].as_str().and_then(|it| it.strip_prefix("#/components/schemas/"))
        && part.get("properties").is_some()
    {
        let name = format!("Sparse{name}");
        if parts.entry(&name).or_insert_with(|| part.clone()) == part {
            *part = json!({ "$ref": format!("#/components/schemas/{name}") });
        }
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(|it| name_parts(it, parts)),
        Value::Array(list) => list.iter_mut().for_each(|it| name_parts(it, parts)),
        _ => {}
    }
}

fn narrow(holder: &mut Value) {
    let Some(content) = holder.get_mut("content").and_then(Value::as_object_mut) else { return };
    let Some(mut json) = content.remove(JSON) else { return };
    // The native form of an error comes first. The other forms have the same media type with
    // another profile.
    let native = json["schema"]["anyOf"].as_array().filter(|forms| {
        forms.first().is_some_and(|form| form["$ref"] == "#/components/schemas/Error")
    });
    if let Some(native) = native.map(|forms| forms[0].clone()) {
        json["schema"] = native;
    }
    *content = Map::from_iter([(JSON.to_owned(), json)]);
}

/// Removes components that nothing refers to. Returns whether it removed any.
fn prune(bundle: &mut Value) -> bool {
    let mut used = BTreeSet::new();
    references(bundle, &mut used);
    let mut pruned = false;
    for (group, components) in bundle["components"].as_object_mut().into_iter().flatten() {
        // Security requirements refer to schemes by name, not by `$ref`.
        if group == "securitySchemes" {
            continue;
        }
        let Some(components) = components.as_object_mut() else { continue };
        let before = components.len();
        components.retain(|name, _| used.contains(&format!("#/components/{group}/{name}")));
        pruned |= components.len() < before;
    }
    pruned
}

fn references(value: &Value, used: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            used.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
            object.values().for_each(|value| references(value, used));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, used)),
        _ => {}
    }
}
