//! Tells clients, and tools that walk an API, what can be asked about an object that they
//! have just created: each creation links to the operations on one object (OpenAPI `links`).

use serde_json::{Map, Value, json};

use crate::bundle::{METHODS, follow};

/// Adds links to the 201 of each `POST` on a collection that has paths with an id below it.
pub(crate) fn add(bundle: &mut Value) {
    let paths = bundle["paths"].as_object().into_iter().flat_map(Map::keys);
    for path in paths.cloned().collect::<Vec<_>>() {
        let Some(answer) = linked(bundle, &path) else { continue };
        bundle["paths"][&path]["post"]["responses"]["201"] = answer;
    }
}

/// The 201 of a path with its links, if it has any. Links are an operation's own, so a shared
/// answer is written out.
fn linked(bundle: &Value, path: &str) -> Option<Value> {
    let answer = bundle["paths"][path]["post"]["responses"].get("201")?;
    let mut answer = follow(bundle, answer).ok()?.clone();
    let (item, variable) = one(bundle, path)?;
    let id = id(bundle, &answer, variable)?;
    let mut parameters = Map::new();
    for name in variables(path) {
        parameters.insert(name.to_owned(), format!("$request.path.{name}").into());
    }
    parameters.insert(variable.to_owned(), format!("$response.body#/{id}").into());
    for operation in METHODS.iter().filter_map(|method| item.get(method)) {
        let name = operation["operationId"].as_str()?;
        answer["links"][name] = json!({ "operationId": name, "parameters": parameters });
    }
    Some(answer)
}

/// The path of one object of a collection, and the name of its id there.
fn one<'a>(bundle: &'a Value, collection: &str) -> Option<(&'a Value, &'a str)> {
    bundle["paths"].as_object()?.iter().find_map(|(path, item)| {
        let variable = path.strip_prefix(collection)?.strip_prefix("/{")?.strip_suffix('}')?;
        (!variable.contains('/')).then_some((item, variable))
    })
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The member of the answer that is the id: `id`, or what the path calls it.
fn id<'a>(bundle: &Value, answer: &Value, variable: &'a str) -> Option<&'a str> {
    let content = answer["content"].as_object()?;
    let (_, content) = content.iter().find(|(media_type, _)| media_type.ends_with("json"))?;
    let schema = follow(bundle, &content["schema"]).ok()?;
    ["id", variable].into_iter().find(|name| schema["properties"].get(*name).is_some())
}
