//! What a client asks of a feed: filters, and where to go on. It has one order, so there are no
//! others to ask for, and no numbers of pages.

use super::page::{Mode, Reader};
use super::{Filter, Problems, Refused, bracketed, filter};
use crate::contract::Resource;

/// What is asked of a feed.
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
    /// Reads the query parameters of a request for a feed. `others` are those that it has
    /// beside filters: `cursor` and `limit` are read here, what else there is by the handler.
    ///
    /// # Errors
    /// All that is wrong with them.
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
