//! The request for a list, in every spelling that the contract knows (K-23…K-31). One parser makes
//! one [`Query`] from it, and `select` makes SQL from the query.
//!
//! | question | spellings |
//! |---|---|
//! | filter | `status=ACTIVE`, `status:in=A,B`, `department:null=true`, `total_gt=…` |
//! | filter | `created_at:gte=…`, `created_after=…` |
//! | filter | `filter[status]=…`, `filter[created_at][gte]=…` |
//! | filter of a map | `labels[env]=prod`, `filter[labels][env]=prod` |
//! | order | `sort=created_at:desc,name`, `sort=-created_at` |
//! | page, by cursor | `cursor`+`limit`, `page[cursor]`+`page[limit]` |
//! | page, by offset | `offset`+`limit`, `page[offset]`, `page[number]` |
//! | page, by number | `page`+`per_page` |
//! | page, by row | `after_id`, `after_<key>` |
//! | fields | `fields=a,b`, `fields[users]=a,b` |
//! | relations | `expand`, `include`, `embed` |
//! | text | `search`, `q` |
//!
//! Names may also be spelled in camelCase. An unknown name is refused, and the error lists the
//! known names.

mod cursor;
mod feed;
mod filter;
mod links;
mod page;
mod select;
mod sort;
#[cfg(test)]
mod tests;
mod value;
mod view;

pub use cursor::{Bound, Place, Resume};
pub use feed::Feed;
pub use filter::{Filter, Op};
pub use links::Links;
pub use migrations::Dialect;
pub use page::{Mode, Page};
pub use select::{Sql, conditions, count, select};
pub use sort::Key;
pub use value::Literal;
pub use view::View;

use protocol::{Violation, case};

use crate::contract::{Field, Resource};

/// The parsed request for a list.
#[derive(Debug)]
pub struct Query {
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// Text that one of the searchable fields must contain.
    pub search: Option<String>,
    /// The order, without the tie-breaker.
    pub sort: Vec<Key>,
    /// Which part of the list.
    pub page: Page,
    /// The members that are shown of each object.
    pub view: View,
}

/// Why a query was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whether the query has something that this list does not know (400). Otherwise it only has
    /// values that do not fit (422).
    pub unknown: bool,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

/// Collects all problems, so that one answer reports them together.
#[derive(Default)]
struct Problems {
    unknown: bool,
    violations: Vec<Violation>,
}

impl Problems {
    /// Adds something that the list does not know: 400.
    fn unknown(&mut self, name: &str, code: &str, message: impl Into<String>) {
        self.unknown = true;
        self.wrong(name, code, message);
    }

    /// Adds a value that does not fit: 422.
    fn wrong(&mut self, name: &str, code: &str, message: impl Into<String>) {
        if self.violations.len() < crate::validate::MAX_VIOLATIONS {
            self.violations.push(Violation {
                pointer: name.chars().take(200).collect(),
                code: code.to_owned(),
                message: message.into(),
                value: None,
            });
        }
    }

    fn result<T>(self, value: T) -> Result<T, Refused> {
        if self.violations.is_empty() {
            return Ok(value);
        }
        Err(Refused { unknown: self.unknown, violations: self.violations })
    }
}

/// The parameters of every list besides filters.
const PARAMETERS: &str =
    "cursor, limit, offset, page, per_page, after_id, sort, fields, expand, search";

impl Query {
    /// Reads the query parameters of a request for a list.
    ///
    /// # Errors
    /// Everything that is wrong with the parameters.
    pub fn parse(resource: &'static Resource, given: &[(&str, &str)]) -> Result<Self, Refused> {
        let mut problems = Problems::default();
        let mut reader = page::Reader::default();
        let mut view = View::default();
        let (mut filters, mut search, mut sort) = (Vec::new(), None, None);
        let mut seen = std::collections::HashSet::new();
        for (name, value) in given {
            if !seen.insert(*name) {
                problems.unknown(name, "REPEATED_PARAMETER", "Must be given once only.");
            } else if *name == "sort" {
                sort = Some(sort::parse(resource, value, &mut problems));
            } else if matches!(*name, "search" | "q") {
                if resource.fields.iter().all(|field| !field.search) {
                    problems.unknown(name, "UNKNOWN_PARAMETER", "This list has no text search.");
                } else if search.replace((*value).to_owned()).is_some() {
                    problems.unknown(
                        name,
                        "REPEATED_PARAMETER",
                        "`q` is another name of `search`.",
                    );
                }
                value::check_text(name, value, &mut problems);
            } else if !view.take(resource, name, value, &mut problems)
                && !reader.take(resource, name, value, &mut problems)
            {
                filters.extend(filter::parse(resource, PARAMETERS, name, value, &mut problems));
            }
        }
        let sort = sort.unwrap_or_default();
        let page = reader.finish(&sort, &mut problems);
        problems.result(Self { filters, search, sort, page, view })
    }

    /// The order with its tie-breaker. It is a total order, so no page repeats or loses a row.
    pub fn keys(&self, resource: &'static Resource) -> Vec<Key> {
        let mut keys = self.sort.clone();
        if keys.iter().all(|key| key.field.name != "id") {
            let descending = keys.last().is_some_and(|key| key.descending);
            keys.extend(resource.field("id").map(|field| Key { field, descending }));
        }
        // The id is unique, so keys behind it decide nothing.
        let end = keys.iter().position(|key| key.field.name == "id");
        keys.truncate(end.map_or(keys.len(), |index| index + 1));
        keys
    }

    /// The filters and the order as one text. A cursor is bound to it.
    pub fn fingerprint(&self) -> String {
        let filters = self.filters.iter().map(Filter::canonical);
        let mut parts: Vec<String> = filters.collect();
        parts.sort();
        let sort = self.sort.iter().map(Key::canonical);
        parts.extend(sort);
        parts.extend(self.search.as_ref().map(|text| format!("search {}", text::fold(text))));
        parts.join("\n")
    }
}

/// The field that a client names: by its name, by its name in camelCase, or by a synonym.
fn named(resource: &'static Resource, name: &str) -> Option<&'static Field> {
    let exact = resource.field(name);
    let field = exact.or_else(|| resource.field(&case::snake(name))).filter(|field| !field.secret)?;
    match field.synonym {
        Some(name) => resource.field(name),
        None => Some(field),
    }
}

/// Whether the field has a column that a client may ask about.
fn is_column(field: &Field) -> bool {
    field.synonym.is_none() && !field.secret
}

/// The text between the brackets: `users` for `fields[users]`.
fn bracketed<'a>(name: &'a str, before: &str) -> Option<&'a str> {
    name.strip_prefix(before)?.strip_prefix('[')?.strip_suffix(']')
}

/// A list of names for people.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
