//! Writes the operations of a function as Rust source.

use crate::resource;
use protocol::contract::{Body, Operation, Parameter, Property, Schema, Shape};

/// The full path of the types, because the generated code cannot know what is imported around it.
const KIT: &str = "::kit::contract";

/// The content of `$OUT_DIR/contract.rs`.
pub(crate) fn module(
    function: &str,
    recorder: &str,
    operations: &[Operation],
    resources: &[resource::ResourceDeclaration<'_>],
) -> String {
    let mut variants = String::new();
    let mut rows = String::new();
    for operation in operations {
        let Operation { id, method, path, .. } = operation;
        let variant = pascal(id);
        variants += &format!("    /// `{method} {path}`\n    {variant},\n");
        rows += &format!("        (Self::{variant}, {}),\n", row(operation));
    }
    format!(
        "/// The operations of openapi/{function}.yaml, from which this file was generated.\n\
         #[allow(unreachable_pub, reason = \"the including module may be private\")]\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub enum Op {{\n{variants}}}\n\n\
         impl {KIT}::Operations for Op {{\n    \
         const RECORDER: &'static str = {recorder:?};\n    \
         const ALL: &'static [(Self, {KIT}::Operation)] = &[\n{rows}    ];\n}}\n"
    ) + &resources.iter().map(resource::source).collect::<String>()
}

/// The name of an enum variant: `list-projects` becomes `ListProjects`.
fn pascal(id: &str) -> String {
    let mut upper = true;
    let mut name = String::new();
    for character in id.chars() {
        match character {
            '-' => upper = true,
            _ if std::mem::take(&mut upper) => name.push(character.to_ascii_uppercase()),
            _ => name.push(character),
        }
    }
    name
}

fn row(operation: &Operation) -> String {
    let Operation { id, method, path, version, public, scopes, limit, .. } = operation;
    let Operation { idempotency, consumes, produces, query, if_match, cache, .. } = operation;
    let shape =
        operation.shape.map_or("None".to_owned(), |it| format!("Some({})", self::shape(&it)));
    let parameters = list(operation.parameters, parameter);
    let body = operation.body.map_or("None".to_owned(), |it| format!("Some({})", body(&it)));
    format!(
        "{KIT}::Operation {{ id: {id:?}, method: {method:?}, path: {path:?}, version: {version}, public: {public}, \
         scopes: &{scopes:?}, limit: {KIT}::{limit:?}, \
         idempotency: {KIT}::Idempotency::{idempotency:?}, \
         query: {KIT}::Query::{query:?}, if_match: {if_match}, cache: {cache:?}, \
         consumes: &{consumes:?}, produces: &{produces:?}, shape: {shape}, \
         parameters: {parameters}, body: {body} }}"
    )
}

fn shape(shape: &Shape) -> String {
    let Shape { collection, is_addressed, is_page, is_numbered, enums, maps, .. } = shape;
    let relations = list(shape.relations, |relation| format!("{KIT}::{relation:?}"));
    format!(
        "{KIT}::Shape {{ collection: {collection:?}, is_addressed: {is_addressed}, is_page: {is_page}, is_numbered: {is_numbered}, enums: &{enums:?}, \
         maps: &{maps:?}, relations: {relations} }}"
    )
}

fn parameter(parameter: &Parameter) -> String {
    let Parameter { name, location, required, .. } = parameter;
    let schema = schema(parameter.schema);
    format!(
        "{KIT}::Parameter {{ name: {name:?}, location: {KIT}::Location::{location:?}, \
         required: {required}, schema: &{schema} }}"
    )
}

fn body(body: &Body) -> String {
    let Body { required, validate, .. } = body;
    let schema = schema(body.schema);
    format!("{KIT}::Body {{ required: {required}, validate: {validate}, schema: &{schema} }}")
}

fn schema(it: &Schema) -> String {
    let text = match *it {
        // For these variants, the `Debug` output is the Rust source that constructs them.
        Schema::Any | Schema::Boolean | Schema::Integer { .. } | Schema::Number { .. } => {
            format!("{it:?}")
        }
        Schema::Nullable(inner) => format!("Nullable(&{})", schema(inner)),
        Schema::String { min_length, max_length, format, visible, one_of } => {
            let format = format.map(|format| format!("Some({KIT}::Format::{format:?})"));
            let format = format.as_deref().unwrap_or("None");
            format!(
                "String {{ min_length: {min_length}, max_length: {max_length:?}, \
                 format: {format}, visible: {visible}, one_of: &{one_of:?} }}"
            )
        }
        Schema::Array { items, min_items, max_items, unique } => format!(
            "Array {{ items: &{}, min_items: {min_items}, max_items: {max_items:?}, \
             unique: {unique} }}",
            schema(items)
        ),
        Schema::Object { properties, additional, min_properties, any_of } => format!(
            "Object {{ properties: {}, additional: {}, min_properties: {min_properties}, \
             any_of: &[{}] }}",
            list(properties, property),
            additional.map_or("None".to_owned(), |it| format!("Some(&{})", schema(it))),
            any_of.iter().map(|names| format!("&{names:?}, ")).collect::<String>()
        ),
    };
    format!("{KIT}::Schema::{text}")
}

fn property(property: &Property) -> String {
    let Property { name, required, shown, .. } = property;
    let schema = schema(property.schema);
    format!(
        "{KIT}::Property {{ name: {name:?}, required: {required}, shown: {shown}, schema: &{schema} }}"
    )
}

fn list<T>(items: &[T], write: impl Fn(&T) -> String) -> String {
    format!("&[{}]", items.iter().map(write).collect::<Vec<_>>().join(", "))
}
