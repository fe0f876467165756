//! Writes the query parameters of resources (`x-query`) into the document that clients read. They
//! are derived from the marks on the fields. `kit::list` parses them. It accepts more spellings
//! than can be listed; the description explains them.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

const LIST: &str = "Other spellings: `field:op=value` with eq, ne, in, nin, gt, gte, lt, lte, contains and \
    prefix, `field:null=true` for those without a value, `created_after`, `total_gt`, \
    `filter[field][op]`, `labels[name]` and `filter[labels][name]`, `sort=-field`, `page[cursor]`, \
    `page[limit]`, `page[offset]`, `page[number]`, `after_id`, `include` and `embed` for `expand`, \
    `fields[type]`, `q` for `search`, and camelCase names. `ne` and `nin` also match objects \
    without a value. If a value of `in` or `nin` has a comma, then put it in quotes, and write a \
    quote in it twice (`name:in=\"a,b\",c`). A time is a date (`2026-03-01` is its beginning in \
    UTC) or a date-time of RFC 3339. Ask for a page by cursor and limit, by offset and limit, by \
    page and per_page, or by after_id. A mix of them is refused.";

const FEED: &str = "Filters may also be spelled as those of lists: `field:op=value` with eq, ne, in, nin, gt, gte, \
    lt, lte, contains and prefix, with quotes around a value of `in` that has a comma, \
    `created_after`, `filter[field][op]`, and camelCase names.";

/// Adds the parameters of a list, of a feed or of one object.
pub(crate) fn describe(components: &Value, operation: &mut Value) -> Result<()> {
    let Some(kind) = operation["x-query"].as_str() else { return Ok(()) };
    let is_list = kind == "list";
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    if kind == "feed" {
        return feed(&components["schemas"], operation).with_context(|| format!("{id}: x-query"));
    }
    let properties =
        properties(components, operation, is_list).with_context(|| format!("{id}: x-query"))?;
    let names = |mark: &str| {
        let marked = properties.iter().filter(|(_, property)| property[mark] == true);
        marked.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    sparse(components, operation, is_list).with_context(|| format!("{id}: responses"))?;
    let relations: Vec<String> = properties
        .iter()
        .filter(|(_, property)| property.get("x-relation").is_some())
        .map(|(name, _)| match name.strip_suffix("_ids") {
            Some(one) => format!("{one}s"),
            None => name.trim_end_matches("_id").to_owned(),
        })
        .collect();
    let shown = properties.iter().filter(|(_, it)| it["x-secret"] != true);
    let shown = shown.map(|(name, _)| name.as_str()).chain(relations.iter().map(String::as_str));
    let mut parameters = vec![text(
        "fields",
        "Only these fields, besides the id. If it is empty, then only the id.",
        &list_or_nothing(shown),
    )];
    if !relations.is_empty() {
        let pattern = list_or_nothing(relations.iter().map(String::as_str));
        parameters.push(text("expand", "Related objects that are shown in place.", &pattern));
    }
    if is_list {
        for name in ["Cursor", "Limit", "Offset", "PageNumber", "PerPage"] {
            parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
        let sort = std::iter::once("id").chain(names("x-sort"));
        let field = format!("({})(:(asc|desc))?", sort.collect::<Vec<_>>().join("|"));
        parameters.push(json!({
            "name": "sort", "in": "query", "example": "created_at:desc",
            "description": "The order. If values are equal, then the id decides.",
            "schema": { "type": "string", "pattern": format!("^{field}$") },
        }));
        if !names("x-search").is_empty() {
            parameters.push(json!({
                "name": "search", "in": "query", "example": "site",
                "description": format!("Text that is in {}, in any case and spelling of Unicode.", names("x-search").join(" or ")),
                "schema": { "type": "string", "maxLength": 500, "pattern": TEXT },
            }));
        }
        for name in names("x-filter") {
            filters(name, &properties[name], &mut parameters);
        }
        let description = operation["description"].as_str().unwrap_or_default();
        operation["description"] = format!("{description} {LIST}").into();
    }
    match &mut operation["parameters"] {
        Value::Array(known) => known.extend(parameters),
        none => *none = parameters.into(),
    }
    Ok(())
}

/// Adds the filters of a feed, which are derived from the marks on the fields of its resource.
fn feed(schemas: &Value, operation: &mut Value) -> Result<()> {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let (_, collection) = id.split_once('-').context("no operationId")?;
    let mut schemas = schemas.as_object().into_iter().flat_map(Map::values);
    let held = schemas.find(|schema| schema["x-resource"]["collection"] == collection);
    let held = held.with_context(|| format!("no schema of {collection}"))?;
    let mut parameters = Vec::new();
    for (name, property) in held["properties"].as_object().into_iter().flatten() {
        if property["x-filter"] == true {
            filters(name, property, &mut parameters);
        }
    }
    let description = operation["description"].as_str().unwrap_or_default();
    operation["description"] = format!("{description} {FEED}").into();
    let known = operation["parameters"].as_array_mut().context("no parameters")?;
    known.extend(parameters);
    Ok(())
}

/// Text without control characters.
const TEXT: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

fn text(name: &str, description: &str, pattern: &str) -> Value {
    let example =
        pattern.trim_start_matches(['^', '(']).split(['|', ')']).next().unwrap_or_default();
    json!({
        "name": name, "in": "query", "description": description, "example": example,
        "schema": { "type": "string", "pattern": pattern },
    })
}

/// A pattern for a comma-separated list of names, or an empty text.
fn list_or_nothing<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let list = list_of(names);
    format!("^({})?$", list.trim_start_matches('^').trim_end_matches('$'))
}

fn list_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let one = names.collect::<Vec<_>>().join("|");
    format!("^({one})(,({one}))*$")
}

