//! Making errors of the registry (`wit/errors.wit`).

use std::fmt::Debug;

use crate::list::Refused;
use crate::{Code, Error};

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let (code, message) = if refused.unknown {
            (
                Code::InvalidParameter,
                "The query has a parameter that this list does not know; details.fields says what \
                 it knows.",
            )
        } else {
            (
                Code::ValidationFailed,
                "A query parameter has a wrong value; details.fields lists all of them.",
            )
        };
        Self { violations: refused.violations, ..Self::new(code, message) }
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
