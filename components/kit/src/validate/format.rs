//! What strings must spell: the formats that request schemas may name.

use time::format_description::well_known::Rfc3339;

use crate::contract::Format;

/// Whether the text spells what the format says.
pub(super) fn spells(format: Format, text: &str) -> bool {
    match format {
        Format::Email => is_email(text),
        Format::DateTime => time::OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        Format::Uri => is_uri(text),
    }
}

/// What to call it in a message.
pub(super) fn named(format: Format) -> &'static str {
    match format {
        Format::Email => "an e-mail address",
        Format::DateTime => "a time as in RFC 3339",
        Format::Uri => "an absolute http or https URI",
    }
}

/// The shape that all deliverable addresses have (RFC 5321 with its length limits), without
/// the quoted local parts and address literals that nobody uses.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| !label.is_empty() && label.len() <= 63;
    let odd = |character: char| character.is_whitespace() || character.is_control();
    (1..=64).contains(&local.len())
        && text.len() <= 254
        && !text.contains(odd)
        && !domain.contains('@')
        && domain.contains('.')
        && domain.split('.').all(label)
}

fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !host.is_empty()
        && !host.starts_with(':')
        && text.bytes().all(plain)
}
