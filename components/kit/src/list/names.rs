//! Names in queries: of fields, in brackets, and in messages.

use protocol::case;

use crate::contract::{Field, Resource};

/// The field that a client names: by its name, by its name in camelCase, or by a synonym.
pub(super) fn named(resource: &'static Resource, name: &str) -> Option<&'static Field> {
    let exact = resource.field(name);
    let field =
        exact.or_else(|| resource.field(&case::snake(name))).filter(|field| !field.secret)?;
    match field.synonym {
        Some(name) => resource.field(name),
        None => Some(field),
    }
}

/// Whether the field has a column that a client may ask about.
pub(super) fn is_column(field: &Field) -> bool {
    field.synonym.is_none() && !field.secret
}

/// The text between the brackets: `users` for `fields[users]`.
pub(super) fn bracketed<'a>(name: &'a str, before: &str) -> Option<&'a str> {
    name.strip_prefix(before)?.strip_prefix('[')?.strip_suffix(']')
}

/// A list of names for people.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
