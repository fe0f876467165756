//! The order of a list (K-28).

use super::names::{is_column, list, named};
use super::problems::Problems;
use crate::contract::{Field, Resource};

/// The most sort keys. More would not be served by an index.
const KEYS: usize = 4;

/// One sort key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Key {
    /// The field to sort by.
    pub field: &'static Field,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

impl Key {
    pub(super) fn canonical(&self) -> String {
        format!("sort {} {}", self.field.name, self.descending)
    }
}

/// Whether a list can be sorted by the field.
fn can_sort(field: &Field) -> bool {
    (field.sort || field.name == "id") && is_column(field)
}

/// Reads `created_at:desc,name`. JSON:API writes `-created_at` for `created_at:desc`.
pub(super) fn parse(resource: &'static Resource, text: &str, problems: &mut Problems) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for part in text.split(',') {
        let (minus, part) = match part.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, part),
        };
        let (name, direction) = part.split_once(':').unwrap_or((part, "asc"));
        let descending = match (direction.to_ascii_lowercase().as_str(), minus) {
            ("asc", minus) => minus,
            ("desc", false) => true,
            _ => {
                problems.unknown("sort", "UNKNOWN_DIRECTION", "A direction is `asc` or `desc`.");
                continue;
            }
        };
        match named(resource, name).filter(|field| can_sort(field)) {
            Some(field) if keys.iter().any(|key| key.field == field) => {
                problems.unknown("sort", "REPEATED_FIELD", "A field can be named only once.");
            }
            Some(field) => keys.push(Key { field, descending }),
            None => {
                let known = resource.fields.iter().filter(|field| can_sort(field));
                let known = list(known.map(|field| field.name));
                problems.unknown(
                    "sort",
                    "UNKNOWN_FIELD",
                    format!("This list can be sorted by: {known}."),
                );
            }
        }
    }
    if keys.len() > KEYS {
        problems.wrong("sort", "TOO_MANY_ITEMS", format!("Must have at most {KEYS} items."));
    }
    keys
}
