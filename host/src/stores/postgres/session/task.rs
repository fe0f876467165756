//! The execution of one statement on the server.

use crate::stores::postgres::bindings::{Column, ParameterValue, Row};
use crate::stores::postgres::error::{Failure, query_failed, text};
use crate::stores::postgres::statement::SessionEffect;
use crate::stores::postgres::statement::{self, Kind};
use crate::stores::postgres::values;
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio_postgres::Statement;

/// The largest result of one statement, in bytes.
const RESULT: usize = 64 << 20;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 512;
/// The longest statement that is kept, in bytes.
const MAX_STATEMENT: usize = 16 << 10;

/// A statement and everything that running it needs.
pub(super) struct Task<'a> {
    pub(super) client: &'a ClientWrapper,
    pub(super) sql: &'a str,
    pub(super) statement: statement::Statement,
    pub(super) values: &'a [ParameterValue],
    /// The beginning of its transaction. It is sent before this statement.
    pub(super) begin: Option<&'a Begin>,
    /// Whether the statement is in a transaction in which others may have run.
    pub(super) open: bool,
    /// Whether the caller wants the rows.
    pub(super) keep: bool,
}

/// The beginning of a transaction.
pub(super) struct Begin {
    /// The statement that begins it.
    pub(super) sql: String,
    /// The statement that makes its settings, with the values.
    pub(super) settings: Option<(String, Vec<ParameterValue>)>,
}

/// The result of a statement.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) affected: u64,
}

impl Task<'_> {
    /// Runs the statement. If the plan was stale and nothing can have happened, then it runs once
    /// more.
    pub(super) async fn run(&self) -> Result<Outcome, Failure> {
        if self.statement.kind == Kind::Commit {
            self.client.batch_execute("COMMIT").await?;
            return Ok(Outcome::default());
        }
        match self.attempt("").await {
            Err(Failure::Stale(_)) if !self.open && self.statement.kind == Kind::Rows => {
                self.attempt("ROLLBACK; ").await
            }
            done => done,
        }
    }

    /// Futures that are polled together send their messages together, in their order. `undo` comes
    /// before the BEGIN.
    async fn attempt(&self, undo: &str) -> Result<Outcome, Failure> {
        let Some(Begin { sql, settings }) = self.begin else { return self.execute().await };
        // The settings must be prepared before anything is sent. Otherwise the statement behind
        // them could be sent first. If they cannot be, then the transaction cannot be one.
        let broken = |error| Failure::Broken(query_failed(&error));
        let settings = match settings {
            Some((sql, values)) => {
                let statement = self.prepared(sql).await.map_err(broken)?;
                let values = values::encode(values, statement.params()).map_err(Failure::Broken)?;
                Some((statement, values))
            }
            None => None,
        };
        let begin = format!("{undo}{sql}");
        let set = async {
            let Some((statement, values)) = settings else { return Ok(()) };
            let rows = self.client.query_raw(&statement, values).await?;
            rows.try_for_each(|_| async { Ok(()) }).await
        };
        // Some other statements are accepted although the settings have failed.
        if !self.is_for_rows() {
            let (begun, set) = tokio::join!(biased; self.client.batch_execute(&begin), set);
            begun.map_err(broken)?;
            set?;
            return self.execute().await;
        }
        let (begun, set, outcome) =
            tokio::join!(biased; self.client.batch_execute(&begin), set, self.execute());
        // If the BEGIN failed, then the statement ran outside of its transaction.
        begun.map_err(broken)?;
        match (set, outcome) {
            (Ok(()), outcome) => outcome,
            (_, Err(Failure::Broken(error))) => Err(Failure::Broken(error)),
            // PostgreSQL has refused the statement only because the settings had failed.
            (Err(error), _) => Err(error.into()),
        }
    }

    fn is_for_rows(&self) -> bool {
        matches!(self.statement.kind, Kind::Rows | Kind::Settings)
    }

    /// Prepares a statement, and keeps it for later.
    async fn prepared(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if sql.len() > MAX_STATEMENT {
            return self.client.prepare(sql).await;
        }
        let cache = &self.client.statement_cache;
        if cache.size() > STATEMENTS {
            cache.clear();
        }
        self.client.prepare_cached(sql).await
    }

    async fn execute(&self) -> Result<Outcome, Failure> {
        if self.sql.contains('\0') {
            return Err(Failure::Refused(text("a statement cannot contain the character 0")));
        }
        let statement = match self.is_for_rows() {
            true => self.prepared(self.sql).await?,
            false => self.client.prepare(self.sql).await?,
        };
        let values = values::encode(self.values, statement.params()).map_err(Failure::Refused)?;
        let stream = match self.client.query_raw(&statement, values).await.map_err(Failure::from) {
            Ok(stream) => stream,
            Err(failure) => {
                if matches!(failure, Failure::Stale(_)) {
                    self.client.statement_cache.remove(self.sql, &[]);
                }
                return Err(failure);
            }
        };
        if self.statement.effect == SessionEffect::Unknown {
            // The statement may have been a DEALLOCATE, so cached statements may not exist any
            // more.
            self.client.statement_cache.clear();
        }
        let mut outcome = Outcome { columns: values::columns(&statement), ..Outcome::default() };
        let mut refused = None;
        let mut size = 0;
        let mut stream = pin!(stream);
        // After an error the remaining rows are still read, so that the connection is free
        // afterwards.
        while let Some(row) = stream.try_next().await? {
            if !self.keep || refused.is_some() {
                continue;
            }
            size += values::size(&row);
            match values::row(&row) {
                _ if size > RESULT => {
                    outcome.rows = Vec::new();
                    refused = Some(text(format!("the result is larger than {RESULT} bytes")));
                }
                Ok(row) => outcome.rows.push(row),
                Err(error) => refused = Some(query_failed(&error)),
            }
        }
        outcome.affected = stream.rows_affected().unwrap_or_default();
        refused.map_or(Ok(outcome), |error| Err(Failure::Refused(error)))
    }
}
