//! An error on its way to the client (`wit/errors.wit`).

use crate::Code;

/// `errors.violation`
#[derive(Clone, Debug)]
pub struct Violation {
    /// JSON Pointer or parameter name.
    pub pointer: String,
    /// SCREAMING_SNAKE_CASE.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// The rejected value as JSON, when it may be shown.
    pub value: Option<String>,
}

/// `errors.error`. It has no `Display`: `message` is for the client, `internal` for the log.
#[derive(Clone, Debug)]
pub struct Error {
    /// The row.
    pub code: Code,
    /// A sentence for the client.
    pub message: String,
    /// All violations.
    pub violations: Vec<Violation>,
    /// Further members of `details`.
    pub context: Vec<(String, String)>,
    /// Seconds.
    pub retry_after: Option<u32>,
    /// For the log only.
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

    /// An error whose cause is for the log only; the client reads the title of the row.
    pub fn internal(code: Code, cause: impl Into<String>) -> Self {
        Self { internal: Some(cause.into()), ..Self::new(code, code.row().title) }
    }

    /// Adds a member of `details`.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.context.push((name.to_owned(), value.into()));
        self
    }
}
