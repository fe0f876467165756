//! Data that is kept only for a time (C-39). Older data is deleted in bounded steps, so that no
//! request waits long for them. On PostgreSQL, the months of events and audit entries are
//! partitions, which are dropped as a whole. The role of the functions may not do that. So SQL
//! functions of the owner of the tables do it (migrations/0005_scaling.sql).
//!
//! Plans may have different retention times. Data older than the longest one is deleted for all
//! tenants at once. For tenants with a shorter time, the rest is deleted tenant by tenant, in the
//! scope of each.
//!
//! The sweep has a clock of its own, which one sweep moves by at most an hour. So if the clock of a
//! host is two days ahead for some minutes, nothing becomes two days older. Then no receipt of an
//! idempotency key is deleted early, and no request is executed twice for that reason.

use serde::Serialize;

use crate::{Call, Code, Days, Error, System, Value, now, values};

/// The most rows that one transaction deletes.
const BATCH: u64 = 500;
/// The most such transactions of one sweep for each table.
const ROUNDS: u64 = 20;
/// The number of months for which partitions exist, from the current one on.
const MONTHS: i64 = 4;
const DAY: i64 = 86_400_000;
/// The days of one partition. Events may be kept longer by this time, because partitions are
/// dropped as a whole.
const MONTH: i64 = 31;
/// The most tenants of one plan that a sweep looks at.
const TENANTS: usize = 100;
/// How late the sweep may look at a tenant with a plan: it looks at each one four times a day.
const SLACK: i64 = DAY / 4;
/// The most by which one sweep moves its clock.
const STEP: i64 = 3_600_000;

/// How long data is kept, in days.
pub struct Ages {
    /// Events of the feed, by the plan of their tenant.
    pub events: Days,
    /// Audit entries.
    pub audit_logs: i64,
    /// Attempts of webhook deliveries.
    pub webhooks: i64,
}

/// The numbers of rows that one sweep deleted.
#[derive(Debug, Default, Serialize)]
pub struct Swept {
    /// Events, or months of them.
    pub events: u64,
    /// Audit entries, or months of them.
    pub audit_logs: u64,
    /// Expired receipts of idempotency keys.
    pub idempotency_receipts: u64,
    /// Expired refresh tokens.
    pub refresh_tokens: u64,
    /// Webhook deliveries that have ended.
    pub webhook_deliveries: u64,
    /// Attempts of webhook deliveries.
    pub webhook_attempts: u64,
    /// Names of received webhooks. A second delivery is recognised by its name.
    pub inbound_events: u64,
    /// Whether there is more to delete. Then the next sweep goes on.
    pub more: bool,
}

/// Deletes data that is older than its retention time or has expired.
///
/// # Errors
/// `internal-error` or `service-unavailable` of the database. Deletions before the error stay.
pub fn sweep(call: &Call, ages: &Ages) -> Result<Swept, Error> {
    let system = System::open(call, "what is too old goes, whosever it is")?;
    let mut swept = Swept::default();
    let now = system.transaction(|| advance(&system))?;
    let mut more = false;
    for (table, age, gone) in [
        ("events", ages.events.longest(), &mut swept.events),
        ("audit_logs", ages.audit_logs, &mut swept.audit_logs),
    ] {
        let before = now - age * DAY;
        let (count, rest) = match system.is_partitioned() {
            true => drop_partitions(&system, table, now, before)?,
            false => delete(&system, table, "id", "created_at < $1", before)?,
        };
        *gone = count;
        more |= rest;
    }
    let (count, rest) = delete_by_plan(&system, &ages.events, now)?;
    swept.events += count;
    more |= rest;
    let attempts = now - ages.webhooks * DAY;
    // Deliveries are kept as long as the events. Otherwise a delivered event would look as if it
    // had never been delivered.
    let deliveries = now - (ages.events.longest() + MONTH) * DAY;
    let delivery = "tenant_id, endpoint_id, event_id";
    // A margin of a day: if a clock is wrong for some minutes, then no revocation is deleted that
    // still counts.
    let revoked = now - DAY;
    let mut revocations = 0;
    let over = "updated_at < $1 AND status <> 'PENDING'";
    for (table, key, condition, before, gone) in [
        (
            "idempotency_receipts",
            "tenant_id, key",
            "expires_at < $1",
            now,
            &mut swept.idempotency_receipts,
        ),
        ("refresh_tokens", "hash", "expires_at < $1", now, &mut swept.refresh_tokens),
        ("revocations", "tenant_id, subject", "expires_at < $1", revoked, &mut revocations),
        ("webhook_deliveries", delivery, over, deliveries, &mut swept.webhook_deliveries),
        (
            "webhook_attempts",
            "tenant_id, id",
            "created_at < $1",
            attempts,
            &mut swept.webhook_attempts,
        ),
        (
            "inbound_events",
            "tenant_id, integration_id, external_id",
            "received_at < $1 AND status = 'PROCESSED'",
            deliveries,
            &mut swept.inbound_events,
        ),
    ] {
        let (count, rest) = delete(&system, table, key, condition, before)?;
        *gone = count;
        more |= rest;
    }
    Ok(Swept { more, ..swept })
}

