//! The request for a part of a feed: filters, and the place to go on. A feed has one order, so the
//! client cannot choose another one. Its pages have no numbers.

use super::filter::{self, Filter};
use super::names::bracketed;
use super::page::{Mode, Reader};
use super::problems::{Problems, Refused};
use crate::contract::Resource;

/// The parsed request for a part of a feed.
#[derive(Debug)]
pub struct Feed {
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// The most items of a page.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
}

impl Feed {
    /// Reads the query parameters of a request for a feed. `others` are the parameters that the
    /// feed has besides filters. Of these, `cursor` and `limit` are read here; the handler reads
    /// the rest.
    ///
    /// # Errors
    /// Everything that is wrong with the parameters.
    pub fn parse(
        resource: &'static Resource,
        given: &[(&str, &str)],
        others: &[&str],
    ) -> Result<Self, Refused> {
        let mut problems = Problems::default();
        let mut reader = Reader::default();
        let mut filters = Vec::new();
        let known = others.join(", ");
        let mut seen = std::collections::HashSet::new();
        for (name, value) in given {
            if !seen.insert(*name) {
                problems.unknown(name, "REPEATED_PARAMETER", "Must be given once only.");
            } else if is_page(name) && others.contains(&bracketed(name, "page").unwrap_or(name)) {
                reader.take(resource, name, value, &mut problems);
            } else if !others.contains(name) {
                filters.extend(filter::parse(resource, &known, name, value, &mut problems));
            }
        }
        let page = reader.finish(&[], &mut problems);
        let cursor = match page.mode {
            Mode::Cursor(cursor) => cursor,
            _ => None,
        };
        problems.result(Self { filters, limit: page.limit, cursor })
    }
}

fn is_page(name: &str) -> bool {
    matches!(bracketed(name, "page").unwrap_or(name), "cursor" | "limit")
}
