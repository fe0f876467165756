//! Checks the contract against the rules for paths, operations and documentation.
//!
//! The linter reads the bundle, because it is what clients read. It reports all violations at once.
//! Allowed exceptions are listed in `exceptions.rs`.
//!
//! Left out on purpose: what the rules of Spectral itself check (references, tags, examples that
//! match their schemas), and what the compiler of the contract refuses.

mod exceptions;
mod gate;
mod members;
mod operations;
mod paths;
mod report;
mod rule;
mod words;

pub use rule::{Rule, Violation};

use serde_json::Value;

use report::Report;

/// Finds every violation in a bundle, in the order of its paths.
pub fn lint(bundle: &Value) -> Vec<Violation> {
    let mut report = Report::default();
    paths::check(bundle, &mut report);
    operations::check(bundle, &mut report);
    gate::check(bundle, &mut report);
    members::check(bundle, &mut report);
    report.found
}

/// What keeps a name from being that of a collection in a path.
pub fn no_collection(name: &str) -> Option<&'static str> {
    if !words::is_kebab(name) || name.starts_with(|c: char| c.is_ascii_digit()) {
        Some("is not kebab-case, such as book-reviews")
    } else if words::is_crud(name) || words::is_bulk(name) {
        Some("begins with a verb; the method of a request says what is done")
    } else if !words::is_plural(name) {
        Some("is not a plural, and a collection is named by one")
    } else {
        None
    }
}

/// Finds the exceptions that a bundle does not need. Without this check, exceptions would stay
/// after their reason is gone.
pub fn unused_exceptions(bundle: &Value) -> Vec<Violation> {
    let mut report = Report::default();
    paths::check(bundle, &mut report);
    operations::check(bundle, &mut report);
    let words = paths::segments(bundle);
    exceptions::unused_exceptions(&report.exempted, &words)
}
