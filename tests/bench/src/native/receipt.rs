//! Receipts of idempotency keys, in the transaction of the write.

use http::HeaderMap;
use rusqlite::{OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, internal, problem};
use super::tokens::Caller;
use super::{hex, now};

const KEPT_MS: u64 = 86_400_000;

/// A key and what it is used for.
pub(super) struct Key {
    key: String,
    fingerprint: String,
}

/// What a key was answered.
pub(super) struct Answer {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Whether it was there before.
    pub(super) replayed: bool,
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
    ) -> Result<Option<Answer>, Problem> {
        transaction
            .prepare_cached(
                "DELETE FROM idempotency_receipts WHERE tenant_id = ?1 AND expires_at <= ?2",
            )?
            .execute(params![tenant, now().cast_signed()])?;
        let found: Option<(String, String, String)> = transaction
            .prepare_cached(
                "SELECT fingerprint, headers, body FROM idempotency_receipts \
                 WHERE tenant_id = ?1 AND key = ?2",
            )?
            .query_row(params![tenant, self.key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match found {
            Some((fingerprint, _, _)) if fingerprint != self.fingerprint => Err(problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used with another body.",
            )),
            Some((_, headers, body)) => {
                let headers = serde_json::from_str(&headers).map_err(internal)?;
                Ok(Some(Answer { headers, body, replayed: true }))
            }
            None => Ok(None),
        }
    }

    /// Keeps what is answered now.
    pub(super) fn keep(
        &self,
        transaction: &Transaction<'_>,
        tenant: &str,
        answer: &Answer,
    ) -> Result<(), Problem> {
        let headers = serde_json::to_string(&answer.headers).map_err(internal)?;
        transaction
            .prepare_cached(
                "INSERT INTO idempotency_receipts \
                 (tenant_id, key, fingerprint, status, headers, body, expires_at) \
                 VALUES (?1, ?2, ?3, 201, ?4, ?5, ?6)",
            )?
            .execute(params![
                tenant,
                self.key,
                self.fingerprint,
                headers,
                answer.body,
                (now() + KEPT_MS).cast_signed()
            ])?;
        Ok(())
    }
}
