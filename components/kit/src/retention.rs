//! Data that is kept only for a time (C-39). Older data is deleted in bounded steps, so that no
//! request waits long for them. Each function deletes rows of its own tables with the steps that
//! are here. [`Sweep::own_tables`] deletes rows of the tables that all functions share.
//!
//! On PostgreSQL, the months of events and audit entries are partitions, which are dropped as a
//! whole. The role of the functions may not do that. So SQL functions of the owner of the tables do
//! it (migrations/0005_scaling.sql).
//!
//! The sweeps have a clock of their own, which one tick moves by at most an hour. So if the clock
//! of a host is two days ahead for some minutes, nothing becomes two days older. Then no receipt of
//! an idempotency key is deleted early, and no request is executed twice for that reason.

use crate::{Call, Code, Error, RetentionDays, System, Value, now, values};

/// The most rows that one transaction deletes.
pub const BATCH: u64 = 500;
/// The most such transactions of one sweep for each table.
pub const ROUNDS: u64 = 20;
/// A day, in milliseconds.
pub const DAY: i64 = 86_400_000;
/// The number of months for which partitions exist, from the current one on.
const MONTHS: i64 = 4;
/// The days of one partition. Events may be kept longer by this time, because partitions are
/// dropped as a whole.
const MONTH: i64 = 31;
/// The most by which one tick moves the clock of the sweeps.
const STEP: i64 = 3_600_000;

/// The number of rows that a step deleted, and whether there may be more to delete.
pub type Deleted = (u64, bool);

/// A sweep: a connection, and the time by which age is measured.
pub struct Sweep<'a> {
    system: System<'a>,
    now: i64,
}

/// The numbers of rows that were deleted from the tables that all functions share.
#[derive(Debug, Default)]
pub struct SweepResult {
    /// Audit entries, or months of them.
    pub audit_logs: u64,
    /// Expired receipts of idempotency keys.
    pub idempotency_receipts: u64,
    /// Whether there is more to delete. Then the next sweep goes on.
    pub more: bool,
}

impl<'a> Sweep<'a> {
    /// Begins the sweep of a tick, and moves the clock of the sweeps. Only the function that serves
    /// the tick does that.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn begin(call: &'a Call) -> Result<Self, Error> {
        let system = System::open(call, "old rows of all tenants are removed")?;
        let now = system.transaction(|| advance(&system))?;
        Ok(Self { system, now })
    }

    /// Takes part in the sweep of a tick: the clock stays as the tick has set it. `None` if no tick
    /// has set it yet.
    ///
    /// # Errors
    /// As [`Sweep::begin`].
    pub fn join(call: &'a Call) -> Result<Option<Self>, Error> {
        let system = System::open(call, "old rows of all tenants are removed")?;
        let now = clock(&system)?;
        Ok(now.map(|now| Self { system, now }))
    }

    /// The time of the sweep, in milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The connection of the sweep.
    pub fn system(&self) -> &System<'a> {
        &self.system
    }

    /// The time before which deliveries and names of received webhooks are deleted. Both are kept
    /// as long as the events. Otherwise a delivered event would look as if it had never been
    /// delivered, and a webhook that came before would come into the feed again.
    pub fn end_of_deliveries(&self, events: &RetentionDays) -> i64 {
        self.now - (events.longest() + MONTH) * DAY
    }

    /// Deletes the rows that `condition` finds; `$1` in it is `before`.
    ///
    /// # Errors
    /// As [`Sweep::begin`]. Deletions before the error stay.
    pub fn delete(
        &self,
        table: &str,
        key: &str,
        condition: &str,
        before: i64,
    ) -> Result<Deleted, Error> {
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN \
             (SELECT {key} FROM {table} WHERE {condition} LIMIT {BATCH})"
        );
        let mut deleted = 0;
        for _ in 0..ROUNDS {
            let delete = || self.system.execute(&sql, values![before]);
            let batch = self.system.transaction(delete)?;
            deleted += batch;
            if batch < BATCH {
                return Ok((deleted, false));
            }
        }
        Ok((deleted, true))
    }

    /// Deletes the rows of `events` or `audit_logs` that are older than this number of days. On
    /// PostgreSQL it drops the months in which all rows are, counts these months, and makes the
    /// next ones.
    ///
    /// # Errors
    /// As [`Sweep::delete`].
    pub fn delete_older(&self, table: &str, days: i64) -> Result<Deleted, Error> {
        let before = self.now - days * DAY;
        match self.system.is_partitioned() {
            true => self.drop_partitions(table, before),
            false => self.delete(table, "id", "created_at < $1", before),
        }
    }

    fn drop_partitions(&self, table: &str, before: i64) -> Result<Deleted, Error> {
        // `None`: a long read holds the table, and the sweep does not wait for it.
        let call = |sql: &str, values: [Value; 3]| match self
            .system
            .transaction(|| self.system.fetch_one(sql, values))
        {
            Ok(gone) => Ok(Some(gone)),
            Err(error) if error.code == Code::ServiceUnavailable => Ok(None),
            Err(error) => Err(error),
        };
        let months = values![table, self.now, MONTHS];
        call("SELECT tenantry_add_partitions($1, $2, $3)", months)?;
        let batch = BATCH * ROUNDS;
        let limits = values![table, before, batch.cast_signed()];
        let gone =
            call("SELECT tenantry_drop_partitions($1, $2, $3)", limits)?.map(i64::cast_unsigned);
        Ok((gone.unwrap_or_default(), gone.is_none_or(|gone| gone >= batch)))
    }

    /// Deletes what is too old or has expired in the tables that all functions share. Audit entries
    /// are kept for this number of days.
    ///
    /// # Errors
    /// As [`Sweep::delete`].
    pub fn own_tables(&self, audit_days: i64) -> Result<SweepResult, Error> {
        let (audit_logs, entries) = self.delete_older("audit_logs", audit_days)?;
        let expired = "expires_at < $1";
        let (idempotency_receipts, receipts) =
            self.delete("idempotency_receipts", "tenant_id, key", expired, self.now)?;
        // A margin of a day: if a clock is wrong for some minutes, then no revocation is deleted
        // that still counts.
        let (_, revocations) =
            self.delete("revocations", "tenant_id, subject", expired, self.now - DAY)?;
        Ok(SweepResult {
            audit_logs,
            idempotency_receipts,
            more: entries || receipts || revocations,
        })
    }
}

/// The name of the clock of the sweeps.
const CLOCK: &str = "retention";

/// The time of the clock. `None` before the first tick.
fn clock(system: &System<'_>) -> Result<Option<i64>, Error> {
    let sql = "SELECT moment FROM clocks WHERE name = $1";
    system.fetch_optional(sql, values![CLOCK])
}

/// Moves the clock; returns its new time.
fn advance(system: &System<'_>) -> Result<i64, Error> {
    let Some(held) = clock(system)? else {
        // The first tick takes over the clock of its host.
        let now = now();
        let sql = "INSERT INTO clocks (name, moment) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        system.execute(sql, values![CLOCK, now])?;
        return Ok(now);
    };
    let moment = now().min(held + STEP);
    let sql = "UPDATE clocks SET moment = $2 WHERE name = $1";
    system.execute(sql, values![CLOCK, moment])?;
    Ok(moment)
}
