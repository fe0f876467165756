//! Errors of the database, as Spin tells them.

use crate::interfaces::postgres::{DbError, Error, QueryError};
use tokio_postgres::error::{DbError as Told, ErrorPosition, Severity};

/// Why a statement did not run to its end.
pub(super) enum Failure {
    /// The connection can go on.
    Refused(Error),
    /// The plan that the server keeps does not fit the tables any more. The connection can
    /// go on without it.
    Stale(Error),
    /// The connection cannot be used any more.
    Broken(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let told = query_failed(&error);
        match error.as_db_error() {
            Some(error) if error.routine() == Some("RevalidateCachedQuery") => Self::Stale(told),
            Some(error) => match error.parsed_severity() {
                Some(Severity::Fatal | Severity::Panic) => Self::Broken(told),
                _ => Self::Refused(told),
            },
            // The server said something else than was expected, or nothing.
            None => Self::Broken(told),
        }
    }
}

/// What a guest reads of `error`: the server's words, or else the driver's.
pub(super) fn query_failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(told) => QueryError::DbError(DbError {
            as_text,
            severity: told.severity().to_owned(),
            code: told.code().code().to_owned(),
            message: told.message().to_owned(),
            detail: told.detail().map(str::to_owned),
            extras: extras(told),
        }),
    })
}

/// An error in words of the host.
pub(super) fn text(message: impl Into<String>) -> Error {
    Error::QueryFailed(QueryError::Text(message.into()))
}

/// What the driver says of a connection that is gone, for which guests look.
pub(super) fn closed() -> Error {
    text("Error { kind: Closed, cause: None }")
}

fn extras(told: &Told) -> Vec<(String, String)> {
    let line = told.line().map(|line| line.to_string());
    let position = told.position().map(|position| match position {
        ErrorPosition::Original(at) | ErrorPosition::Internal { position: at, .. } => {
            at.to_string()
        }
    });
    let found = [
        ("column", told.column()),
        ("constraint", told.constraint()),
        ("routine", told.routine()),
        ("hint", told.hint()),
        ("table", told.table()),
        ("datatype", told.datatype()),
        ("schema", told.schema()),
        ("file", told.file()),
        ("line", line.as_deref()),
        ("where_", told.where_()),
        ("position", position.as_deref()),
    ];
    let named = |(name, value): (&str, Option<&str>)| Some((name.to_owned(), value?.to_owned()));
    found.into_iter().filter_map(named).collect()
}
