//! An error on its way to the client (`wit/errors.wit`).

use std::fmt::Debug;

use crate::Code;

/// A violation (`errors.violation`).
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub fn because(code: Code, cause: impl Into<String>) -> Self {
        Self { internal: Some(cause.into()), ..Self::new(code, code.row().title) }
    }

    /// A fault of the server, `internal-error`. Its cause is for the log only.
    pub fn internal(cause: impl Debug) -> Self {
        let message = "An unexpected fault of the server; the operator finds the cause in the log \
            by the trace id.";
        Self { internal: Some(format!("{cause:?}")), ..Self::new(Code::InternalError, message) }
    }

    /// An error with one violation of a rule that the contract's schema cannot express.
    pub fn violation(pointer: &str, code: &str, message: &str) -> Self {
        let violation = Violation {
            pointer: pointer.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            value: None,
        };
        Self::violations(vec![violation])
    }

    /// An error with violations of rules that the contract's schema cannot express.
    pub fn violations(violations: Vec<Violation>) -> Self {
        let message = match violations.as_slice() {
            [one] => &one.message,
            _ => "The request breaks the contract; details.fields lists every violation.",
        };
        let message = message.to_owned();
        Self { violations, ..Self::new(Code::ValidationFailed, message) }
    }

    /// There is no such object in this tenant. Objects of other tenants give the same answer
    /// (K-40).
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("There is no {kind} with this id."))
            .with("missing_id", id)
    }

    /// Adds a member of `details`.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.context.push((name.to_owned(), value.into()));
        self
    }
}
