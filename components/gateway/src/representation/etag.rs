//! Entity tags of representations. A strong tag must differ between representations (RFC 9110
//! section 8.8.3), but the function knows only the version of the object. So its tag `"v3"` becomes
//! `"v3-native"`, `"v3-envelope"` and `"v3-camel"`. JSON:API keeps `"v3"` (D-36).

use http::HeaderMap;
use http::header::HeaderName;

use super::negotiated::Negotiated;
use super::profile::Profile;

/// The suffix for each representation except JSON:API. The last one is for types other than JSON,
/// which a function writes itself.
const SUFFIXES: [&str; 4] = ["-native", "-envelope", "-camel", "-other"];

impl Negotiated<'_> {
    /// The function's tag in the spelling of the answer. A form that a standard fixes has no
    /// suffix, because it is the only one.
    pub(super) fn tag(&self, tag: String) -> String {
        let suffix = match (self.shape(), self.choice.other, self.choice.profile) {
            (None, ..) | (Some(_), None, Profile::JsonApi) => return tag,
            (Some(_), Some(_), _) => "-other",
            (Some(_), None, Profile::Native) => "-native",
            (Some(_), None, Profile::Envelope) => "-envelope",
            (Some(_), None, Profile::Camel) => "-camel",
        };
        match tag.strip_suffix('"') {
            Some(open) => format!("{open}{suffix}\""),
            None => tag,
        }
    }
}

/// A tag as the function knows it. A tag of any representation names the same version of the
/// object.
pub(super) fn native(tag: &str) -> String {
    let open = tag.strip_suffix('"').unwrap_or(tag);
    match SUFFIXES.iter().find_map(|suffix| open.strip_suffix(suffix)) {
        Some(open) => format!("{open}\""),
        None => tag.to_owned(),
    }
}

/// The tags of `If-Match` or `If-None-Match`, which may have several lines (RFC 9110 section 5.3).
/// A comma between quotes is part of a tag (section 8.8.3). So the text beside it is not a tag of
/// its own, and a `*` there does not stand for any tag.
pub(super) fn listed<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(elements).map(str::trim).filter(|tag| !tag.is_empty())
}

/// The elements of one line, separated by the commas outside of quotes.
fn elements(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
}

/// The list as the function understands it; `None` if the header is missing. The function splits it
/// at its commas. So tags with a comma, which are never ours, are left out.
pub(super) fn natively(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let tags = || listed(headers, name).filter(|tag| !tag.contains(',')).map(native);
    headers.contains_key(name).then(|| tags().collect::<Vec<_>>().join(", "))
}
