//! Errors of the database, in the form that Spin gives them.

use crate::stores::postgres::bindings::{DbError, Error, QueryError};
use tokio_postgres::error::{DbError as ServerError, ErrorPosition, Severity};

/// Why a statement did not run to its end.
pub(super) enum Failure {
    /// The connection can still be used.
    Refused(Error),
    /// The server's cached plan does not fit the tables any more. The connection can be used
    /// without that plan.
    Stale(Error),
    /// The connection can no longer be used.
    Broken(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let failed = query_failed(&error);
        match error.as_db_error() {
            Some(error) if error.routine() == Some("RevalidateCachedQuery") => Self::Stale(failed),
            Some(error) => match error.parsed_severity() {
                Some(Severity::Fatal | Severity::Panic) => Self::Broken(failed),
                _ => Self::Refused(failed),
            },
            // The answer of the server was not the expected one, or there was none.
            None => Self::Broken(failed),
        }
    }
}

/// The message of `error` for a guest: the server's own text, or the driver's if there is none.
pub(super) fn query_failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(error) => QueryError::DbError(DbError {
            as_text,
            severity: error.severity().to_owned(),
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: error.detail().map(str::to_owned),
            extras: extras(error),
        }),
    })
}

/// An error with a message of the host.
pub(super) fn text(message: impl Into<String>) -> Error {
    Error::QueryFailed(QueryError::Text(message.into()))
}

/// The driver's message for a closed connection. Guests look for this text.
pub(super) fn closed() -> Error {
    text("Error { kind: Closed, cause: None }")
}

fn extras(error: &ServerError) -> Vec<(String, String)> {
    let line = error.line().map(|line| line.to_string());
    let position = error.position().map(|position| match position {
        ErrorPosition::Original(at) | ErrorPosition::Internal { position: at, .. } => {
            at.to_string()
        }
    });
    let found = [
        ("column", error.column()),
        ("constraint", error.constraint()),
        ("routine", error.routine()),
        ("hint", error.hint()),
        ("table", error.table()),
        ("datatype", error.datatype()),
        ("schema", error.schema()),
        ("file", error.file()),
        ("line", line.as_deref()),
        ("where_", error.where_()),
        ("position", position.as_deref()),
    ];
    let named = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), value?.to_owned()));
    found.into_iter().filter_map(named).collect()
}
