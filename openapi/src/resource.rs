//! Compiles resources: the schemas of a function with `x-resource`, and those of other functions
//! that their relations lead to.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::document::follow;
use protocol::contract::{Default, Kind, Transition};

const KIT: &str = "::kit::contract";

/// A resource, as the contract declares it.
pub(crate) struct ResourceDeclaration<'a> {
    name: &'a str,
    collection: &'a str,
    table: &'a str,
    prefix: &'a str,
    scope: &'a str,
    append_only: bool,
    fields: Vec<Field<'a>>,
    transitions: Vec<Transition>,
}

impl ResourceDeclaration<'_> {
    /// The index of the column of a field, or of the field that it repeats.
    fn column(&self, field: &Field<'_>) -> usize {
        let name = field.synonym.unwrap_or(field.name);
        let columns = self.fields.iter().filter(|field| field.synonym.is_none());
        columns.take_while(|column| column.name != name).count()
    }
}

struct Field<'a> {
    name: &'a str,
    kind: Kind,
    nullable: bool,
    writable: bool,
    extensions: [bool; 7],
    default: Default,
    synonym: Option<&'a str>,
    /// The name of the relation, its collection, and whether it is a list.
    relation: Option<(String, &'a str, bool)>,
}

/// Extensions that mark a field, in the order of [`Field::extensions`].
const EXTENSIONS: [&str; 7] =
    ["x-filter", "x-sort", "x-search", "x-personal", "x-secret", "x-masked", "x-origin"];

/// The resources of one file, the resources of other files that its operations show, and then all
/// that these are related to.
pub(crate) fn of<'a>(bundle: &'a Value, file: &Value) -> Result<Vec<ResourceDeclaration<'a>>> {
    let schemas = bundle["components"]["schemas"].as_object().context("no schemas")?;
    let is_resource = |schema: &&Value| schema["x-resource"].get("name").is_some();
    let own = file["components"]["schemas"].as_object().into_iter().flat_map(Map::keys);
    let mut names: Vec<&str> = own.map(String::as_str).collect();
    shown(&file["paths"], &mut names);
    let mut queue: Vec<&Value> = names.iter().filter_map(|name| schemas.get(*name)).collect();
    queue.retain(is_resource);
    let mut found: Vec<ResourceDeclaration<'a>> = Vec::new();
    while let Some(schema) = queue.pop() {
        let declaration = declaration(bundle, schema)?;
        if found.iter().any(|known| known.collection == declaration.collection) {
            continue;
        }
        for (_, collection, _) in
            declaration.fields.iter().filter_map(|field| field.relation.as_ref())
        {
            let target = schemas.values().filter(is_resource);
            let target = target
                .into_iter()
                .find(|schema| schema["x-resource"]["collection"] == **collection);
            queue.push(target.with_context(|| format!("x-relation: no resource {collection}"))?);
        }
        found.push(declaration);
    }
    Ok(found)
}

/// The schemas that a part of the document refers to directly.
fn shown<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            let target = object.get("$ref").and_then(Value::as_str).unwrap_or_default();
            names.extend(target.strip_prefix("#/components/schemas/"));
            object.values().for_each(|value| shown(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| shown(value, names)),
        _ => {}
    }
}

fn declaration<'a>(bundle: &'a Value, schema: &'a Value) -> Result<ResourceDeclaration<'a>> {
    let resource = &schema["x-resource"];
    let text =
        |key: &str| resource[key].as_str().with_context(|| format!("x-resource has no `{key}`"));
    let collection = text("collection")?;
    let properties = schema["properties"].as_object().context("a resource has properties")?;
    let fields = properties.iter().map(|(name, property)| {
        field(bundle, name, property).with_context(|| format!("{collection}: {name}"))
    });
    let fields: Vec<Field<'a>> = fields.collect::<Result<_>>()?;
    let append_only = resource["append_only"] == true;
    let needed: &[&str] = match append_only {
        true => &["id", "created_at"],
        false => &["id", "tenant_id", "version", "created_at", "updated_at"],
    };
    for &needed in needed {
        ensure!(fields.iter().any(|field| field.name == needed), "{collection} has no {needed}");
    }
    for field in fields.iter().filter(|field| field.synonym.is_some()) {
        let repeats =
            |other: &Field<'_>| other.synonym.is_none() && Some(other.name) == field.synonym;
        ensure!(
            fields.iter().any(repeats),
            "{collection}: x-synonym of {} is no field",
            field.name
        );
    }
    Ok(ResourceDeclaration {
        name: text("name")?,
        collection,
        table: resource["table"].as_str().unwrap_or(collection),
        prefix: text("prefix")?,
        scope: text("scope")?,
        append_only,
        transitions: transitions(bundle, collection)?,
        fields,
    })
}

