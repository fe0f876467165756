//! Checks every exchange of the tests against the OpenAPI document.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use http::Method;
use jsonschema::{Registry, Validator};
use parking_lot::Mutex;
use serde_json::Value;

use super::{Exchange, calls};

/// The bundled contract.
pub static CONTRACT: LazyLock<Value> = LazyLock::new(openapi::bundle);

type Operation = (String, String, &'static Value);

/// The operations of the contract: the method, the full path template, and the document of each.
pub fn operations() -> &'static [Operation] {
    static ALL: LazyLock<Vec<Operation>> = LazyLock::new(all);
    &ALL
}

fn all() -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in CONTRACT["paths"].as_object().unwrap() {
        let prefix = if item["servers"][0]["url"] == "/" { "" } else { "/api/v1" };
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                all.push((method.to_uppercase(), format!("{prefix}{path}"), operation));
            }
        }
    }
    all
}

/// The operation that a request addressed, if the contract has it.
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let path = if path.starts_with("/v1/") { format!("/api{path}") } else { path.to_owned() };
    let method = if method == "HEAD" { "GET" } else { method };
    let fits = |template: &str| {
        let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len()
            && a.iter().zip(&b).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    operations().iter().find(|(m, p, _)| m == method && fits(p)).map(|(_, _, doc)| *doc)
}

/// Notes that the running test has called an operation, and was not refused.
pub fn note(method: &Method, path: &str) {
    if let Some(called) = operation(method.as_str(), path) {
        calls::called(called["operationId"].as_str().unwrap());
    }
}

/// Checks that the contract declares the answer for the operation: status, media type and the
/// schema of the body.
#[track_caller]
pub fn check(exchange: &Exchange) {
    let Some(operation) = operation(exchange.method.as_str(), &exchange.path) else {
        assert!(
            matches!(exchange.status, 204 | 308 | 400 | 404 | 405 | 410 | 414 | 431 | 501),
            "{} {} is not in the contract, yet answered {}: {}",
            exchange.method,
            exchange.path,
            exchange.status,
            exchange.text
        );
        return;
    };
    let id = operation["operationId"].as_str().unwrap();
    let response = &operation["responses"][exchange.status.to_string()];
    let response = resolve(response);
    assert!(
        response.is_object(),
        "{id} answered {}, which the contract does not tell: {}",
        exchange.status,
        exchange.text
    );
    // Only the contract decides which answers a cache may show without revalidation (K-13).
    let kept = exchange.header("cache-control").filter(|value| value.contains("max-age"));
    assert!(kept.is_none_or(|kept| operation["x-cache"] == kept), "{id}: {kept:?}");
    let content = &response["content"];
    if exchange.text.is_empty() {
        assert!(
            content.is_null() || exchange.method == "HEAD",
            "{id}: {} without the body of the contract",
            exchange.status
        );
        return;
    }
    let media_type = exchange.header("content-type").unwrap_or_default();
    if media_type == "application/vnd.api+json" {
        let broken = super::json_api::broken(&exchange.path, &exchange.body);
        assert!(broken.is_empty(), "{id}: {broken:?}\n{}", exchange.text);
    }
    let schema = &media(content, exchange)["schema"];
    assert!(schema.is_object(), "{id}: {} as {media_type}, not in the contract", exchange.status);
    let is_json = media_type.split(';').next().is_some_and(|essence| essence.ends_with("json"));
    let text = Value::from(exchange.text.as_str());
    let errors = violations(schema, if is_json { &exchange.body } else { &text });
    assert!(errors.is_empty(), "{id} {}: {errors:?}\n{}", exchange.status, exchange.text);
    if id == "list-events" && exchange.status == 200 {
        exchange.body["items"].as_array().into_iter().flatten().for_each(registered);
    }
}

/// Checks that an event matches the registry's description of its type.
#[track_caller]
pub fn registered(event: &Value) {
    static TYPES: LazyLock<BTreeMap<&str, Arc<Validator>>> = LazyLock::new(|| {
        let webhooks = CONTRACT["webhooks"].as_object().unwrap().iter();
        let schema = |webhook: &'static Value| {
            validator(&webhook["post"]["requestBody"]["content"]["application/json"]["schema"])
        };
        webhooks.map(|(name, webhook)| (name.as_str(), schema(webhook))).collect()
    });
    let kind = event["type"].as_str().unwrap();
    let validator = TYPES.get(kind).unwrap_or_else(|| panic!("{kind} is not registered"));
    let errors = errors(validator, event);
    assert!(errors.is_empty(), "{kind}: {errors:?}\n{event}");
    calls::seen(kind);
}

/// The violations of a schema of the contract by a value.
pub fn violations(schema: &'static Value, value: &Value) -> Vec<String> {
    errors(&validator(schema), value)
}

/// The compiled form of a schema of the contract. It is compiled once, because that takes much
/// longer than its use.
fn validator(schema: &'static Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<usize, Arc<Validator>>>> =
        LazyLock::new(Mutex::default);
    let address = std::ptr::from_ref(schema).addr();
    COMPILED.lock().entry(address).or_insert_with(|| Arc::new(compile(schema))).clone()
}

/// The URI of the contract, for schemas that are compiled alone.
const NAME: &str = "urn:contract";

fn compile(schema: &Value) -> Validator {
    static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
        let components = serde_json::json!({ "components": CONTRACT["components"] });
        Registry::new().add(NAME, components).and_then(|it| it.prepare()).unwrap()
    });
    let mut alone = schema.clone();
    name_references(&mut alone);
    jsonschema::options().with_registry(&REGISTRY).build(&alone).unwrap()
}

/// Makes references lead out of a schema: `#/components/…` becomes `urn:contract#/components/…`.
fn name_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                reference.insert_str(0, NAME);
            }
            members.values_mut().for_each(name_references);
        }
        Value::Array(items) => items.iter_mut().for_each(name_references),
        _ => {}
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// The content of the contract that the answer's `Content-Type` names: that of its profile, if it
/// has one.
fn media(content: &'static Value, exchange: &Exchange) -> &'static Value {
    let mut parts = exchange.header("content-type").unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap();
    let named = parts.find_map(|part| part.strip_prefix("profile=")).map(|it| it.trim_matches('"'));
    // Below `/v1` JSON has the profile `camel`, although the media type does not say so (K-1).
    let alias = exchange.path.starts_with("/v1/") && exchange.body.get("data").is_some();
    let profile = named.or(alias.then_some("camel"));
    let profiled = profile.and_then(|it| content.get(format!("{essence};profile=\"{it}\"")));
    profiled.unwrap_or(&content[essence])
}

fn resolve(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => CONTRACT
            .pointer(reference.trim_start_matches('#'))
            .expect("the bundle has no dangling reference"),
        None => value,
    }
}
