//! The native form: the function's bytes, untouched. Only a page has something to add,
//! because its links stand in a header (RFC 8288, K-27).

use http::HeaderValue;

use super::page::{Links, Page};

/// `Link`; `None` when the page has no neighbours.
pub(super) fn link(path: &str, page: &Page) -> Option<HeaderValue> {
    let Links(links) = page.links(path);
    let links = links
        .into_iter()
        .filter_map(|(name, target)| target.map(|target| format!("<{target}>; rel=\"{name}\"")));
    let links = links.collect::<Vec<_>>().join(", ");
    (!links.is_empty()).then(|| HeaderValue::try_from(links).ok()).flatten()
}
