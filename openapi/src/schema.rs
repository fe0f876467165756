//! Compiles request schemas. Anything that a [`Schema`] cannot express is an error.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::document::{follow, resolve};
use crate::visible::SPELLINGS;
use protocol::contract::{Format, Property, Schema};

/// Keywords that are only for people.
const ANNOTATIONS: [&str; 8] = [
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "title",
    // These decide whether a value may be shown, see `is_shown`.
    "x-personal",
    "x-secret",
];

/// Fails on the first key that is neither known nor an annotation.
pub(crate) fn only(object: &Map<String, Value>, known: &[&str]) -> Result<()> {
    for key in object.keys().map(String::as_str) {
        if !known.contains(&key) && !ANNOTATIONS.contains(&key) {
            bail!("keyword `{key}` is not supported here");
        }
    }
    Ok(())
}

/// Gives a value the lifetime of a constant: it lives as long as the build script.
pub(crate) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// A compiler of schemas. It keeps the references that it is following, to detect cycles.
pub(crate) struct Compiler<'a> {
    bundle: &'a Value,
    following: Vec<&'a str>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(bundle: &'a Value) -> Self {
        Self { bundle, following: Vec::new() }
    }

    pub(crate) fn schema(&mut self, value: &'a Value) -> Result<Schema> {
        let Value::Object(object) = value else {
            return if value == true { Ok(Schema::Any) } else { bail!("is not a schema") };
        };
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            only(object, &["$ref"])?;
            if self.following.contains(&target) {
                bail!("$ref {target} refers to itself, which is not supported");
            }
            self.following.push(target);
            let schema = self.schema(resolve(self.bundle, target)?).context(target.to_owned())?;
            self.following.pop();
            return Ok(schema);
        }
        let (kind, nullable) = kind(object)?;
        let schema = match kind {
            "" => only(object, &[]).map(|()| Schema::Any)?,
            "boolean" => only(object, &["type"]).map(|()| Schema::Boolean)?,
            "integer" => {
                only(object, &["type", "minimum", "maximum"])?;
                let number = |key| get(object, key, Value::as_i64);
                Schema::Integer { min: number("minimum")?, max: number("maximum")? }
            }
            "number" => {
                only(object, &["type", "minimum", "maximum"])?;
                let number = |key| get(object, key, Value::as_f64);
                Schema::Number { min: number("minimum")?, max: number("maximum")? }
            }
            "string" => string(object, nullable)?,
            "array" => self.array(object)?,
            "object" => self.object(object)?,
            other => bail!("type `{other}` is not supported here"),
        };
        Ok(if nullable { Schema::Nullable(leak(schema)) } else { schema })
    }

    fn array(&mut self, object: &'a Map<String, Value>) -> Result<Schema> {
        only(object, &["type", "items", "minItems", "maxItems", "uniqueItems"])?;
        let items = object.get("items").context("keyword `items` is missing")?;
        Ok(Schema::Array {
            items: leak(self.schema(items).context("items")?),
            min_items: size(object, "minItems")?.unwrap_or(0),
            max_items: size(object, "maxItems")?,
            unique: get(object, "uniqueItems", Value::as_bool)?.unwrap_or(false),
        })
    }

    fn object(&mut self, object: &'a Map<String, Value>) -> Result<Schema> {
        let known = [
            "type",
            "properties",
            "required",
            "additionalProperties",
            "minProperties",
            "if",
            "else",
        ];
        only(object, &known)?;
        let required = names(object, "required")?;
        let mut properties = Vec::new();
        for (name, schema) in
            object.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            properties.push(Property {
                name: name.clone().leak(),
                required: required.contains(&name.as_str()),
                shown: is_shown(self.bundle, schema)?,
                schema: leak(self.schema(schema).with_context(|| format!("property {name}"))?),
            });
        }
        if let Some(name) = required.iter().find(|name| properties.iter().all(|p| p.name != **name))
        {
            bail!("keyword `required` names `{name}`, which is no property");
        }
        let additional = match object.get("additionalProperties") {
            None => bail!("keyword `additionalProperties` is missing: request schemas are closed"),
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(leak(self.schema(schema).context("additionalProperties")?)),
        };
        Ok(Schema::Object {
            properties: properties.leak(),
            additional,
            min_properties: size(object, "minProperties")?.unwrap_or(0),
            any_of: alternatives(object)?.leak(),
        })
    }
}

