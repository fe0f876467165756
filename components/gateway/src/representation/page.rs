//! Pages. The function tells the neighbours and numbers of a page ([`metadata::Page`]), and each
//! representation shows them in its own way (K-24, K-27).

use protocol::metadata;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::query;
use crate::head::linked;

/// The number of items of a page if nothing says it.
const LIMIT: u64 = 50;

/// A page, as its function tells of it.
#[derive(Default)]
pub(super) struct Page {
    pub(super) metadata: metadata::Page,
    /// The `next_cursor` of the body.
    pub(super) next_cursor: Option<String>,
}

/// The native body of a page.
#[derive(Deserialize)]
pub(super) struct Items<'a> {
    #[serde(borrow)]
    pub(super) items: &'a RawValue,
    pub(super) next_cursor: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Pagination {
    /// The pagination of a page by cursor (D-46).
    Cursor { cursors: Cursors, has_more: bool, total: Option<u64> },
    /// The pagination of a page by offset or number (D-49).
    Offset {
        limit: u64,
        offset: u64,
        total: Option<u64>,
        current_page: u64,
        total_pages: Option<u64>,
    },
}

#[derive(Serialize)]
pub(super) struct Cursors {
    before: Option<String>,
    after: Option<String>,
}

/// The member `pagination` of the profile `camel` (E-29).
#[derive(Serialize)]
pub(super) struct Numbered {
    page: Option<u64>,
    per_page: u64,
    total: Option<u64>,
    total_pages: Option<u64>,
    /// The cursor of the next page, if pages have no numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl Page {
    /// The links to the neighbours, below `base`. `last` is known only if pages are counted (D-47,
    /// D-50).
    pub(super) fn links(&self, base: &str) -> Links {
        let metadata = &self.metadata;
        let target = |query: &Option<String>| Some(format!("{base}?{}", linked(query.as_ref()?)));
        let mut links = vec![
            ("first", target(&metadata.first)),
            ("prev", target(&metadata.prev)),
            ("next", target(&metadata.next)),
        ];
        if metadata.last.is_some() || metadata.limit.is_some() {
            links.push(("last", target(&metadata.last)));
        }
        Links(links)
    }

    /// The member `pagination` of the envelope and of JSON:API (D-46, D-49).
    pub(super) fn pagination(&self) -> Pagination {
        match self.metadata.limit {
            Some(limit) => {
                let limit = limit.max(1);
                let offset = self.metadata.offset.unwrap_or(0);
                Pagination::Offset {
                    limit,
                    offset,
                    total: self.metadata.total,
                    current_page: offset / limit + 1,
                    total_pages: self.metadata.total.map(|total| total.div_ceil(limit)),
                }
            }
            None => {
                let cursor = |link: &Option<String>| query::value(link.as_deref()?, &CURSOR);
                let after = cursor(&self.metadata.next).or_else(|| self.next_cursor.clone());
                Pagination::Cursor {
                    has_more: after.is_some() || self.metadata.next.is_some(),
                    cursors: Cursors { before: cursor(&self.metadata.prev), after },
                    total: None,
                }
            }
        }
    }

    /// The member `pagination` of the profile `camel`. `asked` is the query of the request.
    pub(super) fn numbered(&self, asked: &str) -> Numbered {
        if let Pagination::Offset { limit, total, current_page, total_pages, .. } =
            self.pagination()
        {
            let page = Some(current_page);
            return Numbered { page, per_page: limit, total, total_pages, next_cursor: None };
        }
        let links = [self.metadata.first.as_deref(), self.metadata.next.as_deref(), Some(asked)];
        let limit = links.into_iter().flatten().find_map(|link| query::value(link, &LIMITS));
        Numbered {
            page: None,
            per_page: limit.and_then(|limit| limit.parse().ok()).unwrap_or(LIMIT),
            total: None,
            total_pages: None,
            next_cursor: self.next_cursor.clone(),
        }
    }
}

const CURSOR: [&str; 2] = ["cursor", "page[cursor]"];
const LIMITS: [&str; 3] = ["limit", "page[limit]", "per_page"];

/// The member `links`: a target for each name, or null.
pub(super) struct Links(pub(super) Vec<(&'static str, Option<String>)>);

impl Links {
    /// The links of one object.
    pub(super) fn of_itself(target: &str) -> Self {
        Self(vec![("self", Some(target.to_owned()))])
    }
}

impl Serialize for Links {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, target)| (name, target)))
    }
}
