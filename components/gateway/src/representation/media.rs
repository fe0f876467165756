//! The media types of bodies.

use mediatype::{MediaType, ReadParams, names};
use protocol::Operation;

use super::accept::{JSON, JSON_API, PROFILE};

/// The media type of a body, in lower case and without parameters, if the operation reads it.
pub(crate) fn media_type(operation: &Operation, content_type: &str) -> Option<String> {
    if operation.consumes.iter().any(|known| known == content_type) {
        return Some(content_type.to_owned());
    }
    let media = MediaType::parse(content_type).ok()?;
    let essence = media.essence().to_string().to_ascii_lowercase();
    if essence == JSON_API {
        let reads = operation.shape.is_some() && operation.consumes.iter().any(|it| it == JSON);
        // `ext` names unsupported extensions, and other parameters are not allowed: both are 415.
        let is_plain = media.params().all(|(name, _)| name == PROFILE);
        return (reads && is_plain).then_some(essence);
    }
    let charset = media.get_param(names::CHARSET);
    let utf8 = charset.is_none_or(|set| {
        // `utf8` is not a registered name, but many clients send it.
        let set = set.unquoted_str();
        set.eq_ignore_ascii_case("utf-8") || set.eq_ignore_ascii_case("utf8")
    });
    (utf8 && operation.consumes.contains(&essence)).then_some(essence)
}

/// Whether a Content-Type is that of JSON:API.
pub(super) fn is_json_api(content_type: &str) -> bool {
    content_type != JSON
        && MediaType::parse(content_type)
            .is_ok_and(|media| media.essence().to_string().eq_ignore_ascii_case(JSON_API))
}
