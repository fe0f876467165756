//! Tokens that end before their time: those of members, machine clients and logins.
//!
//! A revocation is written in the transaction that ends the right. As soon as this is committed,
//! the revocation is published in the key-value store, where the gateways look
//! (`components/gateway/src/revocation.rs`). A crash may prevent that, or the key-value store may
//! lose it. Then the tick publishes it, and so does `auth` if a gateway finds that the mark is
//! gone.

use std::cell::RefCell;
use std::collections::BTreeSet;

use protocol::entry;
use spin_sdk::experimental::wasi::keyvalue::atomics::{self, Cas, CasError};
use spin_sdk::experimental::wasi::keyvalue::store::Bucket;

use crate::row::{FromRow, Row};
use crate::sql::{Database, SessionRole, Source};
use crate::sync_entry::sync_entry;
use crate::{Call, Code, Error, Scope, System, key_value, now, values};

/// How long a revocation is kept, in milliseconds: the longest life of a token (`MAX_LIFETIME_MS`
/// of the gateway) and a margin for the clocks of hosts. After it, no such token is valid any more.
const RETENTION_MS: i64 = 3_600_000 + 300_000;
/// The most rows that one query fetches.
const BATCH: usize = 1_000;

thread_local! {
    /// The tenants and subjects of the tokens that the running request has revoked. If an instance
    /// has several requests, then another one may publish them: it publishes what is committed by
    /// then.
    static FRESH: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

impl Scope<'_> {
    /// Revokes the tokens of a user or client of the tenant that were issued at a version below
    /// `below`.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn revoke(&self, subject: &str, below: i64) -> Result<(), Error> {
        self.execute_one(
            "INSERT INTO revocations (tenant_id, subject, below, expires_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, subject) \
             DO UPDATE SET below = $3, expires_at = $4",
            values![subject, below, now() + RETENTION_MS],
        )?;
        FRESH.with_borrow_mut(|fresh| fresh.push((self.tenant().to_owned(), subject.to_owned())));
        Ok(())
    }
}

impl System<'_> {
    /// Revokes all tokens of logins, each of which is named by a tenant and the id of its family of
    /// refresh tokens. To be called within a transaction.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn revoke_logins<'l>(
        &self,
        logins: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Result<(), Error> {
        // In one order, so that nobody waits in a circle.
        let logins: BTreeSet<_> = logins.into_iter().collect();
        let logins: Vec<_> = logins.into_iter().collect();
        for part in logins.chunks(BATCH) {
            // A login has no versions, so its tokens have version 0.
            let row = |at: usize| format!("(${}, ${}, 1, $1)", 2 * at + 2, 2 * at + 3);
            let rows: Vec<_> = (0..part.len()).map(row).collect();
            let named = part.iter().flat_map(|(tenant, login)| values![*tenant, *login]);
            self.execute(
                &format!(
                    "INSERT INTO revocations (tenant_id, subject, below, expires_at) VALUES {} \
                     ON CONFLICT (tenant_id, subject) DO UPDATE SET below = 1, expires_at = $1",
                    rows.join(", ")
                ),
                values![now() + RETENTION_MS].into_iter().chain(named),
            )?;
        }
        let named = |(tenant, login): (&str, &str)| (tenant.to_owned(), login.to_owned());
        FRESH.with_borrow_mut(|fresh| fresh.extend(logins.into_iter().map(named)));
        Ok(())
    }
}

impl Call {
    /// Refuses a caller whose token was revoked after the gateway verified it. The gateway
    /// remembers a verified token for up to a minute. Changes that outlast the token call this in
    /// their transaction. Otherwise a caller whose access was revoked could use that minute to
    /// restore it.
    ///
    /// # Errors
    /// `invalid-token`; `internal-error` of the database.
    pub fn refuse_revoked(&self, scope: &Scope<'_>) -> Result<(), Error> {
        match self.is_among_revoked(scope)? {
            true => Err(Error::new(Code::InvalidToken, "The access token was revoked.")),
            false => Ok(()),
        }
    }

