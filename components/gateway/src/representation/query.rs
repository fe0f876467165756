//! What query parameters are about, as far as a representation needs to know.

use std::borrow::Cow;
use std::collections::BTreeMap;

use form_urlencoded::parse;

use super::case;
use crate::Shape;

/// Parameters that say which members an answer has, or in which order.
const PRESENTATION: [&str; 5] = ["sort", "fields", "expand", "include", "embed"];

/// Parameters that ask for related objects.
pub(super) const INCLUDE: [&str; 3] = ["include", "expand", "embed"];

/// Whether it says where a page begins or how long it is (A-43, D-45…52, E-25).
pub(super) fn is_paging(name: &str) -> bool {
    matches!(name, "cursor" | "limit" | "offset" | "page" | "per_page")
        || ["page[", "after_", "before_"].iter().any(|start| name.starts_with(start))
}

fn is_presentation(name: &str) -> bool {
    PRESENTATION.contains(&name) || name.starts_with("fields[")
}

/// Whether a request asks for a certain page.
pub(super) fn pages(query: &str) -> bool {
    parse(query.as_bytes()).any(|(name, _)| is_paging(&name))
}

/// The filters of a request, by name; the values of a repeated one are joined by commas.
pub(super) fn filters(query: &str) -> BTreeMap<String, String> {
    let mut filters = BTreeMap::<String, String>::new();
    let applied = |name: &str| !is_paging(name) && !is_presentation(name);
    for (name, value) in parse(query.as_bytes()).filter(|(name, _)| applied(name)) {
        match filters.entry(name.into_owned()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(value.into_owned());
            }
            std::collections::btree_map::Entry::Occupied(entry) => {
                let joined = entry.into_mut();
                joined.push(',');
                joined.push_str(&value);
            }
        }
    }
    filters
}

/// The first value among `names`.
pub(super) fn value(query: &str, names: &[&str]) -> Option<String> {
    parse(query.as_bytes())
        .find(|(name, _)| names.contains(&name.as_ref()))
        .map(|(_, value)| value.into_owned())
}

/// A parameter of a camelCase request in native spelling: its name, and the names in its
/// value when those are members. Names below a map are data.
pub(super) fn native<'a>(
    shape: &Shape,
    name: Cow<'a, str>,
    value: Cow<'a, str>,
) -> (String, String) {
    let value = match is_presentation(&name) {
        true => case::snake(&value).into_owned(),
        false => value.into_owned(),
    };
    let (filter, name) = match name.strip_prefix("filter[") {
        Some(name) => ("filter[", name),
        None => ("", &*name),
    };
    let (head, rest) = name.split_at(name.find(['.', '[', ']', ':']).unwrap_or(name.len()));
    let head = case::snake(head);
    let rest = if shape.maps.iter().any(|map| *map == head) {
        Cow::Borrowed(rest)
    } else {
        case::snake(rest)
    };
    (format!("{filter}{head}{rest}"), value)
}
