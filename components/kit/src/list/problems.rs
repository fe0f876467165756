//! What is wrong with a query.

use protocol::Violation;

/// Why a query was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// Whether the query has something that this list does not know (400). Otherwise it only has
    /// values that do not fit (422).
    pub unknown: bool,
    /// Everything that is wrong.
    pub violations: Vec<Violation>,
}

/// Collects all problems, so that one answer reports them together.
#[derive(Default)]
pub(super) struct Problems {
    unknown: bool,
    violations: Vec<Violation>,
}

impl Problems {
    /// Adds something that the list does not know: 400.
    pub(super) fn unknown(&mut self, name: &str, code: &str, message: impl Into<String>) {
        self.unknown = true;
        self.wrong(name, code, message);
    }

    /// Adds a value that does not fit: 422.
    pub(super) fn wrong(&mut self, name: &str, code: &str, message: impl Into<String>) {
        if self.violations.len() < crate::validate::MAX_VIOLATIONS {
            self.violations.push(Violation {
                pointer: name.chars().take(200).collect(),
                code: code.to_owned(),
                message: message.into(),
                value: None,
            });
        }
    }

    /// The value, if nothing is wrong.
    pub(super) fn result<T>(self, value: T) -> Result<T, Refused> {
        if self.violations.is_empty() {
            return Ok(value);
        }
        Err(Refused { unknown: self.unknown, violations: self.violations })
    }
}
