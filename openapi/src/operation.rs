//! Compiles operations.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::document::{METHODS, follow, is_protected};
use crate::schema::{Compiler, leak, only};
use crate::{forms, shape};
use protocol::contract::{Body, Idempotency, Limit, Location, Operation, Parameter, Query, Schema};
use protocol::metadata::RequestMetadata;

/// The keys that a path item may have beside its operations.
const PATH_KEYS: [&str; 4] = ["parameters", "servers", "summary", "description"];

const OPERATION_KEYS: [&str; 18] = [
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "summary",
    "tags",
    "x-cache",
    "x-cost",
    "x-idempotent",
    "x-if-match",
    "x-internal",
    "x-limit-class",
    "x-query",
    "x-representation",
    "x-transition",
    "deprecated",
];

/// Headers that are no parameters of functions, because the gateway reads them. The last two are
/// its own metadata ([`RequestMetadata`]).
const GATEWAY_HEADERS: [&str; 4] =
    ["accept-version", "x-tenant-id", "idempotency-key", "x-request-id"];

/// The operations of one file, in the form that the bundle has completed.
pub(crate) fn all(bundle: &Value, file: &Value) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for path in file["paths"].as_object().context("`paths` is missing")?.keys() {
        let item = bundle["paths"][path].as_object().with_context(|| path.clone())?;
        for (key, operation) in item.iter().filter(|(key, _)| !PATH_KEYS.contains(&key.as_str())) {
            let name = operation["operationId"].as_str().unwrap_or("no operationId");
            let place = || format!("{} {path} ({name})", key.to_uppercase());
            ensure!(METHODS.contains(&key.as_str()), "{}: is not a method that is served", place());
            operations.push(one(bundle, path, key, item, operation).with_context(place)?);
        }
    }
    Ok(operations)
}

fn one(
    bundle: &Value,
    path: &str,
    method: &str,
    item: &Map<String, Value>,
    operation: &Value,
) -> Result<Operation> {
    only(operation.as_object().context("is not an object")?, &OPERATION_KEYS)?;
    let id = operation["operationId"].as_str().context("`operationId` is missing")?;
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let kebab = id.split('-').all(|part| !part.is_empty() && part.chars().all(letter));
    ensure!(
        kebab && !id.starts_with(|c: char| c.is_ascii_digit()),
        "operationId `{id}` is not kebab-case"
    );
    let idempotency = match operation.get("x-idempotent") {
        None => Idempotency::Unsupported,
        Some(Value::Bool(true)) => Idempotency::Optional,
        Some(Value::String(word)) if word == "required" => Idempotency::Required,
        Some(_) => bail!("`x-idempotent` is neither true nor required"),
    };
    let security = operation.get("security").unwrap_or(&bundle["security"]);
    let parameters = parameters(bundle, path, item, operation)?;
    let body = operation.get("requestBody").map(|body| self::body(bundle, body)).transpose();
    let (consumes, body) = body.context("requestBody")?.unzip();
    Ok(Operation {
        id: id.to_owned().leak(),
        method: method.to_uppercase().leak(),
        path: path.to_owned().leak(),
        version: version(item)?,
        public: !is_protected(security),
        scopes: scopes(security)?,
        limit: limit(bundle, operation)?,
        idempotency,
        consumes: consumes.unwrap_or_default(),
        query: query(operation)?,
        if_match: match operation.get("x-if-match").map(Value::as_str) {
            None => false,
            Some(Some("required")) => true,
            Some(_) => bail!("`x-if-match` can only be required"),
        },
        cache: cache(method, operation)?,
        produces: produces(bundle, operation)?,
        shape: shape::of(bundle, operation)?,
        parameters,
        body,
    })
}

/// The rate limit: the row of `x-limits` that `x-limit-class` names. A request costs 1 unless
/// `x-cost` has a higher value.
fn limit(bundle: &Value, operation: &Value) -> Result<Limit> {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let class = operation["x-limit-class"].as_str().unwrap_or_default();
    let row = bundle["x-limits"].get(class).context("`x-limit-class` is none of `x-limits`")?;
    let of = |name: &str| {
        let number = number(&row[name]).filter(|number| *number > 0);
        number.with_context(|| format!("`x-limits` has no `{name}` of {class}"))
    };
    let cost = match operation.get("x-cost") {
        None => 1,
        Some(cost) => number(cost)
            .filter(|cost| *cost > 1)
            .context("`x-cost` is not a whole number above 1")?,
    };
    let class = class.to_owned().leak();
    Ok(Limit { class, per_minute: of("per_minute")?, burst: of("burst")?, cost })
}

/// The major version of a path. It is 1 unless the path names another server, such as `/api/v2`. It
/// is 0 for a server at the root.
fn version(item: &Map<String, Value>) -> Result<u32> {
    match item.get("servers").map(|servers| servers[0]["url"].as_str().unwrap_or_default()) {
        None => Ok(1),
        Some("/") => Ok(0),
        Some(url) => url
            .strip_prefix("/api/v")
            .and_then(|major| major.parse().ok())
            .with_context(|| format!("server `{url}` is neither / nor /api/v{{major}}")),
    }
}

/// `Cache-Control` for a response that may be reused for a while without revalidation (K-13).
fn cache(method: &str, operation: &Value) -> Result<Option<&'static str>> {
    let Some(text) = operation.get("x-cache") else { return Ok(None) };
    let text = text.as_str().unwrap_or_default();
    let seconds = text.strip_prefix("public, max-age=").or(text.strip_prefix("private, max-age="));
    let declared = seconds.is_some_and(|seconds| seconds.parse::<u32>().is_ok());
    ensure!(declared, "`x-cache` is neither `public, max-age=N` nor `private, max-age=N`");
    ensure!(method == "get", "`x-cache` is for GET");
    Ok(Some(text.to_owned().leak()))
}

