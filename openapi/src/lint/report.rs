//! The report of the linter, which knows the exceptions.

use super::exceptions;
use super::rule::{Rule, Violation};

/// The violations that were found, and those that an exception allows.
#[derive(Default)]
pub(super) struct Report {
    pub(super) found: Vec<Violation>,
    pub(super) exempted: Vec<(String, Rule)>,
}

impl Report {
    /// Notes a violation of a path, unless it is an exception.
    pub(super) fn path(&mut self, method: &str, path: &str, rule: Rule, advice: impl Into<String>) {
        if exceptions::is_exempt(path, rule) {
            self.exempted.push((path.to_owned(), rule));
            return;
        }
        let place = format!("{} {path}", method.to_uppercase()).trim_start().to_owned();
        self.other(place, rule, advice);
    }

    /// Notes a violation of any place.
    pub(super) fn other(
        &mut self,
        place: impl Into<String>,
        rule: Rule,
        advice: impl Into<String>,
    ) {
        self.found.push(Violation { place: place.into(), rule, advice: advice.into() });
    }
}
