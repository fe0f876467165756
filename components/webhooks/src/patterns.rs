//! Event-type patterns of endpoints: one type (`project.created`), all types of an area
//! (`project.*`), or all types except those about endpoints and deliveries (`*`).

/// The type of test events. Only the tested endpoint receives them.
pub(crate) const TEST: &str = "endpoint.tested";

/// Whether a text is a pattern that matches at least one known event type: `*`, a known type, or an
/// area with one. A misspelt pattern is refused, because it would wait for ever for events that
/// never happen.
pub(crate) fn is_valid(text: &str) -> bool {
    match text.strip_suffix(".*") {
        Some(area) => kinds().any(|kind| kind.split_once('.').is_some_and(|(of, _)| of == area)),
        None => text == "*" || kinds().any(|kind| kind == text),
    }
}

/// The message for an invalid pattern, with the types that are known.
pub(crate) fn known() -> String {
    let kinds: Vec<&str> = kinds().collect();
    format!(
        "Must be `*`, an area such as `project.*`, or a type of event. Known are: {}.",
        kinds.join(", ")
    )
}

fn kinds() -> impl Iterator<Item = &'static str> {
    kit::EVENT_TYPES.iter().map(|known| known.name)
}

/// The patterns as a queue stores them: joined with spaces, and with a space at both ends.
pub(crate) fn joined(patterns: &[String]) -> String {
    format!(" {} ", patterns.join(" "))
}

/// Whether an event is about endpoints or deliveries.
pub(crate) fn is_operational(kind: &str) -> bool {
    kit::event_type::find(kind).is_some_and(|known| known.operational)
}

/// An SQL condition for events that are not about endpoints or deliveries.
fn not_operational() -> String {
    let kinds = kit::EVENT_TYPES.iter().filter(|known| known.operational);
    let kinds: Vec<_> = kinds.map(|known| format!("'{}'", known.name)).collect();
    format!("type NOT IN ({})", kinds.join(", "))
}

/// An SQL condition on the column `type` for the patterns of a queue, and the values of its
/// parameters. The parameters are numbered from `first` on.
pub(crate) fn condition(patterns: &str, first: usize) -> (String, Vec<String>) {
    let mut values = vec![TEST.to_owned()];
    let mut any = Vec::new();
    for pattern in patterns.split_whitespace() {
        let place = format!("${}", first + values.len());
        match pattern.strip_suffix('*') {
            Some("") => any.push(not_operational()),
            Some(area) => {
                values.push(format!("{}%", area.replace('_', "!_")));
                any.push(format!("type LIKE {place} ESCAPE '!'"));
            }
            None => {
                values.push(pattern.to_owned());
                any.push(format!("type = {place}"));
            }
        }
    }
    if any.is_empty() {
        any.push("1 = 0".to_owned());
    }
    (format!("type <> ${first} AND ({})", any.join(" OR ")), values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_something() {
        for good in ["*", "project.*", "project.created", "audit.logged", "endpoint.*", TEST] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            "project",
            "*.created",
            "*.*",
            "project.",
            "project.creatd",
            "projct.*",
            "projec.*",
            ".*",
            ".x",
            "Project.*",
            "project.*.*",
            "project.c*",
            "a.b c",
            "INGESTED",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert!(known().contains("project.created, "));
    }

    #[test]
    fn a_condition_numbers_its_parameters() {
        let (sql, values) = condition(" project.* user.created ", 3);
        assert_eq!(sql, "type <> $3 AND (type LIKE $4 ESCAPE '!' OR type = $5)");
        assert_eq!(values, [TEST, "project.%", "user.created"]);
        let (sql, values) = condition(" a_b.* ", 2);
        assert_eq!(
            (sql.as_str(), values[1].as_str()),
            ("type <> $2 AND (type LIKE $3 ESCAPE '!')", "a!_b.%")
        );
        assert!(condition(" ", 2).0.ends_with("(1 = 0)"));
    }

    #[test]
    fn all_is_without_what_is_operational() {
        let sql = condition(" * ", 2).0;
        assert!(sql.starts_with("type <> $2 AND (type NOT IN ('delivery.exhausted', "), "{sql}");
        for known in kit::EVENT_TYPES {
            assert_eq!(sql.contains(&format!("'{}'", known.name)), known.operational);
            assert_eq!(is_operational(known.name), known.operational);
        }
    }
}