/// The type, and whether `null` is allowed, too. The type is empty if the schema has none.
fn kind(object: &Map<String, Value>) -> Result<(&str, bool)> {
    let Some(kind) = object.get("type") else { return Ok(("", false)) };
    let kinds = kind.as_array().map_or(std::slice::from_ref(kind), Vec::as_slice);
    match kinds.iter().map(Value::as_str).collect::<Option<Vec<_>>>().as_deref() {
        Some([kind]) => Ok((kind, false)),
        Some([kind, "null"] | ["null", kind]) => Ok((kind, true)),
        _ => bail!("type {kind} is not supported here"),
    }
}

fn string(object: &Map<String, Value>, nullable: bool) -> Result<Schema> {
    let visible = object.get("x-visible").is_some_and(|mark| mark == true);
    let known = ["type", "minLength", "maxLength", "format", "enum", "x-visible", "x-spelling"];
    match visible || object.contains_key("x-spelling") {
        // `visible.rs` writes the marks as a `pattern` for other tools, so a pattern is allowed
        // here.
        true => only(object, &[&known[..], &["pattern"]].concat())?,
        false => only(object, &known)?,
    }
    if let Some(spelling) = object.get("x-spelling")
        && SPELLINGS.iter().all(|(name, _)| spelling != name)
    {
        bail!("x-spelling {spelling} is not known");
    }
    let format = match object.get("format").map(Value::as_str) {
        // `password` only hides the input in forms.
        None | Some(Some("password")) => None,
        Some(Some("email")) => Some(Format::Email),
        Some(Some("date-time")) => Some(Format::DateTime),
        Some(Some("uri")) => Some(Format::Uri),
        Some(other) => bail!("format `{}` is not supported here", other.unwrap_or_default()),
    };
    if nullable && object.contains_key("enum") {
        bail!("keyword `enum` is not supported beside null");
    }
    let one_of = names(object, "enum")?;
    if object.contains_key("enum") && one_of.is_empty() {
        bail!("keyword `enum` is empty");
    }
    Ok(Schema::String {
        min_length: size(object, "minLength")?.unwrap_or(0),
        max_length: size(object, "maxLength")?,
        format,
        visible,
        one_of: one_of.into_iter().map(|name| &*name.to_owned().leak()).collect::<Vec<_>>().leak(),
    })
}

/// Whether an error may repeat the value (K-5). Secret and personal values are not repeated.
fn is_shown(bundle: &Value, schema: &Value) -> Result<bool> {
    let schema = follow(bundle, schema)?;
    let hidden = matches!(schema["format"].as_str(), Some("password" | "email"));
    Ok(!hidden && schema["x-personal"] != true && schema["x-secret"] != true)
}

/// Reads `if` and `else` that contain only `required`: alternative sets of required members.
fn alternatives(object: &Map<String, Value>) -> Result<Vec<&'static [&'static str]>> {
    let one = |key: &str| -> Result<Option<&'static [&'static str]>> {
        let Some(part) = object.get(key) else { return Ok(None) };
        let part = part.as_object().with_context(|| format!("keyword `{key}` is no object"))?;
        only(part, &["required"])?;
        let names = names(part, "required")?.into_iter();
        Ok(Some(&*names.map(|name| &*name.to_owned().leak()).collect::<Vec<_>>().leak()))
    };
    match (one("if")?, one("else")?) {
        (None, None) => Ok(Vec::new()),
        (Some(either), Some(or)) => Ok(vec![either, or]),
        _ => bail!("keyword `if` is read with `else` only"),
    }
}

/// A list of strings.
fn names<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a str>> {
    let list = get(object, key, |list| list.as_array()?.iter().map(Value::as_str).collect())?;
    Ok(list.unwrap_or_default())
}

fn size(object: &Map<String, Value>, key: &str) -> Result<Option<usize>> {
    get(object, key, |value| value.as_u64()?.try_into().ok())
}

/// The value of a keyword. An error if it has another type.
fn get<'a, T>(
    object: &'a Map<String, Value>,
    key: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Result<Option<T>> {
    let Some(value) = object.get(key) else { return Ok(None) };
    Ok(Some(read(value).with_context(|| format!("keyword `{key}` has an unusable value"))?))
}
