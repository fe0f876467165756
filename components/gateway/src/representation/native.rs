//! The native form: the function's bytes, unchanged. Only a page adds something: its links are in a
//! header (RFC 8288, K-27).

use http::HeaderValue;

use super::page::{Links, Page};

/// The header `Link`; `None` if the page has no neighbours.
pub(super) fn link(path: &str, page: &Page) -> Option<HeaderValue> {
    let Links(links) = page.links(path);
    let links = links
        .into_iter()
        .filter_map(|(name, target)| target.map(|target| format!("<{target}>; rel=\"{name}\"")));
    let links = links.collect::<Vec<_>>().join(", ");
    (!links.is_empty()).then(|| HeaderValue::try_from(links).ok()).flatten()
}
