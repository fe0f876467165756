//! The query: what the parameters of a request ask for.

use super::filter::{self, Filter};
use super::page::{self, Page};
use super::problems::{Problems, Refused};
use super::sort::{self, Key};
use super::value;
use super::view::View;
use crate::contract::Resource;

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
        // Equal texts are the same, and this sorting is in every function anyway.
        parts.sort_unstable();
        let sort = self.sort.iter().map(Key::canonical);
        parts.extend(sort);
        parts.extend(self.search.as_ref().map(|text| format!("search {}", text::fold(text))));
        parts.join("\n")
    }
}
