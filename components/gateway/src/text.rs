//! The text of a header.

use http::HeaderMap;

/// The first value of a header, if it is ASCII.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
