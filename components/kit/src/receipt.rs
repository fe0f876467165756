//! The receipt of an idempotency key: what a write answered, kept in the transaction of
//! the write (design: the truth behind the gateway's key-value store).
//!
//! A receipt that is found is honoured, whatever its age: that it may be forgotten is for the
//! sweep to decide (`retention.rs`), not for the clock of whoever reads it.

use crate::scope::{Scope, System};
use crate::sql::{Row, Value};
use crate::{Call, Code, Error, Internal, Reply, problem};

/// How long a receipt is kept at least, in milliseconds: a day.
const KEPT: i64 = 86_400_000;

const FIND: &str = "SELECT fingerprint, status, headers, body FROM idempotency_receipts \
     WHERE tenant_id = $1 AND key = $2";
const KEEP: &str = "INSERT INTO idempotency_receipts \
     (tenant_id, key, fingerprint, status, headers, body, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// How a receipt is written down.
pub trait Envelope {
    /// What is kept of the fingerprint of a body.
    fn fingerprint(&self, fingerprint: &str) -> String;
    /// What is kept of an answer's body, as text; it opens only under the same name.
    ///
    /// # Errors
    /// `internal-error` when it cannot be written down.
    fn seal(&self, name: &str, body: &[u8]) -> Result<String, Error>;
    /// The body that was kept.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` when it cannot be read.
    fn open(&self, name: &str, kept: String) -> Result<Vec<u8>, Error>;
}

/// As it is: for answers that hold nothing but what is in the tables anyway.
struct Plain;

impl Envelope for Plain {
    fn fingerprint(&self, fingerprint: &str) -> String {
        fingerprint.to_owned()
    }

    fn seal(&self, _: &str, body: &[u8]) -> Result<String, Error> {
        String::from_utf8(body.to_vec()).internal()
    }

    fn open(&self, _: &str, kept: String) -> Result<Vec<u8>, Error> {
        Ok(kept.into_bytes())
    }
}

/// The key of a call and how its receipt is written down.
struct Receipt<'a> {
    key: &'a str,
    fingerprint: String,
    envelope: &'a dyn Envelope,
}

impl<'a> Receipt<'a> {
    fn of(call: &'a Call, envelope: &'a dyn Envelope) -> Option<Self> {
        let fingerprint = envelope.fingerprint(call.header("idempotency-fingerprint")?);
        Some(Self { key: call.header("idempotency-key")?, fingerprint, envelope })
    }

    /// What was answered before.
    fn answer(&self, found: Vec<Row>) -> Result<Option<Reply>, Error> {
        let Some(mut row) = found.into_iter().next() else { return Ok(None) };
        if row.text() != self.fingerprint {
            return Err(problem(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used with another body; use a new key for a new request.",
            ));
        }
        let status = u16::try_from(row.integer()).internal()?;
        let headers = serde_json::from_str(&row.text()).internal()?;
        let body = self.envelope.open(self.key, row.text())?;
        let reply = Reply { headers, ..Reply::json(status, body) };
        Ok(Some(reply.header("idempotent-replayed", "true")))
    }

    /// What stands behind the tenant in [`KEEP`].
    fn row(&self, reply: &Reply) -> Result<[Value; 6], Error> {
        Ok([
            Value::Text(self.key.to_owned()),
            Value::Text(self.fingerprint.clone()),
            Value::Integer(i64::from(reply.status)),
            Value::Text(serde_json::to_string(&reply.headers).internal()?),
            Value::Text(self.envelope.seal(self.key, &reply.body)?),
            Value::Integer(crate::now() + KEPT),
        ])
    }
}

/// Runs `work`, or answers what it answered before. `envelope` is for answers with secrets.
pub(crate) fn once(
    call: &Call,
    scope: &Scope<'_>,
    envelope: Option<&dyn Envelope>,
    work: impl FnOnce() -> Result<Reply, Error>,
) -> Result<Reply, Error> {
    let Some(receipt) = Receipt::of(call, envelope.unwrap_or(&Plain)) else { return work() };
    let found = scope.query(FIND, [Value::Text(receipt.key.to_owned())])?;
    if let Some(reply) = receipt.answer(found)? {
        return Ok(reply);
    }
    let reply = work()?;
    scope.execute(KEEP, receipt.row(&reply)?)?;
    Ok(reply)
}

impl System<'_> {
    /// What a call above tenants answered before, if its idempotency key has a receipt.
    ///
    /// # Errors
    /// `idempotency-key-reused` when the key was used with another body.
    pub fn answered(&self, call: &Call, envelope: &dyn Envelope) -> Result<Option<Reply>, Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return Ok(None) };
        let of = [Value::Text(String::new()), Value::Text(receipt.key.to_owned())];
        receipt.answer(self.query(FIND, &of)?)
    }

    /// Runs `work` and keeps its receipt, in one transaction; with a key that has a receipt,
    /// the receipt answers and `work` does not run. The receipt is of no tenant.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed; `idempotency-key-reused`.
    pub fn once(
        &self,
        call: &Call,
        envelope: &dyn Envelope,
        work: impl FnOnce() -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return self.transaction(work) };
        // In turn, or the second of two at once would meet what the first has made.
        self.in_turn(receipt.key, || {
            if let Some(reply) = self.answered(call, envelope)? {
                return Ok(reply);
            }
            let reply = work()?;
            self.keep(call, envelope, &reply)?;
            Ok(reply)
        })
    }

    /// Writes the receipt of an answer into the running transaction, for a call with a key.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn keep(&self, call: &Call, envelope: &dyn Envelope, reply: &Reply) -> Result<(), Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return Ok(()) };
        let none = [Value::Text(String::new())];
        let row: Vec<_> = none.into_iter().chain(receipt.row(reply)?).collect();
        self.execute(KEEP, &row).map(drop)
    }
}
