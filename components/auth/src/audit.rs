//! Audit entries about signing in. The sign-in of a person is written in the transaction that makes
//! its tokens. The sign-in of a client is written once an hour.
//!
//! Anybody can cause failures. So each kind of failure is written at most once an hour for each
//! account or client. In this way strangers cannot fill the audit log of a tenant, and the first
//! failure of an hour is still seen.

use std::time::Duration;

use kit::{Event, System, entry, values};
use serde_json::{Value as Json, json};
use spin_sdk::experimental::wasi::keyvalue::store as key_value;

use crate::store::{self, Change};

const HOUR_MS: i64 = 3_600_000;
/// The most tenants of one person in which a failure is written.
const TENANTS: i64 = 20;
/// The pause before work that follows an answer, so that the answer is sent first.
const DELAY: Duration = Duration::from_millis(1);

/// An audit entry about a user or client.
pub(crate) struct Entry<'a> {
    pub(crate) tenant: &'a str,
    /// The type, such as `user.signed_in`.
    pub(crate) kind: &'a str,
    /// The user or client, which is also the actor.
    pub(crate) subject: &'a str,
    pub(crate) data: Json,
}

impl Entry<'_> {
    /// Writes the entry. To be called within a transaction.
    ///
    /// # Errors
    /// `internal-error` if the database fails.
    pub(crate) fn write(self, system: &System<'_>) -> kit::Result<()> {
        let Self { tenant, kind, subject, data } = self;
        let event = Event { kind, subject, source_agent: "auth", data: data.to_string() };
        system.enter(tenant).audit(subject, &event)
    }

    /// Writes the entry, unless this hour already has one of this kind and subject. If the write
    /// fails, then the answer does not fail.
    pub(crate) fn write_hourly(self, system: &System<'_>) {
        if is_first(&format!("{}:{}:{}", self.tenant, self.kind, self.subject)) {
            let _ = system.transaction(|| self.write(system));
        }
    }

    /// The same after the answer was sent, so that the answer does not take longer for clients that
    /// exist.
    pub(crate) fn write_in_background(self, trace_id: &str) {
        let Self { tenant, kind, subject, data } = self;
        let [trace_id, tenant, kind, subject] =
            [trace_id, tenant, kind, subject].map(str::to_owned);
        spin_sdk::wasip3::spawn(async move {
            kit::sleep(DELAY).await;
            let entry = Entry { tenant: &tenant, kind: &kind, subject: &subject, data };
            if let Ok(system) =
                System::in_background(&trace_id, "a failure is recorded in its tenant")
            {
                entry.write_hourly(&system);
            }
        });
    }
}

/// Writes that a sign-in to an account failed or was refused. It runs after the answer was sent, so
/// that the answer does not take longer for accounts that exist.
pub(crate) fn record_failure(trace_id: &str, kind: &'static str, account: &str, email: &str) {
    let (trace_id, mark) = (trace_id.to_owned(), format!("{kind}:{account}"));
    let email = email.to_owned();
    spin_sdk::wasip3::spawn(async move {
        kit::sleep(DELAY).await;
        if is_first(&mark) {
            let _ = write_failure(&trace_id, kind, &email);
        }
    });
}

fn write_failure(trace_id: &str, kind: &str, email: &str) -> kit::Result<()> {
    let system = System::in_background(
        trace_id,
        "a failed sign-in is recorded in all tenants of the person",
    )?;
    let members = system.fetch_all::<(String, String)>(
        "SELECT m.tenant_id, m.id FROM users u JOIN members m ON m.person_id = u.id \
         WHERE u.email = $1 AND m.is_active = 1 AND m.deleted_at IS NULL \
         ORDER BY m.created_at, m.tenant_id LIMIT $2",
        values![email, TENANTS],
    )?;
    for (tenant, user) in members {
        let entry = Entry { tenant: &tenant, kind, subject: &user, data: json!({}) };
        // One transaction for each, because each waits for other writers of its tenant.
        system.transaction(|| entry.write(&system))?;
    }
    Ok(())
}

/// Whether this hour has no such entry yet. If the store fails, then the answer is no, and nothing
/// is written.
fn is_first(what: &str) -> bool {
    let now = kit::now();
    let hour = now.div_euclid(HOUR_MS);
    let key = entry::audited(hour.unsigned_abs(), what);
    let known = key_value::open("default").and_then(|bucket| bucket.exists(&key));
    if known.unwrap_or(true) {
        return false;
    }
    let mut first = false;
    let mark = json!({ "expires_at": (hour + 1) * HOUR_MS, "by": kit::id("aud") });
    let written = store::update(&key, |held| {
        first = held.is_none();
        if first { Change::Write(&mark) } else { Change::Nothing }
    });
    first && written.is_ok()
}