    /// Whether the caller's token is revoked by now. It asks the writer, because a replica may be
    /// behind.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn is_revoked(&self) -> Result<bool, Error> {
        let tenant = &self.caller()?.tenant;
        Database::read(Source::Writer, SessionRole::Tenant(tenant), |database| {
            self.is_among_revoked(&self.scope(database)?)
        })
    }

    fn is_among_revoked(&self, scope: &Scope<'_>) -> Result<bool, Error> {
        let (mut named, mut values) = (Vec::new(), Vec::new());
        let subjects = self.metadata.subjects();
        for (id, version) in subjects.ok_or_else(|| Error::internal("no credential is named"))? {
            let place = values.len() + 2;
            named.push(format!("subject = ${place} AND below > ${}", place + 1));
            values.extend(values![id, version]);
        }
        let named = named.join(" OR ");
        let sql = format!("SELECT subject FROM revocations WHERE tenant_id = $1 AND ({named})");
        Ok(!scope.query(&sql, values)?.is_empty())
    }
}

/// Publishes the revocations of the request, as far as they were committed.
///
/// # Errors
/// Those of the stores. Then the tick publishes them.
pub(crate) fn publish_fresh() -> Result<(), Error> {
    let fresh = FRESH.take();
    if fresh.is_empty() {
        return Ok(());
    }
    let (database, bucket) = (Database::open()?, key_value::open()?);
    fresh.iter().try_for_each(|(tenant, subject)| write(&database, &bucket, tenant, subject))
}

/// Publishes all revocations that have not expired, and sets the mark.
///
/// # Errors
/// Those of the stores. Then the mark is not set.
pub fn publish_all(system: &System<'_>) -> Result<(), Error> {
    let bucket = key_value::open()?;
    let mut last = (String::new(), String::new());
    loop {
        let entries: Vec<Entry> = system.fetch_all(
            &format!(
                "SELECT tenant_id, subject, below, expires_at FROM revocations \
                 WHERE (tenant_id, subject) > ($1, $2) AND expires_at > $3 \
                 ORDER BY tenant_id, subject LIMIT {BATCH}"
            ),
            values![last.0, last.1, now()],
        )?;
        let count = entries.len();
        for row in &entries {
            let Entry { tenant, subject, .. } = row;
            // Usually the entry is already there.
            let held = bucket.get(&entry::revoked(tenant, subject)).map_err(key_value::fault)?;
            if held.as_ref() != Some(&row.value()) {
                write(system.database(), &bucket, tenant, subject)?;
            }
        }
        match entries.into_iter().next_back() {
            Some(row) if count == BATCH => last = (row.tenant, row.subject),
            _ => break,
        }
    }
    bucket.set(entry::ALL_REVOKED, b"1").map_err(key_value::fault)
}

/// Publishes all revocations, as [`publish_all`] does, if the mark is gone.
///
/// # Errors
/// As [`publish_all`].
pub fn publish_lost(system: &System<'_>) -> Result<(), Error> {
    let held = key_value::open()?.get(entry::ALL_REVOKED).map_err(key_value::fault)?;
    if held.is_some() { Ok(()) } else { publish_all(system) }
}

/// A row, and the entry that gateways read.
struct Entry {
    tenant: String,
    subject: String,
    below: i64,
    expires_at: i64,
}

impl FromRow for Entry {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        let (tenant, subject, below, expires_at) = row.get()?;
        Ok(Self { tenant, subject, below, expires_at })
    }
}

impl Entry {
    fn value(&self) -> Vec<u8> {
        entry::revocation(self.expires_at, self.below)
    }
}

/// Makes the entry of a subject equal to its row.
fn write(database: &Database, bucket: &Bucket, tenant: &str, subject: &str) -> Result<(), Error> {
    let key = entry::revoked(tenant, subject);
    let cas = RefCell::new(None);
    let held = || {
        let fresh = Cas::new(bucket, &key).map_err(key_value::fault)?;
        let held = fresh.current().map_err(key_value::fault)?;
        cas.replace(Some(fresh));
        Ok(held)
    };
    let row = || {
        let sql = "SELECT tenant_id, subject, below, expires_at FROM revocations \
                   WHERE tenant_id = $1 AND subject = $2";
        let rows = database.query(SessionRole::System, sql, values![tenant, subject].into())?;
        let found: Option<Entry> = rows.into_iter().next().map(Row::read).transpose()?;
        Ok(found.map(|entry| entry.value()))
    };
    let swap = |value: &[u8]| {
        let Some(cas) = cas.take() else { return Ok(false) };
        match atomics::swap(cas, value) {
            Ok(()) => Ok(true),
            Err(CasError::CasFailed(_)) => Ok(false),
            Err(CasError::StoreError(error)) => Err(key_value::fault(error)),
        }
    };
    match sync_entry(held, row, swap)? {
        true => Ok(()),
        false => Err(Error::new(
            Code::ServiceUnavailable,
            "Too many requests write the same revocation at once; try again in a moment.",
        )),
    }
}
