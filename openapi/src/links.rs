//! Adds OpenAPI `links` to creations. They tell clients, and tools that walk an API, which
//! operations exist for an object that was just created.

use serde_json::{Map, Value, json};

use crate::document::{METHODS, follow};

/// Adds links to the 201 response of each `POST` on a collection that has paths with an id below
/// it.
pub(crate) fn add(bundle: &mut Value) {
    let paths = bundle["paths"].as_object().into_iter().flat_map(Map::keys);
    for path in paths.cloned().collect::<Vec<_>>() {
        let place =
            format!("/paths/{}/post/responses/201", path.replace('~', "~0").replace('/', "~1"));
        let Some(answer) = bundle.pointer(&place) else { continue };
        let Some(links) = links(bundle, &path, answer) else { continue };
        // A response that several operations share gets shared links. If the links name variables
        // of the path, then they belong to one operation only, so its response is written out.
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

/// The links of a creation's response. `None` if there are no paths with an id below the
/// collection.
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

/// The path item of one object of a collection, and the name of its id in the path.
fn one<'a>(bundle: &'a Value, collection: &str) -> Option<(&'a Value, &'a str)> {
    bundle["paths"].as_object()?.iter().find_map(|(path, item)| {
        let variable = path.strip_prefix(collection)?.strip_prefix("/{")?.strip_suffix('}')?;
        (!variable.contains('/')).then_some((item, variable))
    })
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The member of the response that has the id: `id`, or the name of the path's variable.
fn id<'a>(bundle: &Value, answer: &Value, variable: &'a str) -> Option<&'a str> {
    let content = answer["content"].as_object()?;
    let (_, content) = content.iter().find(|(media_type, _)| media_type.ends_with("json"))?;
    let schema = follow(bundle, &content["schema"]).ok()?;
    ["id", variable].into_iter().find(|name| schema["properties"].get(*name).is_some())
}
