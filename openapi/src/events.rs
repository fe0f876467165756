//! Writes the registry of events (`x-events` in openapi/events.yaml) into the document that clients
//! read:
//!
//! - The section `webhooks` gets an entry for each type. Its request is the event as it is
//!   delivered.
//! - The schemas get the data of each type, such as `project.created.v1`.
//! - `EventType` lists the names of the types. `EventPattern` lists all texts that select types.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::document::follow;
use protocol::contract::EventType;

/// The keys that a row of the registry may have.
const KEYS: [&str; 6] = ["version", "log_code", "operational", "summary", "data", "of"];

/// Writes the registry into the document.
pub(crate) fn write(bundle: &mut Value) -> Result<()> {
    let Some(registry) = bundle.as_object_mut().and_then(|bundle| bundle.remove("x-events")) else {
        return Ok(());
    };
    let mut webhooks = Map::new();
    for (name, row) in registry.as_object().context("x-events is not an object")? {
        let of = || format!("x-events: {name}");
        let known = declared(name, row).with_context(of)?;
        let data = data(bundle, row).with_context(of)?;
        let schema = format!("{name}.v{}", known.version);
        webhooks.insert(name.clone(), webhook(&known, &schema, row).with_context(of)?);
        bundle["components"]["schemas"][schema] = data;
    }
    bundle["components"]["schemas"]["EventType"] = json!({
        "description": "What happened. A reader ignores types that it does not know.",
        "type": "string",
        "enum": webhooks.keys().collect::<Vec<_>>(),
    });
    bundle["webhooks"] = webhooks.into();
    let types = types(bundle)?;
    bundle["components"]["schemas"]["EventPattern"] = json!({
        "description": "The name of a type, the beginning of some, a log code, or all of them.",
        "type": "string",
        "enum": patterns(&types),
    });
    Ok(())
}

/// The texts that select types, as in `EventType::matches_pattern`.
fn patterns(types: &[EventType]) -> Vec<String> {
    let names = types.iter().map(|known| known.name.to_owned());
    let codes = types.iter().filter_map(|known| known.log_code).map(str::to_owned);
    let areas = types.iter().filter_map(|known| known.name.split('.').next());
    let mut areas: Vec<_> = areas.map(|area| format!("{area}.*")).collect();
    areas.dedup();
    ["*".to_owned()].into_iter().chain(areas).chain(codes).chain(names).collect()
}

/// The event types of a document, in the order of their names.
pub(crate) fn types(bundle: &Value) -> Result<Vec<EventType>> {
    let mut found: Vec<EventType> = Vec::new();
    for (name, webhook) in bundle["webhooks"].as_object().into_iter().flatten() {
        let known = declared(name, &webhook["post"]["x-event"])?;
        let same = |other: &EventType| known.log_code.is_some() && other.log_code == known.log_code;
        ensure!(!found.iter().any(same), "x-events: {name}: the log code is another type's too");
        found.push(known);
    }
    Ok(found)
}

/// The event types as Rust source, the content of `$OUT_DIR/events.rs`.
pub(crate) fn source(types: &[EventType]) -> String {
    let rows = types.iter().map(|known| format!("    {known:?},\n"));
    format!(
        "/// The registry of openapi/events.yaml, in the order of the names.\n\
         pub static EVENT_TYPES: &[EventType] = &[\n{}];\n",
        rows.collect::<String>()
    )
}

fn declared(name: &str, row: &Value) -> Result<EventType> {
    let word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    ensure!(name.contains('.') && name.split('.').all(word), "the name is not dotted lower case");
    let version = row["version"].as_u64().and_then(|version| u32::try_from(version).ok());
    let upper = |code: &str| code.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let log_code = match &row["log_code"] {
        Value::Null => None,
        Value::String(code) if upper(code) => Some(&*code.clone().leak()),
        _ => bail!("`log_code` is not SCREAMING_SNAKE_CASE"),
    };
    let operational = match &row["operational"] {
        Value::Null => false,
        mark => mark.as_bool().context("`operational` is not true or false")?,
    };
    Ok(EventType {
        name: name.to_owned().leak(),
        version: version.filter(|version| *version > 0).context("`version` is not from 1 on")?,
        log_code,
        operational,
    })
}

/// The schema of an event's data: the public part of a resource, or the schema in the row.
fn data(bundle: &Value, row: &Value) -> Result<Value> {
    let object = row.as_object().context("is not an object")?;
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("keyword `{key}` is not supported here");
    }
    let mut schema = match (&row["of"], &row["data"]) {
        (Value::String(name), Value::Null) => public(bundle, name)?,
        (Value::Null, Value::Object(schema)) => Value::Object(schema.clone()),
        _ => bail!("needs `of` or `data`"),
    };
    let summary = row["summary"].as_str().context("`summary` is missing")?;
    schema["description"] = format!("{summary} The data of the event.").into();
    Ok(schema)
}

/// A resource in the form that events have: without secret and personal fields.
fn public(bundle: &Value, name: &str) -> Result<Value> {
    let schema = bundle["components"]["schemas"].get(name).context("`of` names no schema")?;
    let mut properties = Map::new();
    for (name, property) in schema["properties"].as_object().context("it has no properties")? {
        let target = follow(bundle, property)?;
        if [property, target].iter().any(|it| it["x-personal"] == true || it["x-secret"] == true) {
            continue;
        }
        let mut property = property.clone();
        if let Some(property) = property.as_object_mut() {
            if property.get("x-origin").is_some_and(|mark| mark == true) {
                let told = "Its origin alone: what is behind it may be a credential.";
                property.insert("description".to_owned(), told.into());
            }
            // These keywords concern requests only.
            property.retain(|key, _| {
                !key.starts_with("x-") && !["default", "readOnly"].contains(&key.as_str())
            });
        }
        properties.insert(name.clone(), property);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let required: Vec<_> = required
        .filter(|name| name.as_str().is_some_and(|name| properties.contains_key(name)))
        .collect();
    Ok(json!({ "type": "object", "required": required, "properties": properties }))
}

fn webhook(known: &EventType, schema: &str, row: &Value) -> Result<Value> {
    let EventType { name, version, log_code, operational } = known;
    let exact = json!({
        "type": "object",
        "properties": {
            "type": { "const": name },
            "schema_version": { "const": version },
            "log_code": { "const": log_code },
            "data": { "$ref": format!("#/components/schemas/{schema}") },
        },
    });
    let event = json!({ "allOf": [{ "$ref": "#/components/schemas/Event" }, exact] });
    let summary = row["summary"].as_str().context("`summary` is missing")?;
    Ok(json!({ "post": {
        "operationId": format!("on-{}", name.replace(['.', '_'], "-")),
        "tags": ["events"],
        "summary": name,
        "description": summary,
        "security": [],
        "x-event": { "version": version, "log_code": log_code, "operational": operational },
        "requestBody": { "required": true, "content": { "application/json": { "schema": event } } },
        "responses": { "200": { "description": "Any 2xx: it was received." } },
    } }))
}
