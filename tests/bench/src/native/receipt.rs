//! Receipts of idempotency keys, in the transaction of the write.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, internal, problem};
use super::store::Receipt;
use super::tokens::Caller;
use super::{hex, now};

const KEPT_MS: u64 = 86_400_000;

/// A key and what it is used for.
pub(super) struct Key {
    /// Names it among those of the tenant.
    pub(super) key: String,
    /// Of the body.
    pub(super) fingerprint: String,
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
    pub(super) fn replay(&self, receipt: Receipt) -> Result<Answer, Problem> {
        if receipt.fingerprint != self.fingerprint {
            return Err(problem(
                422,
                "idempotency_key_reused",
                "This Idempotency-Key was used with another body.",
            ));
        }
        let headers = serde_json::from_str(&receipt.headers).map_err(internal)?;
        Ok(Answer { headers, body: receipt.body, replayed: true })
    }

    /// When its receipt may be forgotten.
    pub(super) fn until(&self) -> i64 {
        (now() + KEPT_MS).cast_signed()
    }
}

impl Answer {
    /// The headers, as a receipt keeps them.
    pub(super) fn headers(&self) -> Result<String, Problem> {
        serde_json::to_string(&self.headers).map_err(internal)
    }
}