fn field<'a>(bundle: &'a Value, name: &'a str, property: &'a Value) -> Result<Field<'a>> {
    let target = follow(bundle, property)?;
    let types = &target["type"];
    let types = types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice);
    let mut named = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
    let kind = match (named.next(), target.get("enum"), target["format"].as_str()) {
        (Some("string"), Some(values), _) => {
            let values = values.as_array().context("enum is a list")?.iter();
            let values = values.filter_map(Value::as_str).map(|value| &*value.to_owned().leak());
            Kind::Enum(values.collect::<Vec<_>>().leak())
        }
        (Some("string"), None, Some("date-time")) => Kind::Timestamp,
        (Some("string"), None, Some("email")) => Kind::Email,
        (Some("string"), None, _) => Kind::Text,
        (Some("integer"), ..) => Kind::Integer,
        (Some("boolean"), ..) => Kind::Boolean,
        (Some("array"), ..) => Kind::List,
        (Some("object"), ..) => Kind::Map,
        _ => bail!("a field of this type is not supported"),
    };
    let nullable = types.iter().any(|name| name == "null");
    let extensions = EXTENSIONS.map(|mark| property[mark] == true);
    let synonym = property["x-synonym"].as_str();
    ensure!(!(extensions[1] && nullable), "x-sort: null has no place in an order");
    let default = match (property["x-default"].as_str(), property.get("default")) {
        (Some("caller"), None) => Default::Caller,
        (Some(_), _) => bail!("`x-default` can only be caller"),
        (None, Some(json)) => Default::Json(json.to_string().leak()),
        (None, None) => Default::None,
    };
    let relation = property["x-relation"].as_str().map(|collection| {
        let many = kind == Kind::List;
        let name = match name.strip_suffix("_ids") {
            Some(one) => format!("{one}s"),
            None => name.trim_end_matches("_id").to_owned(),
        };
        (name, collection, many)
    });
    let writable = property["readOnly"] != true && target["readOnly"] != true;
    Ok(Field { name, kind, nullable, writable, extensions, default, synonym, relation })
}

/// The transitions of a resource: `x-transition` of its actions, the operations
/// `POST /{collection}/{id}/{action}`, which may be below an area.
fn transitions(bundle: &Value, collection: &str) -> Result<Vec<Transition>> {
    let paths = bundle["paths"].as_object().context("no paths")?;
    let one = format!("/{collection}/{{id}}/");
    let mut found = Vec::new();
    for (path, item) in paths {
        let action = path.split_once(&one).filter(|(area, _)| !area.contains('{'));
        let (Some((_, action)), Some(declaration)) = (action, item["post"].get("x-transition"))
        else {
            continue;
        };
        let text = |key: &str| {
            let text = declaration[key].as_str();
            text.with_context(|| format!("{path}: x-transition has no `{key}`"))
        };
        let from = declaration["from"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let from: Vec<&'static str> = from.map(|state| &*state.to_owned().leak()).collect();
        found.push(Transition {
            action: action.to_owned().leak(),
            from: from.leak(),
            to: text("to")?.to_owned().leak(),
            event: text("event")?.to_owned().leak(),
        });
    }
    Ok(found)
}

/// The resource as Rust source.
pub(crate) fn source(resource: &ResourceDeclaration<'_>) -> String {
    let ResourceDeclaration { name, collection, table, prefix, scope, append_only, .. } = resource;
    let fields = resource.fields.iter();
    let fields: String = fields.map(|field| field_source(field, resource.column(field))).collect();
    let transitions: String =
        resource.transitions.iter().map(|it| {
            let Transition { action, from, to, event } = it;
            format!("{KIT}::Transition {{ action: {action:?}, from: &{from:?}, to: {to:?}, event: {event:?} }}, ")
        }).collect();
    let constants: String = resource
        .fields
        .iter()
        .enumerate()
        .map(|(index, field)| column_source(collection, index, field))
        .collect();
    format!(
        "\n/// The resource `{collection}`.\n\
         pub static {}: {KIT}::Resource = {KIT}::Resource {{\n    \
         collection: {collection:?}, name: {name:?}, table: {table:?}, prefix: {prefix:?}, \
         scope: {scope:?},\n    fields: &[\n{fields}    ],\n    \
         append_only: {append_only}, transitions: &[{transitions}],\n}};\n\n\
         /// The fields of one of the `{collection}`.\n\
         #[allow(dead_code, reason = \"a function need not name all of them\")]\n\
         pub mod {} {{\n{constants}}}\n",
        constant(collection),
        name.replace('-', "_")
    )
}

/// The constant of a field. A synonym has none: whoever names a field names the one with a column.
fn column_source(collection: &str, index: usize, field: &Field<'_>) -> String {
    if field.synonym.is_some() {
        return String::new();
    }
    let holds = match field.kind {
        Kind::Text | Kind::Email | Kind::Enum(_) => "String",
        Kind::Integer | Kind::Timestamp => "i64",
        Kind::Boolean => "bool",
        Kind::List => "Vec<String>",
        Kind::Map => "::kit::column::Map",
    };
    let holds = if field.nullable { format!("Option<{holds}>") } else { holds.to_owned() };
    format!(
        "    /// `{}`\n    pub const {}: ::kit::Column<{holds}> = ::kit::Column::new(&super::{}, {index});\n",
        field.name,
        constant(field.name),
        constant(collection)
    )
}

fn constant(collection: &str) -> String {
    collection.replace('-', "_").to_uppercase()
}

fn field_source(field: &Field<'_>, column: usize) -> String {
    let Field { name, kind, nullable, writable, default, synonym, .. } = field;
    let [filter, sort, search, personal, secret, masked, origin] = field.extensions;
    let relation = field.relation.as_ref().map_or("None".to_owned(), |(name, collection, many)| {
        format!(
            "Some(&{KIT}::RelationTarget {{ name: {name:?}, resource: &{}, many: {many} }})",
            constant(collection)
        )
    });
    let kind = match kind {
        Kind::Enum(values) => format!("Enum(&{values:?})"),
        plain => format!("{plain:?}"),
    };
    format!(
        "        {KIT}::Field {{ name: {name:?}, column: {column}, kind: {KIT}::Kind::{kind}, nullable: {nullable}, \
         writable: {writable}, filter: {filter}, sort: {sort}, search: {search}, \
         personal: {personal}, secret: {secret}, masked: {masked}, origin: {origin}, default: {KIT}::Default::{default:?}, \
         synonym: {synonym:?}, relation: {relation} }},\n"
    )
}
