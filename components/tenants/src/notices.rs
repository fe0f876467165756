//! Notices: what a tenant should know about the service.
//!
//! Each row of the lifecycle table (`api_lifecycle`, see docs/versioning.md) becomes one notice of
//! every tenant, with an event in its feed (C-42, K-19). The first caller that reads notices
//! publishes all notices that are due, for all tenants.

use std::cell::Cell;

use kit::{Call, Event, Internal, Scope, System, id, now, values};
use serde_json::json;

use crate::contract::NOTICES;
use crate::lifecycle::{Deprecation, midnight};
use crate::settings::SETTINGS;

/// The number of tenants that are looked up at once.
const BATCH: i64 = 200;

thread_local! {
    /// Whether this instance has published the lifecycle table to all tenants.
    static PUBLISHED: Cell<bool> = const { Cell::new(false) };
}

/// `GET /notices`
pub(crate) fn list(call: &Call) -> kit::Result {
    publish(call)?;
    NOTICES.list(call)
}

/// Publishes the notices that are due: always to the caller's tenant, and once for each instance to
/// all tenants.
fn publish(call: &Call) -> kit::Result<()> {
    let due = || SETTINGS.lifecycle.0.iter().filter(|row| row.announced_at() <= now());
    if due().next().is_none() {
        return Ok(());
    }
    let system = System::open(call, "every tenant is told of a deprecation")?;
    let to_all = !PUBLISHED.get();
    for row in due() {
        while publish_row(&system, row, to_all, &call.caller()?.tenant)? {}
    }
    PUBLISHED.set(true);
    Ok(())
}

/// Publishes a notice to tenants that do not have it. Returns whether there may be more of them.
fn publish_row(
    system: &System<'_>,
    row: &Deprecation,
    to_all: bool,
    own: &str,
) -> kit::Result<bool> {
    let key = row.key();
    let missing = "NOT EXISTS (SELECT 1 FROM notices n WHERE n.tenant_id = t.id AND n.key = $1)";
    let tenants: Vec<String> = if to_all {
        let sql = format!("SELECT t.id FROM tenants t WHERE {missing} ORDER BY t.id LIMIT $2");
        system.fetch_all(&sql, values![key, BATCH])?
    } else {
        let sql = format!("SELECT t.id FROM tenants t WHERE {missing} AND t.id = $2");
        system.fetch_all(&sql, values![key, own])?
    };
    // One transaction for each tenant, so that no tenant waits for the writers of another one.
    for tenant in &tenants {
        system.transaction(|| row.insert_once(&system.enter(tenant)))?;
    }
    Ok(to_all && i64::try_from(tenants.len()).internal()? == BATCH)
}

impl Deprecation {
    /// Publishes the notice, unless another host has done so since.
    fn insert_once(&self, scope: &Scope<'_>) -> kit::Result<()> {
        let there = "SELECT id FROM notices WHERE tenant_id = $1 AND key = $2";
        match scope.query(there, values![self.key()])?.is_empty() {
            true => self.insert(scope),
            false => Ok(()),
        }
    }

    fn insert(&self, scope: &Scope<'_>) -> kit::Result<()> {
        let what = match &self.operation {
            Some(operation) => format!("{operation} of version {}", self.major),
            None => format!("Version {}", self.major),
        };
        let instead = match self.successor {
            Some(successor) => format!(" Use version {successor} instead."),
            None => String::new(),
        };
        let title = format!("{what} is deprecated");
        let body = format!(
            "{what} is deprecated from {} and is answered with 410 from {} on.{instead}",
            self.deprecated_at, self.sunset_at
        );
        let (notice, moment) = (id("ntc"), now());
        scope.execute_one(
            "INSERT INTO notices \
             (tenant_id, id, kind, key, title, body, effective_at, url, version, created_at, updated_at) \
             VALUES ($1, $2, 'DEPRECATION', $3, $4, $5, $6, $7, 1, $8, $8)",
            values![
                &notice,
                self.key(),
                &title,
                &body,
                midnight(&self.sunset_at),
                &self.guide,
                moment,
            ],
        )?;
        let data = json!({
            "id": notice, "tenant_id": scope.tenant(), "kind": "DEPRECATION",
            "title": title, "body": body,
            "effective_at": midnight(&self.sunset_at).map(kit::rfc3339), "url": self.guide,
            "version": 1, "created_at": kit::rfc3339(moment), "updated_at": kit::rfc3339(moment),
        });
        scope.emit(Event {
            kind: "notice.published",
            subject: &notice,
            source_agent: "tenants",
            data: data.to_string(),
        })?;
        Ok(())
    }
}
