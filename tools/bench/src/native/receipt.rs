//! Receipts of idempotency keys, in the transaction of the write.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::caller::Caller;
use super::moment::now;
use super::problem::{Problem, internal, problem};

const KEPT_MS: u64 = 86_400_000;

/// A key, and the request that it is used for.
pub(super) struct Key {
    /// The name of the key among those of the tenant.
    pub(super) key: String,
    /// The fingerprint of the body.
    pub(super) fingerprint: String,
}

/// The stored answer to an idempotency key.
pub(super) struct Receipt {
    pub(super) fingerprint: String,
    /// JSON.
    pub(super) headers: String,
    pub(super) body: String,
}

/// The answer to a key.
pub(super) struct Answer {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// Whether the answer is a replay.
    pub(super) replayed: bool,
}

impl Key {
    /// The key of the request, if it has one.
    pub(super) fn of(headers: &HeaderMap, caller: &Caller, body: &[u8]) -> Option<Self> {
        let value = headers.get("idempotency-key")?;
        let mut hash = Sha256::new();
        for piece in
            [caller.tenant.as_bytes(), caller.id.as_bytes(), b"create-project", value.as_bytes()]
        {
            hash.update(piece.len().to_be_bytes());
            hash.update(piece);
        }
        Some(Self {
            key: hex::encode(hash.finalize()),
            fingerprint: hex::encode(Sha256::digest(body)),
        })
    }

    /// The earlier answer of a receipt.
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

    /// The time when the receipt expires.
    pub(super) fn until(&self) -> i64 {
        (now() + KEPT_MS).cast_signed()
    }
}

impl Answer {
    /// The headers in the form that a receipt stores.
    pub(super) fn headers(&self) -> Result<String, Problem> {
        serde_json::to_string(&self.headers).map_err(internal)
    }
}
