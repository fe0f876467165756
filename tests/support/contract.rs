//! Holds every exchange of the tests against the OpenAPI document.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Exchange;

/// The bundled contract.
pub static CONTRACT: LazyLock<Value> = LazyLock::new(contract::bundle);

/// An operation of the contract: method, full path template, and its document.
pub fn operations() -> Vec<(String, String, &'static Value)> {
    let mut all = Vec::new();
    for (path, item) in CONTRACT["paths"].as_object().unwrap() {
        let prefix = if path.starts_with("/.well-known/") { "" } else { "/api/v1" };
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                all.push((method.to_uppercase(), format!("{prefix}{path}"), operation));
            }
        }
    }
    all
}

/// The operation that a request meant, if the contract has it.
pub fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let path = if path.starts_with("/v1/") { format!("/api{path}") } else { path.to_owned() };
    let method = if method == "HEAD" { "GET" } else { method };
    let fits = |template: &str| {
        let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len()
            && a.iter().zip(&b).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    operations().into_iter().find(|(m, p, _)| m == method && fits(p)).map(|(_, _, doc)| doc)
}

/// The answer must be one that the contract tells for the operation: status, media type and
/// the schema of the body.
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
    let essence = media_type.split(';').next().unwrap();
    let schema = &content[essence]["schema"];
    assert!(schema.is_object(), "{id}: {} as {media_type}, not in the contract", exchange.status);
    let mut document =
        json!({ "$ref": "#/components/wrapped", "components": CONTRACT["components"] });
    document["components"]["wrapped"] = schema.clone();
    let validator = jsonschema::validator_for(&document).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&exchange.body)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{id} {}: {errors:?}\n{}", exchange.status, exchange.text);
}

fn resolve(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => CONTRACT
            .pointer(reference.trim_start_matches('#'))
            .expect("the bundle has no dangling reference"),
        None => value,
    }
}
