//! Joins the files into one document.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::document::{METHODS, is_protected, members, resolve};
use crate::{errors, events, forms, links, query, scopes, visible};

/// Assembles the document from `common` and the files of all functions.
///
/// It joins their paths and components. It adds the scopes, the registry of events, the errors of the
/// registry, and the forms of successes. It writes what the gateway does (`x-gateway`) into each operation,
/// and adds links from creations to what they created. It fails if a reference leads nowhere.
pub(crate) fn assemble(mut common: Value, functions: Vec<(String, Value)>) -> Result<Value> {
    let gateway = common.as_object_mut().and_then(|common| common.remove("x-gateway"));
    let gateway = gateway.context("common.yaml: x-gateway is missing")?;
    let mut bundle = common;
    scopes::write(&mut bundle)?;
    bundle["paths"] = Map::new().into();
    for (name, file) in functions {
        join(&mut bundle, file).with_context(|| format!("{name}.yaml"))?;
    }
    events::write(&mut bundle)?;
    errors::write(&mut bundle)?;
    forms::write(&mut bundle)?;
    let protected = is_protected(&bundle["security"]);
    let components = bundle["components"].clone();
    for path in members(&mut bundle["paths"]) {
        let shared = path.get("parameters").is_some();
        for method in METHODS {
            let Some(operation) = path.get_mut(method) else { continue };
            query::describe(&components, operation)?;
            let tagged = method == "get" && has_tag(&components, operation);
            for kind in kinds(operation, shared, protected, tagged) {
                apply(operation, &gateway[kind]);
                let headers = &gateway[kind]["response_headers"];
                members(&mut operation["responses"]).for_each(|one| add_headers(one, headers));
            }
            if operation["x-idempotent"] == "required" {
                require_key(operation, &components);
            }
            let headers = &gateway["response_headers"];
            members(&mut operation["responses"]).for_each(|one| add_headers(one, headers));
        }
    }
    let headers = &gateway["response_headers"];
    members(&mut bundle["components"]["responses"]).for_each(|one| add_headers(one, headers));
    visible::write(&mut bundle);
    dangling(&bundle, &bundle)?;
    links::add(&mut bundle);
    Ok(bundle)
}

fn join(bundle: &mut Value, mut file: Value) -> Result<()> {
    references(&mut file)?;
    let Value::Object(file) = file else { bail!("is not an object") };
    for (section, content) in file {
        match section.as_str() {
            "paths" | "x-events" => unite(section_of(bundle, &section), content)?,
            "components" => {
                let Value::Object(groups) = content else { bail!("components is not an object") };
                for (group, content) in groups {
                    unite(section_of(&mut bundle["components"], &group), content)?;
                }
            }
            other => bail!("{other} belongs into common.yaml"),
        }
    }
    Ok(())
}

/// A member of an object. If it is missing, then it is added as an empty object.
fn section_of<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    let section = &mut object[name];
    if section.is_null() {
        *section = Map::new().into();
    }
    section
}

/// Adds the members of one object to another. It fails if both have a member of the same name.
fn unite(known: &mut Value, more: Value) -> Result<()> {
    let (Value::Object(known), Value::Object(more)) = (known, more) else {
        bail!("paths and groups of components are objects");
    };
    for (name, value) in more {
        if known.insert(name.clone(), value).is_some() {
            bail!("{name} is in another file too");
        }
    }
    Ok(())
}

/// Rewrites references to `common.yaml` as references within the bundle.
fn references(value: &mut Value) -> Result<()> {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref") {
                let inside = target.trim_start_matches("common.yaml");
                if !inside.starts_with("#/components/") {
                    bail!("$ref {target} is neither in this file nor in common.yaml");
                }
                *target = inside.to_owned();
            }
            object.values_mut().try_for_each(references)
        }
        Value::Array(list) => list.iter_mut().try_for_each(references),
        _ => Ok(()),
    }
}

fn dangling(bundle: &Value, value: &Value) -> Result<()> {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get("$ref") {
                resolve(bundle, target)?;
            }
            object.values().try_for_each(|value| dangling(bundle, value))
        }
        Value::Array(list) => list.iter().try_for_each(|value| dangling(bundle, value)),
        _ => Ok(()),
    }
}

/// The keys of `x-gateway` that apply to an operation.
fn kinds(operation: &Value, shared: bool, protected: bool, tagged: bool) -> Vec<&'static str> {
    let has = |name: &str| operation.get(name).is_some();
    let protected = operation.get("security").map_or(protected, is_protected);
    let conditional = shared && has("x-idempotent");
    let kinds = [
        ("every", true),
        ("protected", protected),
        ("with_parameters", shared || has("parameters")),
        ("with_body", has("requestBody")),
        ("conditional_read", tagged),
        ("cached", has("x-cache")),
        ("conditional_write", conditional && !has("x-if-match")),
        ("if_match", conditional && has("x-if-match")),
        ("idempotent", has("x-idempotent")),
    ];
    kinds.into_iter().filter(|(_, applies)| *applies).map(|(kind, _)| kind).collect()
}

/// Whether the response of an operation has an entity tag, so that a read can be conditional.
fn has_tag(components: &Value, operation: &Value) -> bool {
    let answer = &operation["responses"]["200"];
    let name = answer["$ref"].as_str().and_then(|it| it.strip_prefix("#/components/responses/"));
    let answer = name.map_or(answer, |name| &components["responses"][name]);
    answer["headers"].get("ETag").is_some()
}

/// Makes the idempotency key required, for operations that require it.
fn require_key(operation: &mut Value, components: &Value) {
    const KEY: &str = "#/components/parameters/IdempotencyKey";
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        if parameter["$ref"] == KEY {
            *parameter = components["parameters"]["IdempotencyKey"].clone();
            parameter["required"] = true.into();
        }
    }
}

/// Adds parameters and responses. If the operation describes a response itself, then that one
/// stays.
fn apply(operation: &mut Value, kind: &Value) {
    if let Some(more) = kind["parameters"].as_array() {
        match &mut operation["parameters"] {
            Value::Array(known) => known.extend(more.iter().cloned()),
            none => *none = more.clone().into(),
        }
    }
    for (status, response) in kind["responses"].as_object().into_iter().flatten() {
        let known = &mut operation["responses"][status];
        if known.is_null() {
            *known = response.clone();
        }
    }
}

fn add_headers(response: &mut Value, headers: &Value) {
    if response.get("$ref").is_none() {
        for (name, header) in headers.as_object().into_iter().flatten() {
            response["headers"][name] = header.clone();
        }
    }
}
