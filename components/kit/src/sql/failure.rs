//! What a client is told if the database fails.

use crate::{Code, Error};

/// A failure of the database.
pub(super) enum Failure {
    /// A unique value exists already.
    Duplicate,
    /// A retry after a moment may succeed.
    Unavailable,
    /// A fault of ours.
    Fault,
}

/// The error of a failure. The cause is for the log.
pub(super) fn refuse(failure: Failure, cause: String) -> Error {
    let (code, message, retry_after) = match failure {
        Failure::Duplicate => {
            return Error::new(
                Code::Conflict,
                "Another object has a value that must be unique; choose another value.",
            );
        }
        Failure::Unavailable => (
            Code::ServiceUnavailable,
            "The database does not answer; try again in a moment.",
            Some(1),
        ),
        Failure::Fault => (
            Code::InternalError,
            "The database failed; the operator finds the cause in the log by the trace id.",
            None,
        ),
    };
    Error { internal: Some(cause), retry_after, ..Error::new(code, message) }
}
