//! Making errors of the registry (`wit/errors.wit`).

use std::fmt::Debug;

use crate::list::Refused;
use crate::{Code, Error, Violation};

/// An error with a sentence for the client. The sentence has no internals and no personal data.
pub fn problem(code: Code, message: impl Into<String>) -> Error {
    Error {
        code,
        message: message.into(),
        violations: Vec::new(),
        context: Vec::new(),
        retry_after: None,
        internal: None,
    }
}

/// The native spelling of a code: `resource_not_found`.
pub(crate) fn name(code: Code) -> String {
    let debug = format!("{code:?}");
    let pascal = debug.rsplit(':').next().unwrap_or_default();
    let mut name = String::with_capacity(pascal.len() + 4);
    for character in pascal.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

impl Error {
    /// An `internal-error`. Its cause is for the log only.
    pub fn internal(cause: impl Debug) -> Self {
        Self {
            internal: Some(format!("{cause:?}")),
            ..problem(
                Code::InternalError,
                "An unexpected fault of the server; the trace id finds it in the log.",
            )
        }
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
            [one] => one.message.clone(),
            _ => {
                "The request breaks the contract; details.fields lists every violation.".to_owned()
            }
        };
        Self { violations, ..problem(Code::ValidationFailed, message) }
    }

    /// There is no such object in this tenant. Objects of other tenants give the same answer
    /// (K-40).
    pub fn not_found(kind: &str, id: &str) -> Self {
        Self {
            context: vec![("missing_id".to_owned(), id.to_owned())],
            ..problem(Code::ResourceNotFound, format!("There is no {kind} with this id."))
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let (code, message) = if refused.unknown {
            (
                Code::InvalidParameter,
                "The query asks for what this list does not know; details.fields says what it knows.",
            )
        } else {
            (
                Code::ValidationFailed,
                "A query parameter has a value that does not fit; details.fields lists all.",
            )
        };
        let violations = refused.violations.into_iter().map(Violation::from).collect();
        Self { violations, ..problem(code, message) }
    }
}

/// Turns any error into one whose cause is for the log only.
pub trait Internal<T> {
    /// See [`Error::internal`].
    ///
    /// # Errors
    /// `internal-error`.
    fn internal(self) -> Result<T, Error>;
}

impl<T, E: Debug> Internal<T> for Result<T, E> {
    fn internal(self) -> Result<T, Error> {
        self.map_err(Error::internal)
    }
}
