//! Quotas that the operator sets while the system runs (K-47). SQL keeps them. All of them are also
//! published as one value of the key-value store, which gateways read
//! (`components/gateway/src/limits/overrides.rs`).

use std::collections::BTreeMap;

use protocol::entry;
use serde::Serialize;

use crate::{Code, Error, Internal, System, key_value, now, values};

/// The most quotas. With these the value stays below the megabyte that Spin's stores accept.
const MAX_OVERRIDES: usize = 5_000;

/// Rate and burst, by class.
type Classes<'a> = BTreeMap<&'a str, (i64, i64)>;

/// A quota of one plan, tenant or principal, as operators see it.
#[derive(Debug, Serialize)]
pub struct Override {
    /// `plan`, `tenant` or `principal`.
    pub scope: String,
    /// The name of the plan, or the id of the tenant, user, client or key.
    pub subject: String,
    /// The class of the operations.
    pub class: String,
    /// Units that come back each minute; 0 means no limit.
    pub per_minute: i64,
    /// Units of a full bucket.
    pub burst: i64,
    /// When it was set, in RFC 3339.
    pub updated_at: String,
}

/// All quotas that are set, in the order of scope, subject and class.
///
/// # Errors
/// Those of the database.
pub fn all(system: &System<'_>) -> Result<Vec<Override>, Error> {
    let rows = system.fetch_all::<(String, String, String, i64, i64, i64)>(
        "SELECT scope, subject, class, per_minute, burst, updated_at FROM limit_overrides \
         ORDER BY scope, subject, class",
        [],
    )?;
    let one = |(scope, subject, class, per_minute, burst, updated_at)| {
        let updated_at = crate::rfc3339(updated_at);
        Override { scope, subject, class, per_minute, burst, updated_at }
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Sets a quota and publishes it. It holds until it is removed.
///
/// # Errors
/// `conflict` if there are too many; those of the stores. After an error nothing has changed.
pub fn set(
    system: &System<'_>,
    of: [&str; 3],
    per_minute: i64,
    burst: i64,
) -> Result<Override, Error> {
    let [scope, subject, class] = of.map(str::to_owned);
    let moment = now();
    change(system, || {
        let [scope, subject, class] = of;
        system.execute(
            "INSERT INTO limit_overrides (scope, subject, class, per_minute, burst, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (scope, subject, class) \
             DO UPDATE SET per_minute = $4, burst = $5, updated_at = $6",
            values![scope, subject, class, per_minute, burst, moment],
        )
    })?;
    let updated_at = crate::rfc3339(moment);
    Ok(Override { scope, subject, class, per_minute, burst, updated_at })
}

/// Removes a quota; returns whether it was there.
///
/// # Errors
/// Those of the stores. After an error nothing has changed.
pub fn remove(system: &System<'_>, of: [&str; 3]) -> Result<bool, Error> {
    let [scope, subject, class] = of;
    let sql = "DELETE FROM limit_overrides WHERE scope = $1 AND subject = $2 AND class = $3";
    Ok(change(system, || system.execute(sql, values![scope, subject, class]))? == 1)
}

/// Runs changes one after the other, so that the last published value is the current state.
fn change(system: &System<'_>, work: impl FnOnce() -> Result<u64, Error>) -> Result<u64, Error> {
    system.with_lock(entry::QUOTAS, || {
        let changed = work()?;
        write(system)?;
        Ok(changed)
    })
}

/// Publishes the quotas again, for the case that the key-value store has lost them.
///
/// # Errors
/// Those of the stores.
pub fn publish(system: &System<'_>) -> Result<(), Error> {
    system.with_lock(entry::QUOTAS, || write(system))
}

fn write(system: &System<'_>) -> Result<(), Error> {
    let all = all(system)?;
    if all.len() > MAX_OVERRIDES {
        let message = format!("There are {MAX_OVERRIDES} limits set; remove one first.");
        return Err(Error::new(Code::Conflict, message));
    }
    let mut published: BTreeMap<&str, BTreeMap<&str, Classes<'_>>> = BTreeMap::new();
    for one in &all {
        let scope = match one.scope.as_str() {
            "plan" => "plans",
            "tenant" => "tenants",
            _ => "principals",
        };
        let classes = published.entry(scope).or_default().entry(&one.subject).or_default();
        classes.insert(&one.class, (one.per_minute, one.burst));
    }
    let value = serde_json::to_vec(&published).internal()?;
    let store = key_value::open()?;
    let held = store.get(entry::QUOTAS).map_err(key_value::fault)?;
    // Usually the value has not changed, so the write is saved.
    if held.as_deref().unwrap_or(b"{}") != value {
        store.set(entry::QUOTAS, &value).map_err(key_value::fault)?;
    }
    Ok(())
}
