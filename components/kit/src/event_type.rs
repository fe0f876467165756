//! The registry of event types, compiled from openapi/events.yaml, and the search by name.

use crate::contract::EventType;

include!(concat!(env!("OUT_DIR"), "/events.rs"));

/// The type with this public name.
pub fn find(name: &str) -> Option<&'static EventType> {
    let found = EVENT_TYPES.binary_search_by(|known| known.name.cmp(name));
    found.ok().map(|index| &EVENT_TYPES[index])
}

/// The types that a pattern of a client selects ([`EventType::matches_pattern`]). The result is empty
/// if no type fits.
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static EventType> {
    EVENT_TYPES.iter().filter(move |known| known.matches_pattern(pattern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn means(pattern: &str, expected: &[&str]) {
        let found: Vec<_> = matching(pattern).map(|known| known.name).collect();
        assert_eq!(found, expected, "{pattern}");
    }

    #[test]
    fn a_name_finds_its_type() {
        assert!(EVENT_TYPES.is_sorted_by_key(|known| known.name));
        for known in EVENT_TYPES {
            assert_eq!(find(known.name), Some(known));
        }
        assert_eq!(find("project"), None);
    }

    #[test]
    fn types_are_meant_by_names_beginnings_and_log_codes() {
        means("team.created", &["team.created"]);
        means("Team.CREATED", &["team.created"]);
        means("team.*", &["team.created", "team.deleted", "team.updated"]);
        means("INGESTED", &["record.ingested"]);
        means("ingested", &["record.ingested"]);
        for nothing in
            ["", "team", "team.", "te*", "team*", "tea.*", "team.*.*", "*.created", "ä.*"]
        {
            means(nothing, &[]);
        }
        assert_eq!(matching("*").count(), EVENT_TYPES.len());
    }
}
