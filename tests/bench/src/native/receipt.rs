//! Receipts of idempotency keys, in the transaction of the write.

use http::HeaderMap;
use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, problem};
use super::tokens::Caller;
use super::{hex, now};

const KEPT_MS: u64 = 86_400_000;

/// A key and what it is used for.
pub(super) struct Key {
    key: String,
    fingerprint: String,
}

impl Key {
    /// The key that was sent, if one was.
    pub(super) fn of(headers: &HeaderMap, caller: &Caller, body: &[u8]) -> Option<Self> {
        let value = headers.get("idempotency-key")?;
        let mut hash = Sha256::new();
        for piece in
            [caller.tenant.as_bytes(), caller.id.as_bytes(), b"create-project", value.as_bytes()]
        {
            hash.update(piece.len().to_be_bytes());
            hash.update(piece);
        }
        Some(Self { key: hex(&hash.finalize()), fingerprint: hex(&Sha256::digest(body)) })
    }

    /// What was answered before.
    pub(super) fn answered(
        &self,
        transaction: &Transaction<'_>,
        tenant: &str,
    ) -> Result<Option<String>, Problem> {
        transaction
            .prepare_cached(
                "DELETE FROM idempotency_receipts WHERE tenant_id = ?1 AND expires_at <= ?2",
            )?
            .execute(params![tenant, now().cast_signed()])?;
        let found: Option<(String, String)> = transaction
            .prepare_cached(
                "SELECT fingerprint, body FROM idempotency_receipts WHERE tenant_id = ?1 AND key = ?2",
            )?
            .query_row(params![tenant, self.key], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match found {
            Some((fingerprint, _)) if fingerprint != self.fingerprint => Err(problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used with another body.",
            )),
            found => Ok(found.map(|(_, body)| body)),
        }
    }

    /// Keeps what is answered now.
    pub(super) fn keep(
        &self,
        transaction: &Transaction<'_>,
        tenant: &str,
        body: &str,
    ) -> Result<(), Problem> {
        transaction
            .prepare_cached(
                "INSERT INTO idempotency_receipts \
                 (tenant_id, key, fingerprint, status, headers, body, expires_at) \
                 VALUES (?1, ?2, ?3, 201, '[]', ?4, ?5)",
            )?
            .execute(params![
                tenant,
                self.key,
                self.fingerprint,
                body,
                (now() + KEPT_MS).cast_signed()
            ])?;
        Ok(())
    }
}
