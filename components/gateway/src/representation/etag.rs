//! Entity tags of representations. A strong tag tells representations apart (RFC 9110
//! section 8.8.3), while the function knows only the version of the object: what it calls
//! `"v3"` is `"v3-envelope"` and `"v3-camel"` there. JSON:API keeps `"v3"` (D-36, D-44).

use std::borrow::Cow;

use super::Profile;

const SUFFIXES: [(Profile, &str); 2] =
    [(Profile::Envelope, "-envelope\""), (Profile::Camel, "-camel\"")];

fn suffix(profile: Profile) -> Option<&'static str> {
    SUFFIXES.iter().find(|(known, _)| *known == profile).map(|(_, suffix)| *suffix)
}

/// The function's tag as `profile` tells it.
pub(super) fn outgoing(tag: String, profile: Profile) -> String {
    match (suffix(profile), tag.strip_suffix('"')) {
        (Some(suffix), Some(open)) => format!("{open}{suffix}"),
        _ => tag,
    }
}

/// `If-Match` as the function understands it. Whichever representation a client has seen,
/// it has seen that version of the object.
pub(super) fn if_match(value: &str) -> Cow<'_, str> {
    if !SUFFIXES.iter().any(|(_, suffix)| value.contains(suffix)) {
        return Cow::Borrowed(value);
    }
    let strip = |tag: &str| {
        let open = SUFFIXES.iter().find_map(|(_, suffix)| tag.strip_suffix(suffix));
        open.map_or_else(|| tag.to_owned(), |open| format!("{open}\""))
    };
    Cow::Owned(value.split(',').map(|tag| strip(tag.trim())).collect::<Vec<_>>().join(", "))
}

/// `If-None-Match` as the function understands it: without the tags of other
/// representations, which the client may not take for this one. `None` when none is left.
pub(super) fn if_none_match(value: &str, profile: Profile) -> Option<Cow<'_, str>> {
    let Some(suffix) = suffix(profile).filter(|_| value.trim() != "*") else {
        return Some(Cow::Borrowed(value));
    };
    let ours = value.split(',').filter_map(|tag| tag.trim().strip_suffix(suffix));
    let ours: Vec<_> = ours.map(|open| format!("{open}\"")).collect();
    (!ours.is_empty()).then(|| Cow::Owned(ours.join(", ")))
}