fn query(operation: &Value) -> Result<Query> {
    match operation.get("x-query").map(Value::as_str) {
        None => Ok(Query::Declared),
        Some(Some("list")) => Ok(Query::List),
        Some(Some("feed")) => Ok(Query::Feed),
        Some(Some("object")) => Ok(Query::Object),
        Some(_) => bail!("`x-query` is neither list nor feed nor object"),
    }
}

/// The media types of successful answers, without those that only the gateway writes.
fn produces(bundle: &Value, operation: &Value) -> Result<&'static [&'static str]> {
    let mut found: Vec<&'static str> = Vec::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if !status.starts_with('2') {
            continue;
        }
        for name in follow(bundle, response)?["content"].as_object().into_iter().flat_map(Map::keys)
        {
            if !forms::is_written(operation, name) && !found.contains(&name.as_str()) {
                found.push(name.clone().leak());
            }
        }
    }
    Ok(found.leak())
}

/// The scopes of the one security scheme that the gateway knows. The token endpoint authenticates
/// clients itself, so it must be public.
fn scopes(security: &Value) -> Result<&'static [&'static str]> {
    let choices = security.as_array().context("`security` is not a list")?;
    match choices.as_slice() {
        choices if !is_protected(&choices.into()) => Ok(&[]),
        [Value::Object(one)] if one.len() == 1 && one.contains_key("bearer") => {
            let scopes = one["bearer"].as_array().context("scopes are a list")?.iter();
            let scopes = scopes.map(|scope| Some(&*scope.as_str()?.to_owned().leak()));
            Ok(scopes.collect::<Option<Vec<_>>>().context("scopes are strings")?.leak())
        }
        _ => bail!("`security` must be [], have {{}} as a choice, or name `bearer` alone"),
    }
}

fn parameters(
    bundle: &Value,
    path: &str,
    item: &Map<String, Value>,
    operation: &Value,
) -> Result<&'static [Parameter]> {
    let lists = [item.get("parameters"), operation.get("parameters")];
    let mut found: Vec<Parameter> = Vec::new();
    for value in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
        let value = follow(bundle, value)?;
        // `kit::list` parses these parameters. Their schemas are only for clients.
        if value["in"] == "query" && operation.get("x-query").is_some() {
            continue;
        }
        let name = value["name"].as_str().context("a parameter has no name")?;
        if value["in"] == "header" {
            let header = name.to_lowercase();
            if GATEWAY_HEADERS.contains(&header.as_str()) {
                continue;
            }
            ensure!(
                !RequestMetadata::is_metadata(&header),
                "parameter {name}: only the gateway may send this header"
            );
        }
        let parameter = parameter(bundle, value).with_context(|| format!("parameter {name}"))?;
        let same =
            |one: &Parameter| (one.name, one.location) == (parameter.name, parameter.location);
        ensure!(!found.iter().any(same), "parameter {name} is there twice");
        found.push(parameter);
    }
    let mut variables: Vec<_> =
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut named: Vec<_> = found.iter().filter(|one| one.location == Location::Path).collect();
    variables.sort_unstable();
    named.sort_unstable_by_key(|one| one.name);
    ensure!(
        named.iter().map(|one| one.name).eq(variables),
        "the path parameters are not the variables of the path"
    );
    Ok(found.leak())
}

fn parameter(bundle: &Value, value: &Value) -> Result<Parameter> {
    let object = value.as_object().context("is not an object")?;
    only(object, &["name", "in", "required", "schema", "style", "explode"])?;
    let (location, style) = match value["in"].as_str() {
        Some("path") => (Location::Path, "simple"),
        Some("query") => (Location::Query, "form"),
        Some("header") => (Location::Header, "simple"),
        _ => bail!("`in` is not path, query or header"),
    };
    let name = value["name"].as_str().unwrap_or_default();
    let name = if location == Location::Header { name.to_lowercase() } else { name.to_owned() };
    let schema = Compiler::new(bundle).schema(&value["schema"]).context("schema")?;
    let exploded = value.get("explode").map_or(location == Location::Query, |it| it != false);
    match schema {
        Schema::Any | Schema::Object { .. } => bail!("a parameter of this type is not supported"),
        Schema::Array { .. } => ensure!(!exploded, "a list needs `explode: false`"),
        _ => {}
    }
    ensure!(value.get("style").is_none_or(|it| it == style), "`style` can only be {style}");
    let required = value["required"] == true;
    ensure!(required || location != Location::Path, "a path parameter must be required");
    Ok(Parameter { name: name.leak(), location, required, schema: leak(schema) })
}

/// The media types of a request body, and the body itself.
fn body(bundle: &Value, value: &Value) -> Result<(&'static [&'static str], Body)> {
    let value = follow(bundle, value)?;
    only(value.as_object().context("is not an object")?, &["required", "content", "x-validate"])?;
    let content = value["content"].as_object().context("`content` is missing")?;
    let validate = match value.get("x-validate") {
        None => true,
        Some(validate) => validate.as_bool().context("`x-validate` is not true or false")?,
    };
    let mut schema = None;
    for (media_type, content) in content.iter().filter(|_| validate) {
        ensure!(media_type.ends_with("json"), "{media_type} needs `x-validate: false`");
        let this =
            Compiler::new(bundle).schema(&content["schema"]).with_context(|| media_type.clone())?;
        ensure!(*schema.get_or_insert(this) == this, "all media types must have the same schema");
    }
    let consumes = content.keys().map(|media_type| &*media_type.clone().leak());
    let body = Body {
        required: value["required"] == true,
        validate,
        schema: leak(schema.unwrap_or(Schema::Any)),
    };
    Ok((consumes.collect::<Vec<_>>().leak(), body))
}
