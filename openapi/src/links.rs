//! Tells clients, and tools that walk an API, what can be asked about an object that they
//! have just created: each creation links to the operations on one object (OpenAPI `links`).

use serde_json::{Map, Value, json};

use crate::bundle::{METHODS, follow};

/// Adds links to the 201 of each `POST` on a collection that has paths with an id below it.
pub(crate) fn add(bundle: &mut Value) {
    let paths = bundle["paths"].as_object().into_iter().flat_map(Map::keys);
    for path in paths.cloned().collect::<Vec<_>>() {
        let place =
            format!("/paths/{}/post/responses/201", path.replace('~', "~0").replace('/', "~1"));
        let Some(answer) = bundle.pointer(&place) else { continue };
        let Some(links) = links(bundle, &path, answer) else { continue };
        // A shared answer is shared with its links; those that name variables of the path are
        // one operation's own, so that answer is written out.
        let shared = answer["$ref"].as_str().filter(|_| variables(&path).next().is_none());
        let place = match shared.and_then(|target| target.strip_prefix('#')) {
            Some(shared) => shared.to_owned(),
            None => {
                let answer = follow(bundle, answer).cloned();
                if let (Ok(answer), Some(known)) = (answer, bundle.pointer_mut(&place)) {
                    *known = answer;
                }
                place
            }
        };
        if let Some(answer) = bundle.pointer_mut(&place) {
            answer["links"] = links;
        }
    }
}

/// The links of the answer to a creation, if it has any.
fn links(bundle: &Value, path: &str, answer: &Value) -> Option<Value> {
    let (item, variable) = one(bundle, path)?;
    let id = id(bundle, follow(bundle, answer).ok()?, variable)?;
    let mut parameters = Map::new();
    for name in variables(path) {
        parameters.insert(name.to_owned(), format!("$request.path.{name}").into());
    }
    parameters.insert(variable.to_owned(), format!("$response.body#/{id}").into());
    let operations = METHODS.iter().filter_map(|method| item.get(method)?["operationId"].as_str());
    let link = |name: &str| json!({ "operationId": name, "parameters": parameters });
    Some(operations.map(|name| (name.to_owned(), link(name))).collect::<Map<_, _>>().into())
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
