//! The kinds of query parameters, as far as a representation needs to know them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use form_urlencoded::parse;
use protocol::{Shape, case};

/// Parameters that choose the members of an answer, or their order.
const PRESENTATION: [&str; 5] = ["sort", "fields", "expand", "include", "embed"];

/// Parameters that ask for related objects.
pub(super) const INCLUDE: [&str; 3] = ["include", "expand", "embed"];

/// Whether a parameter chooses the beginning or the length of a page (A-43, D-45…52, E-25).
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

/// The filters of a request, by name. The values of a repeated filter are joined by commas.
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

/// The value of the first parameter with one of these names.
pub(super) fn value(query: &str, names: &[&str]) -> Option<String> {
    parse(query.as_bytes())
        .find(|(name, _)| names.contains(&name.as_ref()))
        .map(|(_, value)| value.into_owned())
}

/// Converts a parameter of a camelCase request to native spelling: its name, and its value if this
/// consists of names of members. Names below a map are data and stay.
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
