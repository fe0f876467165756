//! A violation of a body that the schema cannot express.

use kit::Violation;

/// A violation: a value that a body may not have.
pub(crate) fn violation(pointer: String, message: &str) -> Violation {
    let (code, message) = ("NOT_ALLOWED_VALUE".to_owned(), message.to_owned());
    Violation { pointer, code, message, value: None }
}
