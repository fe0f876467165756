//! A guest's connection: its session, its transaction, and the state that it leaves behind.

use super::lease::Lease;
use super::task::{Begin, Outcome, Task};
use crate::stores::postgres::bindings::{Error, ParameterValue, RowSet};
use crate::stores::postgres::error::{Failure, closed, text};
use crate::stores::postgres::pool::Pool;
use crate::stores::postgres::statement::Kind;
use crate::stores::postgres::statement::SessionEffect;
use std::sync::Arc;
use tokio::sync::Mutex;

/// An open connection. Clones share it. When the last clone is dropped, an open transaction is
/// rolled back and the physical connection returns to the pool, clean.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Mutex<Session>>);

struct Session {
    pool: Arc<Pool>,
    link: Link,
    transaction: Transaction,
    effect: SessionEffect,
}

/// The physical connection of a session.
#[expect(clippy::large_enum_variant, reason = "there is one for each session, on the heap")]
enum Link {
    /// No statement has needed one so far.
    Unused,
    Held(Lease),
    /// The connection is running a statement, or was lost while it did. The guest must open another
    /// one, because its transaction is gone.
    Away,
}

enum Transaction {
    None,
    /// The guest has begun it, and perhaps made its settings. Both are sent with the next statement.
    Begun(Begin),
    Open,
}

impl Connection {
    pub(in crate::stores::postgres) fn new(pool: Arc<Pool>) -> Self {
        Self(Arc::new(Mutex::new(Session {
            pool,
            link: Link::Unused,
            transaction: Transaction::None,
            effect: SessionEffect::Nothing,
        })))
    }

    /// Runs one statement and returns its rows.
    pub(crate) async fn query(
        &self,
        sql: String,
        values: Vec<ParameterValue>,
    ) -> Result<RowSet, Error> {
        let outcome = self.0.lock().await.run(&sql, &values, true).await?;
        Ok(RowSet { columns: outcome.columns, rows: outcome.rows })
    }

    /// Runs one statement and returns the number of rows that it changed.
    pub(crate) async fn execute(
        &self,
        sql: String,
        values: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        Ok(self.0.lock().await.run(&sql, &values, false).await?.affected)
    }
}

impl Session {
    async fn run(
        &mut self,
        sql: &str,
        values: &[ParameterValue],
        keep: bool,
    ) -> Result<Outcome, Error> {
        let statement = self.pool.classify(sql);
        if let Some(answer) = self.answer_at_once(sql, statement.kind) {
            return answer;
        }
        if let (Kind::Settings, Transaction::Begun(begin), false) =
            (statement.kind, &mut self.transaction, keep)
            && begin.settings.is_none()
        {
            begin.settings = Some((sql.to_owned(), values.to_vec()));
            return Ok(Outcome { affected: 1, ..Outcome::default() });
        }
        self.effect = self.effect.max(statement.effect);
        // If this future is dropped, then the lease is dropped too, and the link stays `Away`.
        let lease = self.lease().await?;
        let client = lease.client().ok_or_else(closed)?;
        let begin = match &self.transaction {
            Transaction::Begun(begin) => Some(begin),
            _ => None,
        };
        let open = matches!(self.transaction, Transaction::Open);
        let task = Task { client, sql, statement, values, begin, open, keep };
        let result = match tokio::time::timeout(self.pool.statement_time, task.run()).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(Failure::Refused(error) | Failure::Stale(error))) => Err(error),
            Ok(Err(Failure::Broken(error))) => return Err(error),
            Err(_) => return Err(text("the statement took too long")),
        };
        self.transaction = match statement.kind {
            Kind::Commit | Kind::Rollback => Transaction::None,
            Kind::Begin | Kind::Open => Transaction::Open,
            _ if open || begin.is_some() => Transaction::Open,
            _ => Transaction::None,
        };
        self.link = Link::Held(lease);
        result
    }

    /// Answers statements that need no answer of the server. These are the begin of a transaction,
    /// the end of a transaction in which nothing was done, and an end whose success nobody has to
    /// check.
    fn answer_at_once(&mut self, sql: &str, kind: Kind) -> Option<Result<Outcome, Error>> {
        match (kind, &self.transaction, &self.link) {
            (_, _, Link::Away) => return Some(Err(closed())),
            (Kind::Begin, Transaction::None, _) => {
                self.transaction =
                    Transaction::Begun(Begin { sql: sql.to_owned(), settings: None });
            }
            (Kind::Commit | Kind::Rollback, Transaction::Begun(_), _)
            | (Kind::Commit | Kind::Rollback, Transaction::None, Link::Unused) => {
                self.transaction = Transaction::None;
            }
            (Kind::Rollback, _, Link::Held(lease)) => {
                if !lease.roll_back() {
                    self.link = Link::Away;
                    return Some(Err(closed()));
                }
                self.transaction = Transaction::None;
            }
            _ => return None,
        }
        Some(Ok(Outcome::default()))
    }

    async fn lease(&mut self) -> Result<Lease, Error> {
        if matches!(self.link, Link::Unused) {
            match Lease::take(&self.pool).await {
                Ok(lease) => self.link = Link::Held(lease),
                Err(error) => {
                    // A failed statement ends the transaction, so the guest cannot go on with it.
                    if matches!(self.transaction, Transaction::Begun(_)) {
                        self.link = Link::Away;
                    }
                    return Err(error);
                }
            }
        }
        match std::mem::replace(&mut self.link, Link::Away) {
            Link::Held(lease) => Ok(lease),
            Link::Unused | Link::Away => Err(closed()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Link::Held(lease) = std::mem::replace(&mut self.link, Link::Away) {
            lease.release(matches!(self.transaction, Transaction::Open), self.effect);
        }
    }
}