/// Moves the clock of the sweep; returns its new time.
fn advance(system: &System<'_>) -> Result<i64, Error> {
    let name = "retention";
    let now = now();
    // The first sweep takes over the clock of its host.
    let sql = "SELECT moment FROM clocks WHERE name = $1";
    let Some(moment) = system.fetch_optional::<i64>(sql, values![name])? else {
        let sql = "INSERT INTO clocks (name, moment) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        system.execute(sql, values![name, now])?;
        return Ok(now);
    };
    let moment = now.min(moment + STEP);
    let sql = "UPDATE clocks SET moment = $2 WHERE name = $1";
    system.execute(sql, values![name, moment])?;
    Ok(moment)
}

/// Deletes the rows that `condition` finds; `$1` in it is `before`. Returns the number of rows, and
/// whether there may be more.
fn delete(
    system: &System<'_>,
    table: &str,
    key: &str,
    condition: &str,
    before: i64,
) -> Result<(u64, bool), Error> {
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN \
         (SELECT {key} FROM {table} WHERE {condition} LIMIT {BATCH})"
    );
    let mut deleted = 0;
    for _ in 0..ROUNDS {
        let batch = system.transaction(|| system.execute(&sql, values![before]))?;
        deleted += batch;
        if batch < BATCH {
            return Ok((deleted, false));
        }
    }
    Ok((deleted, true))
}

/// Deletes events of tenants whose plan keeps them for less than the longest time. Returns the
/// number of events, and whether there may be more.
fn delete_by_plan(system: &System<'_>, days: &Days, now: i64) -> Result<(u64, bool), Error> {
    let (mut deleted, mut more) = (0, false);
    for (plan, age) in days.shorter() {
        let before = now - age * DAY;
        let tenants = tenants(system, days, plan, before - SLACK)?;
        more |= tenants.len() == TENANTS;
        for tenant in tenants {
            loop {
                if deleted >= BATCH * ROUNDS {
                    return Ok((deleted, true));
                }
                match system.transaction(|| delete_oldest(system, &tenant, before))? {
                    0 => break,
                    gone => deleted += gone,
                }
            }
        }
    }
    Ok((deleted, more))
}

/// Tenants with this plan whose events are not yet deleted up to `moment`, in the order of their
/// waiting time. `None` stands for tenants whose plan is not named.
fn tenants(
    system: &System<'_>,
    days: &Days,
    plan: Option<&str>,
    moment: i64,
) -> Result<Vec<String>, Error> {
    let (condition, mut values) = match plan {
        Some(plan) => ("plan = $1".to_owned(), values![plan].to_vec()),
        None => {
            let named: Vec<_> = days.plans().map(Value::from).collect();
            let places: Vec<_> = (1..=named.len()).map(|number| format!("${number}")).collect();
            (format!("(plan IS NULL OR plan NOT IN ({}))", places.join(", ")), named)
        }
    };
    let sql = format!(
        "SELECT id FROM tenants WHERE {condition} AND events_gone_to < ${} \
         ORDER BY events_gone_to LIMIT {TENANTS}",
        values.len() + 1
    );
    values.push(moment.into());
    system.fetch_all(&sql, values)
}

/// Deletes the first events of a tenant, as far as they are older than `before`. Returns the number
/// of events. If it is 0, then the tenant is marked as done up to `before`.
fn delete_oldest(system: &System<'_>, tenant: &str, before: i64) -> Result<u64, Error> {
    let scope = system.enter(tenant);
    let values = values![BATCH.cast_signed(), before];
    let gone = match system.is_partitioned() {
        true => {
            let sql = "SELECT tenantry_delete_events($1, $2, $3)";
            scope.fetch_one::<i64>(sql, values)?.cast_unsigned()
        }
        // The events with the lowest numbers are the oldest, unless a clock was wrong.
        false => scope.execute(
            "DELETE FROM events WHERE tenant_id = $1 AND seq IN (SELECT seq FROM \
             (SELECT seq, created_at FROM events WHERE tenant_id = $1 ORDER BY seq LIMIT $2) AS first \
             WHERE created_at < $3)",
            values,
        )?,
    };
    if gone == 0 {
        let sql = "UPDATE tenants SET events_gone_to = $1 WHERE id = $2";
        system.execute(sql, values![before, tenant])?;
    }
    Ok(gone)
}

fn drop_partitions(
    system: &System<'_>,
    table: &str,
    now: i64,
    before: i64,
) -> Result<(u64, bool), Error> {
    // `None`: a long read holds the table, and the sweep does not wait for it.
    let call = |sql: &str, values: [Value; 3]| match system
        .transaction(|| system.fetch_one(sql, values))
    {
        Ok(gone) => Ok(Some(gone)),
        Err(error) if error.code == Code::ServiceUnavailable => Ok(None),
        Err(error) => Err(error),
    };
    let months = values![table, now, MONTHS];
    call("SELECT tenantry_add_partitions($1, $2, $3)", months)?;
    let batch = BATCH * ROUNDS;
    let limits = values![table, before, batch.cast_signed()];
    let gone = call("SELECT tenantry_drop_partitions($1, $2, $3)", limits)?.map(i64::cast_unsigned);
    Ok((gone.unwrap_or_default(), gone.is_none_or(|gone| gone >= batch)))
}
