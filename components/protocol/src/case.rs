//! The spelling of names and enumerated values: snake_case and camelCase (K-6), SCREAMING and lower
//! case (K-7). For every name of the contract, each conversion reverses the other.

use std::borrow::Cow;

/// `owner_id` → `ownerId`. An underscore stays if no letter follows (`line_1`), so that [`snake`]
/// can restore the name.
pub fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next) if c == '_' && !out.is_empty() && next.is_ascii_lowercase() => {
                out.push(next.to_ascii_uppercase());
                chars.next();
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// `ownerId` → `owner_id`.
pub fn snake(name: &str) -> Cow<'_, str> {
    if !name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    Cow::Owned(out)
}

/// Returns the name unchanged.
pub fn same(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// `IN_PROGRESS` → `in_progress`.
pub fn lower(value: &str) -> String {
    value.to_ascii_lowercase()
}

/// `in_progress` → `IN_PROGRESS`.
pub fn upper(value: &str) -> String {
    value.to_ascii_uppercase()
}
