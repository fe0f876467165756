//! An error on its way to the client (`wit/errors.wit`).

use crate::Code;

/// A violation (`errors.violation`).
#[derive(Clone, Debug)]
pub struct Violation {
    /// A JSON Pointer into the body, or the name of a parameter.
    pub pointer: String,
    /// The kind of the violation, in SCREAMING_SNAKE_CASE.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The rejected value as JSON, if it may be shown.
    pub value: Option<String>,
}

/// An error (`errors.error`). It has no `Display`, because `message` is for the client and
/// `internal` is for the log.
#[derive(Clone, Debug)]
pub struct Error {
    /// The code, which selects the row of the registry.
    pub code: Code,
    /// A sentence for the client.
    pub message: String,
    /// All violations.
    pub violations: Vec<Violation>,
    /// Further members of `details`.
    pub context: Vec<(String, String)>,
    /// Seconds until a retry makes sense.
    pub retry_after: Option<u32>,
    /// The cause, for the log only.
    pub internal: Option<String>,
}

impl Error {
    /// An error with a sentence for the client.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            violations: Vec::new(),
            context: Vec::new(),
            retry_after: None,
            internal: None,
        }
    }

    /// An error whose cause is for the log only. The client gets the title of the code.
    pub fn internal(code: Code, cause: impl Into<String>) -> Self {
        Self { internal: Some(cause.into()), ..Self::new(code, code.row().title) }
    }

    /// Adds a member of `details`.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.context.push((name.to_owned(), value.into()));
        self
    }
}
