//! `POST /internal/work/events`: deletes events that are too old, and on PostgreSQL makes the
//! partitions of the next months.
//!
//! Plans may have different retention times. Events older than the longest one are deleted for all
//! tenants at once. For tenants with a shorter time, the rest is deleted tenant by tenant, in the
//! scope of each.

use kit::list::Dialect;
use kit::retention::{BATCH, DAY, Deleted, ROUNDS, Sweep};
use kit::{Call, Reply, RetentionDays, System, Value, operator, values};
use serde::Serialize;

use crate::settings::SETTINGS;

/// The most tenants of one plan that a sweep looks at.
const TENANTS: usize = 100;
/// How late the sweep may look at a tenant with a plan: it looks at each one four times a day.
const SLACK: i64 = DAY / 4;

/// What this call did.
#[derive(Default, Serialize)]
struct WorkResult {
    /// Events, or months of them.
    events: u64,
    more: bool,
}

pub(crate) fn run(call: &Call) -> kit::Result {
    operator::scheduler(call)?;
    let days = &SETTINGS.retention;
    let mut result = WorkResult::default();
    if let Some(sweep) = Sweep::join(call)? {
        let (old, more) = sweep.delete_older("events", days.longest())?;
        let (by_plan, rest) = delete_by_plan(&sweep, days)?;
        result = WorkResult { events: old + by_plan, more: more || rest };
    }
    Reply::ok(&result)
}

/// Deletes events of tenants whose plan keeps them for less than the longest time.
fn delete_by_plan(sweep: &Sweep<'_>, days: &RetentionDays) -> kit::Result<Deleted> {
    let system = sweep.system();
    let (mut deleted, mut more) = (0, false);
    for (plan, age) in days.shorter() {
        let before = sweep.now() - age * DAY;
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
    days: &RetentionDays,
    plan: Option<&str>,
    moment: i64,
) -> kit::Result<Vec<String>> {
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
fn delete_oldest(system: &System<'_>, tenant: &str, before: i64) -> kit::Result<u64> {
    let scope = system.enter(tenant);
    let values = values![BATCH.cast_signed(), before];
    let gone = match scope.dialect() {
        Dialect::Postgres => {
            let sql = "SELECT tenantry_delete_events($1, $2, $3)";
            scope.fetch_one::<i64>(sql, values)?.cast_unsigned()
        }
        // The events with the lowest numbers are the oldest, unless a clock was wrong.
        Dialect::Sqlite => scope.execute(
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
