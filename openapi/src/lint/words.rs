//! The English grammar that the rules need.
//!
//! It is an approximation: a plural ends with `s` or is in the list below. If it misjudges a name,
//! then the name goes into `exceptions.rs`.

/// Verbs that the HTTP methods already express.
const CRUD: [&str; 24] = [
    "add", "change", "create", "delete", "destroy", "edit", "fetch", "find", "get", "insert",
    "list", "make", "modify", "new", "patch", "post", "put", "read", "remove", "replace",
    "retrieve", "save", "set", "update",
];

/// Common actions. If one of them is at a wrong place, then the linter can name the mistake. At the
/// right place, any word may be an action.
const ACTIONS: [&str; 28] = [
    "activate",
    "approve",
    "archive",
    "assign",
    "cancel",
    "close",
    "complete",
    "deactivate",
    "disable",
    "enable",
    "execute",
    "export",
    "import",
    "invite",
    "lock",
    "merge",
    "move",
    "override",
    "pause",
    "publish",
    "reject",
    "restore",
    "resume",
    "retry",
    "revoke",
    "run",
    "send",
    "unlock",
];

/// Plurals that do not end with `s`.
const PLURALS: [&str; 5] = ["children", "criteria", "data", "media", "people"];

/// The words of a name in lower case, however they are joined.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (lower && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        lower = c.is_ascii_lowercase();
        if let (true, Some(word)) = (c.is_ascii_alphanumeric(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn first(name: &str) -> String {
    words(name).into_iter().next().unwrap_or_default()
}

/// Whether a name begins with a verb that an HTTP method already expresses.
pub(super) fn is_crud(name: &str) -> bool {
    CRUD.contains(&first(name).as_str())
}

/// Whether a name begins with a common action.
pub(super) fn is_action(name: &str) -> bool {
    ACTIONS.contains(&first(name).as_str())
}

/// Whether a name is that of a bulk action on many objects of a collection (K-22).
pub(super) fn is_bulk(name: &str) -> bool {
    first(name) == "bulk"
}

/// Whether the last word of a name is plural.
pub(super) fn is_plural(name: &str) -> bool {
    let last = words(name).pop().unwrap_or_default();
    let singular = ["ss", "us", "is"].iter().any(|ending| last.ends_with(ending));
    PLURALS.contains(&last.as_str()) || (last.ends_with('s') && !singular && last != "s")
}

/// The possible singulars of a name. There are several, because the spelling does not tell `caches`
/// from `boxes`.
pub(super) fn singulars(name: &str) -> Vec<String> {
    let endings = [("ies", "y"), ("es", ""), ("s", "")];
    let cut = |(plural, singular)| Some(format!("{}{singular}", name.strip_suffix(plural)?));
    let found: Vec<_> = endings.into_iter().filter_map(cut).collect();
    if found.is_empty() { vec![name.to_owned()] } else { found }
}

/// The likely plural of a name.
pub(super) fn plural(name: &str) -> String {
    if is_plural(name) {
        return name.to_owned();
    }
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if name.ends_with(['s', 'x', 'z']) || name.ends_with("ch") => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// A name in kebab-case.
pub(super) fn kebab(name: &str) -> String {
    words(name).join("-")
}

/// Whether a name is in kebab-case.
pub(super) fn is_kebab(name: &str) -> bool {
    !name.is_empty() && kebab(name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_every_spelling() {
        for name in ["userProfiles", "UserProfiles", "user_profiles", "user-profiles"] {
            assert_eq!(words(name), ["user", "profiles"], "{name}");
            assert_eq!(kebab(name), "user-profiles");
        }
        assert!(is_kebab("v2-x") && !is_kebab("aB") && !is_kebab("a--b") && !is_kebab("a-"));
    }

    #[test]
    fn plurals() {
        for name in ["users", "publishing-rights", "boxes", "policies", "people"] {
            assert!(is_plural(name), "{name}");
            assert_eq!(plural(name), name);
        }
        for name in ["user", "status", "access", "analysis", "user-list"] {
            assert!(!is_plural(name), "{name}");
        }
        assert_eq!(
            ["user", "policy", "box", "key"].map(plural),
            ["users", "policies", "boxes", "keys"]
        );
        assert!(singulars("policies").contains(&"policy".to_owned()));
        assert!(singulars("caches").contains(&"cache".to_owned()));
    }
}