fn filters(name: &str, property: &Value, parameters: &mut Vec<Value>) {
    let kind = &property["type"];
    let is = |wanted: &str| {
        kind == wanted || kind.as_array().is_some_and(|k| k.contains(&wanted.into()))
    };
    let mut add = |name: String, description: String, schema: Value, example: Value| {
        parameters.push(json!({
            "name": name, "in": "query", "description": description, "schema": schema,
            "example": example,
        }));
    };
    let timestamp = property.get("$ref").is_some();
    if is("null") {
        add(
            format!("{name}:null"),
            format!("With `true`, only those without `{name}`. With `false`, only those with it."),
            json!({ "type": "boolean" }),
            true.into(),
        );
    }
    if let Some(values) = property.get("enum") {
        let first = &values[0];
        add(
            name.to_owned(),
            format!("Only those with this `{name}`."),
            json!({ "type": "string", "enum": values }),
            first.clone(),
        );
        let pattern = list_of(values.as_array().into_iter().flatten().filter_map(Value::as_str));
        add(
            format!("{name}:in"),
            format!("Only those with one of these `{name}`."),
            json!({ "type": "string", "pattern": pattern }),
            first.clone(),
        );
    } else if timestamp {
        for (op, word) in [("gte", "from"), ("lt", "before")] {
            add(
                format!("{name}:{op}"),
                format!("Only those with `{name}` {word} this time."),
                json!({ "type": "string", "format": "date-time" }),
                "2026-03-01T09:30:00Z".into(),
            );
        }
    } else if is("boolean") || is("integer") {
        let base = if is("boolean") { "boolean" } else { "integer" };
        let example = if is("boolean") { Value::from(true) } else { Value::from(1) };
        add(
            name.to_owned(),
            format!("Only those with this `{name}`."),
            json!({ "type": base }),
            example,
        );
    } else if !is("object") {
        let what = if is("array") {
            format!("Only those with this value in `{name}`.")
        } else {
            format!("Only those with this `{name}`.")
        };
        add(
            name.to_owned(),
            what,
            json!({ "type": "string", "maxLength": 500, "pattern": TEXT }),
            "x".into(),
        );
    }
}

/// Describes that the response may have fewer fields than the resource (`fields`), and related
/// objects beside them (`expand`).
fn sparse(components: &Value, operation: &mut Value, is_list: bool) -> Result<()> {
    let response = &mut operation["responses"]["200"];
    if let Some(name) = referred(response) {
        *response = components["responses"][name].clone();
    }
    let schema = &mut response["content"]["application/json"]["schema"];
    let schema = if is_list { &mut schema["properties"]["items"]["items"] } else { schema };
    let properties = of(components, schema)?;
    let mut known = properties.clone();
    for (name, property) in properties {
        if property.get("x-relation").is_some() {
            let (one, many) = (name.strip_suffix("_id"), name.strip_suffix("_ids"));
            match (one, many) {
                (Some(name), _) => {
                    known.insert(name.to_owned(), json!({ "type": ["object", "null"] }))
                }
                (_, Some(name)) => known.insert(
                    format!("{name}s"),
                    json!({ "type": "array", "items": { "type": "object" } }),
                ),
                _ => None,
            };
        }
    }
    let sparse = json!({
        "description": "What `fields` and `expand` ask for.",
        "type": "object", "required": ["id"], "properties": known,
    });
    *schema = json!({ "anyOf": [schema.take(), sparse] });
    Ok(())
}

/// The properties of the resource in the operation's response.
fn properties<'a>(
    components: &'a Value,
    operation: &Value,
    is_list: bool,
) -> Result<&'a Map<String, Value>> {
    let response = &operation["responses"]["200"];
    let response = referred(response).map_or(response, |name| &components["responses"][name]);
    let schema = &response["content"]["application/json"]["schema"];
    of(components, if is_list { &schema["properties"]["items"]["items"] } else { schema })
}

/// The properties of the resource that a schema refers to.
fn of<'a>(components: &'a Value, schema: &Value) -> Result<&'a Map<String, Value>> {
    let name = referred(schema).context("the schema is no reference")?;
    components["schemas"][name]["properties"].as_object().context("a resource has properties")
}

/// The name of the component that a `$ref` points to.
fn referred(value: &Value) -> Option<&str> {
    value["$ref"].as_str()?.rsplit('/').next()
}
