//! Derives the shape of an operation's JSON bodies (`wit/route.wit`, `shape`).

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::document::{follow, resolve};
use crate::forms;
use protocol::contract::{Relation, Shape};

/// A limit deeper than any schema of the contract. A schema that refers to itself ends here.
const DEPTH: usize = 12;

/// The shape of an operation, from its successful response and its request.
pub(crate) fn of(bundle: &Value, operation: &Value) -> Result<Option<Shape>> {
    match operation.get("x-representation").map(Value::as_str) {
        None => {}
        Some(Some("native")) => return Ok(None),
        Some(_) => bail!("`x-representation` can only be native"),
    }
    let mut found = ShapeBuilder::default();
    let mut is_page = false;
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let response = follow(bundle, response)?;
        let Some(schema) = json(operation, response).filter(|_| status.starts_with('2')) else {
            continue;
        };
        let page = &schema["properties"];
        is_page = page.get("items").is_some() && page.get("next_cursor").is_some();
        let object = if is_page { &page["items"]["items"] } else { schema };
        found.collection(bundle, object)?;
        found.walk(bundle, object, "", 0)?;
    }
    if let Some(body) = operation.get("requestBody")
        && let Some(schema) = json(operation, follow(bundle, body)?)
    {
        found.walk(bundle, schema, "", 0)?;
    }
    found.expand(bundle)?;
    Ok(Some(Shape {
        is_addressed: is_addressed(bundle, &found.collection),
        collection: found.collection.leak(),
        is_page,
        is_numbered: is_page && operation["x-query"] == "list",
        enums: leaked(found.enums),
        maps: leaked(found.maps),
        relations: found.relations.leak(),
    }))
}

/// Whether one object of the collection can be read by its id alone, directly or below an area
/// (`/auth/clients/{id}`).
fn is_addressed(bundle: &Value, collection: &str) -> bool {
    let one = format!("/{collection}/{{id}}");
    bundle["paths"].as_object().into_iter().flatten().any(|(path, operations)| {
        let area = path.strip_suffix(&one);
        area.is_some_and(|area| !area.contains('{')) && operations.get("get").is_some()
    })
}

/// The schema of the JSON content that the function itself reads or writes. Plain JSON is
/// preferred.
fn json<'a>(operation: &Value, body: &'a Value) -> Option<&'a Value> {
    if let Some(plain) = body["content"].get("application/json") {
        return plain.get("schema");
    }
    let native = |name: &str| name.ends_with("json") && !forms::is_written(operation, name);
    let content = body["content"].as_object()?;
    content.iter().find(|(name, _)| native(name))?.1.get("schema")
}

fn leaked(paths: Vec<String>) -> &'static [&'static str] {
    paths.into_iter().map(|path| &*path.leak()).collect::<Vec<_>>().leak()
}

#[derive(Default)]
struct ShapeBuilder {
    collection: String,
    enums: Vec<String>,
    maps: Vec<String>,
    relations: Vec<Relation>,
}

impl ShapeBuilder {
    fn collection(&mut self, bundle: &Value, schema: &Value) -> Result<()> {
        // In a sparse response, the complete form comes first.
        let schema = schema.pointer("/anyOf/0").unwrap_or(schema);
        if let Some(resource) = follow(bundle, schema)?.get("x-resource") {
            let collection = resource["collection"].as_str();
            collection.context("x-resource has no `collection`")?.clone_into(&mut self.collection);
        }
        Ok(())
    }

    fn walk(&mut self, bundle: &Value, schema: &Value, path: &str, depth: usize) -> Result<()> {
        let schema = match schema.get("$ref").and_then(Value::as_str) {
            Some(target) => resolve(bundle, target)?,
            None => schema,
        };
        if depth > DEPTH {
            return Ok(());
        }
        for part in ["allOf", "anyOf", "oneOf"] {
            for schema in schema[part].as_array().into_iter().flatten() {
                self.walk(bundle, schema, path, depth + 1)?;
            }
        }
        if schema["enum"].as_array().is_some_and(|values| values.iter().all(is_enumeration)) {
            note(&mut self.enums, path);
        }
        if let Some(items) = schema.get("items") {
            self.walk(bundle, items, path, depth + 1)?;
        }
        let properties = schema["properties"].as_object();
        if is_object(schema) && properties.is_none_or(Map::is_empty) {
            note(&mut self.maps, path);
        }
        for (name, property) in properties.into_iter().flatten() {
            if path.is_empty() {
                self.relation(name, property)?;
            }
            let dot = if path.is_empty() { "" } else { "." };
            self.walk(bundle, property, &format!("{path}{dot}{name}"), depth + 1)?;
        }
        Ok(())
    }

    /// Related objects that are expanded inside of another object have their enums and maps there,
    /// too.
    fn expand(&mut self, bundle: &Value) -> Result<()> {
        let names = |relation: &Relation| (relation.name, relation.collection);
        let relations: Vec<_> = self.relations.iter().map(names).collect();
        self.maps.retain(|path| relations.iter().all(|(name, _)| path != name));
        for (name, collection) in relations {
            let schemas = bundle["components"]["schemas"].as_object().into_iter().flatten();
            let mut schemas = schemas.map(|(_, schema)| schema);
            let is_it = |schema: &&Value| schema["x-resource"]["collection"] == collection;
            if let Some(schema) = schemas.find(is_it) {
                self.walk(bundle, schema, name, 0)?;
            }
        }
        Ok(())
    }

    /// Reads a relation: `x-relation: users` on a property such as `owner_id`, or on a list such as
    /// `team_ids`.
    fn relation(&mut self, member: &str, property: &Value) -> Result<()> {
        let Some(collection) = property.get("x-relation") else { return Ok(()) };
        let collection = collection.as_str().context("`x-relation` is no collection")?;
        let one = member.strip_suffix("_id");
        let many = member.strip_suffix("_ids").map(|name| format!("{name}s"));
        ensure!(one.is_some() || many.is_some(), "{member} ends neither with _id nor with _ids");
        if self.relations.iter().all(|relation| relation.member != member) {
            self.relations.push(Relation {
                many: many.is_some(),
                name: many.unwrap_or_else(|| one.unwrap_or_default().to_owned()).leak(),
                member: member.to_owned().leak(),
                collection: collection.to_owned().leak(),
            });
        }
        Ok(())
    }
}

/// Whether a value is spelled like the values of enumerations. Scopes and event types are
/// not.
fn is_enumeration(value: &Value) -> bool {
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    value.is_null() || value.as_str().is_some_and(|value| value.chars().all(upper))
}

fn is_object(schema: &Value) -> bool {
    let kind = &schema["type"];
    kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into()))
}

fn note(list: &mut Vec<String>, path: &str) {
    if !path.is_empty() && !list.iter().any(|known| known == path) {
        list.push(path.to_owned());
    }
}
