//! Rules for operations: their names, methods, statuses and pagination.

use serde_json::{Map, Value};

use super::paths::{Segment, classify, methods};
use super::report::Report;
use super::rule::Rule;
use super::{exceptions, words};
use crate::document::{follow, operations};

pub(super) fn check(bundle: &Value, report: &mut Report) {
    for (path, method, operation) in operations(bundle) {
        let segments = classify(path, &methods(&bundle["paths"][path]));
        let id = operation["operationId"].as_str().unwrap_or_default();
        let mut note = |rule, advice: &str| report.path(method, path, rule, advice);
        if let Some(expected) = expected(bundle, method, &segments, id) {
            let advice = format!("write `operationId: {expected}` instead of `{id}`");
            note(Rule::OperationName, &advice);
        }
        let success = success(operation);
        let lists = matches!(segments.last(), Some(Segment::Collection(_)));
        let lists = method == "get" && (lists || id.starts_with("list-"));
        let creates = method == "post" && id.starts_with("create-");
        let created = success.contains(&"201");
        if method == "get" && operation.get("requestBody").is_some() {
            note(Rule::GetBody, "take what is asked for from the query");
        }
        if lists && !is_paginated(bundle, path, operation) {
            note(Rule::Pagination, "give it the parameters `cursor` and `limit` of common.yaml");
        }
        if method == "delete" && success != ["204"] {
            note(Rule::DeleteStatus, "answer 204, without a body, and nothing else");
        }
        if creates && !created && success != ["202"] {
            note(Rule::CreateStatus, "answer 201, or 202 when the work goes on after the answer");
        }
        if creates && created && !has_location(bundle, path, operation) {
            note(Rule::CreateStatus, "give the 201 the header Location: a GET reads it by its id");
        }
        if lists_aliases(bundle, operation) {
            note(Rule::Alias, "leave `aliases` out of the answer: one thing has one path");
        }
    }
}

/// What the contract calls one object of a collection (`x-resource`), if it is a resource. The
/// spelling does not tell that `shelf` is one of `shelves`.
fn called(bundle: &Value, collection: &str) -> Option<String> {
    let schemas = bundle["components"]["schemas"].as_object()?.values();
    let mut resources = schemas.map(|schema| &schema["x-resource"]);
    let found = resources.find(|resource| resource["collection"] == collection)?;
    Some(words::kebab(found["name"].as_str()?))
}

/// The name that an operation should have. `None` if its name is right.
fn expected(bundle: &Value, method: &str, segments: &[Segment<'_>], id: &str) -> Option<String> {
    let (verb, rest) = id.split_once('-').unwrap_or((id, ""));
    let collection = segments.iter().rev().find_map(|segment| match segment {
        Segment::Collection(part) => Some(*part),
        _ => None,
    });
    let regular = collection.map(|part| words::singulars(&words::kebab(part))).unwrap_or_default();
    let called = collection.and_then(|part| called(bundle, part));
    let ones: Vec<_> = called.into_iter().chain(regular).collect();
    // If the path breaks a rule, then no name can be derived from it.
    if let Segment::Other(part) = segments.last()?
        && !exceptions::is_no_collection(part)
    {
        return None;
    }
    // The verbs that are allowed, and the nouns of which one must be at the end.
    let (verbs, nouns): (&[&str], Vec<String>) = match (method, *segments.last()?) {
        ("post", Segment::Action(part)) if words::is_bulk(part) => return None,
        ("post", Segment::Action(part)) => {
            let rest = id.strip_prefix(part);
            let right = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
            let name = ones.last().map_or(part.to_owned(), |one| format!("{part}-{one}"));
            return (!right).then_some(name);
        }
        // A `POST` to one thing may have any verb that does not belong to another method.
        ("post", Segment::Variable | Segment::Other(_)) => {
            let taken = ["delete", "get", "list", "replace", "update"].contains(&verb);
            return taken.then(|| format!("create-{rest}"));
        }
        ("get", Segment::Collection(part)) => (&["list"], vec![words::kebab(part)]),
        ("get", Segment::Variable) => (&["get"], ones),
        ("get", _) => (&["get", "search", "stream"], Vec::new()),
        ("post", Segment::Collection(_)) => (&["create"], ones),
        ("put", Segment::Variable) => (&["replace"], ones),
        ("put", _) => (&["replace"], Vec::new()),
        ("patch", Segment::Variable) => (&["update"], ones),
        ("patch", _) => (&["update"], Vec::new()),
        (_, Segment::Variable) => (&["delete"], ones),
        _ => (&["delete"], Vec::new()),
    };
    let noun = nouns.is_empty() || nouns.iter().any(|noun| rest.ends_with(noun.as_str()));
    let right = verbs.contains(&verb) && noun;
    (!right).then(|| format!("{}-{}", verbs[0], nouns.last().map_or(rest, String::as_str)))
}

fn success(operation: &Value) -> Vec<&str> {
    let statuses = operation["responses"].as_object().into_iter().flat_map(Map::keys);
    statuses.map(String::as_str).filter(|status| status.starts_with('2')).collect()
}

fn is_paginated(bundle: &Value, path: &str, operation: &Value) -> bool {
    let lists = [&bundle["paths"][path]["parameters"], &operation["parameters"]];
    let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
    let names: Vec<_> = parameters
        .filter_map(|parameter| follow(bundle, parameter).ok())
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    ["cursor", "limit"].iter().all(|name| names.contains(name))
}

fn has_location(bundle: &Value, path: &str, operation: &Value) -> bool {
    let paths = bundle["paths"].as_object().into_iter().flatten();
    let below = format!("{path}/{{");
    let mut by_id = paths.filter(|(other, item)| {
        other.strip_prefix(&below).is_some_and(|rest| !rest.contains('/'))
            && item.get("get").is_some()
    });
    let response = follow(bundle, &operation["responses"]["201"]);
    by_id.next().is_none() || response.is_ok_and(|it| it["headers"].get("Location").is_some())
}

/// Whether an example of an answer has a member `aliases` with paths.
fn lists_aliases(bundle: &Value, operation: &Value) -> bool {
    let is_path = |value: &Value| value.as_str().is_some_and(|text| text.starts_with('/'));
    let responses = operation["responses"].as_object().into_iter().flat_map(Map::values);
    let media = responses
        .filter_map(|response| follow(bundle, response).ok()?["content"].as_object())
        .flat_map(Map::values);
    media.flat_map(|content| examples(bundle, content)).any(|example| {
        let aliases = example["aliases"].as_array();
        aliases.is_some_and(|list| list.iter().any(is_path))
    })
}

/// The examples of one media type, inline or referenced.
pub(super) fn examples<'a>(bundle: &'a Value, content: &'a Value) -> Vec<&'a Value> {
    let many = content["examples"].as_object().into_iter().flat_map(Map::values);
    let many = many.filter_map(|example| follow(bundle, example).ok()?.get("value"));
    content.get("example").into_iter().chain(many).collect()
}
