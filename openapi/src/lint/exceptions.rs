//! Allowed exceptions from the rules, each with its reason. If nothing needs a row any more, then a
//! test fails.

use super::rule::{Rule, Violation};

/// Path segments that group paths or name a single thing. They are not collections, so they are
/// neither plural nor paginated.
const NO_COLLECTIONS: &[(&str, &str)] = &[
    ("auth", "the area of signing in and of the protocols for it; it has no objects"),
    ("billing", "the area of what is paid for; it has no objects"),
    ("health", "how an integration fares, which is one object"),
    ("internal", "the area of what only the operator calls"),
    ("lead", "a team has one at most"),
    ("manager", "a user has one at most"),
    ("me", "the caller"),
    ("password", "a person has one"),
    ("owner", "a project has one"),
    ("statistics", "counts of an endpoint, which are one object"),
    ("stream", "the feed in another form"),
];

/// A path, the rules that it may break, and the reason. `*` at the end matches any rest.
const EXCEPTIONS: &[(&str, &[Rule], &str)] = &[
    ("/.well-known/*", &[Rule::FileExtension, Rule::Plural], "the names are registered (RFC 8615)"),
    (
        "/auth/token",
        &[Rule::OperationName],
        "the token endpoint, by the name that RFC 6749 uses; its operation issues one",
    ),
    (
        "/openapi.json",
        &[Rule::FileExtension, Rule::Plural],
        "the contract itself, by the name that tools look for",
    ),
    (
        "/openapi.native.json",
        &[Rule::FileExtension, Rule::Plural],
        "the contract in one of its forms, beside the whole one",
    ),
    (
        "/api-docs.json",
        &[Rule::FileExtension, Rule::Plural],
        "the contract by its other name, which is required (E-70)",
    ),
    ("/docs/errors", &[Rule::Pagination], "a page for people: the index of the registry"),
    (
        "/internal/limits",
        &[Rule::Pagination],
        "for the operator, who sets few; one page has them all",
    ),
    (
        "/integrations/{id}/token",
        &[Rule::OperationName],
        "what a token endpoint answers (RFC 6749 section 5.1); its operation hands it on",
    ),
    ("/integrations/{id}/endpoints", &[Rule::Pagination], "there are three, and no more"),
    (
        "/me/sessions/end-others",
        &[Rule::OperationName],
        "a verb with its object, and no collection of others",
    ),
    ("/me/sessions", &[Rule::Pagination], "there are a hundred at most, on one page"),
    ("/users/{id}/teams", &[Rule::Pagination], "a user is in 50 at most; one page has them all"),
];

/// Whether a path may break a rule.
pub(super) fn is_exempt(path: &str, rule: Rule) -> bool {
    EXCEPTIONS.iter().any(|(pattern, rules, _)| fits(pattern, path) && rules.contains(&rule))
}

/// Whether a segment is listed as no collection.
pub(super) fn is_no_collection(segment: &str) -> bool {
    NO_COLLECTIONS.iter().any(|(known, _)| *known == segment)
}

/// A violation for each row that none of these exceptions and segments uses.
pub(super) fn unused_exceptions(exempted: &[(String, Rule)], segments: &[&str]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut note = |place: String, row: &str| {
        let advice = format!("nothing needs it any more; remove {row} from exceptions.rs");
        found.push(Violation { place, rule: Rule::Exception, advice });
    };
    for (pattern, rules, _) in EXCEPTIONS {
        for rule in *rules {
            if !exempted.iter().any(|(path, broken)| fits(pattern, path) && broken == rule) {
                note((*pattern).to_owned(), &format!("{rule:?}"));
            }
        }
    }
    for (segment, _) in NO_COLLECTIONS.iter().filter(|(segment, _)| !segments.contains(segment)) {
        note(format!("/{segment}"), "it");
    }
    found
}

fn fits(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    }
}
