//! Writes, and the receipt of an idempotency key: the answer of a write, stored in the transaction
//! of the write. It is the source of truth behind the gateway's key-value store.
//!
//! A receipt that is found is honoured, whatever its age. Only the sweep (`retention.rs`) decides
//! that a receipt may be deleted, not the clock of the host that reads it.

use protocol::metadata;

use crate::row::Row;
use crate::scope::{Scope, System};
use crate::sql::Database;
use crate::write::{Expected, Write};
use crate::{Call, Code, Error, Internal, Reply, Value, values};

/// The time for which a receipt is kept at least, in milliseconds: a day.
const RETENTION_MS: i64 = 86_400_000;

const SELECT_RECEIPT: &str = "SELECT fingerprint, status, headers, body FROM idempotency_receipts \
     WHERE tenant_id = $1 AND key = $2";
const INSERT_RECEIPT: &str = "INSERT INTO idempotency_receipts \
     (tenant_id, key, fingerprint, status, headers, body, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// The form in which a receipt is stored.
pub trait Envelope {
    /// The stored form of the fingerprint of a body.
    fn fingerprint(&self, fingerprint: &str) -> String;
    /// The stored form of an answer's body, as text. It can be opened only under the same name.
    ///
    /// # Errors
    /// `internal-error` if it cannot be sealed.
    fn seal(&self, name: &str, body: &[u8]) -> Result<String, Error>;
    /// The body from its stored form.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` if it cannot be read.
    fn open(&self, name: &str, kept: String) -> Result<Vec<u8>, Error>;
}

/// Stores answers unchanged. It is for answers whose content is in the tables anyway.
struct Unsealed;

impl Envelope for Unsealed {
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

/// The key of a call, and the form in which its receipt is stored.
struct Receipt<'a> {
    key: &'a str,
    fingerprint: String,
    envelope: &'a dyn Envelope,
}

impl<'a> Receipt<'a> {
    fn of(call: &'a Call, envelope: &'a dyn Envelope) -> Option<Self> {
        let metadata::Key { key, fingerprint } = call.metadata.key.as_ref()?;
        Some(Self { key, fingerprint: envelope.fingerprint(fingerprint), envelope })
    }

    /// The answer of an earlier call with this key.
    fn answer(&self, found: Vec<Row>) -> Result<Option<Reply>, Error> {
        let Some(row) = found.into_iter().next() else { return Ok(None) };
        let (fingerprint, status, headers, kept): (String, i64, String, String) = row.read()?;
        if fingerprint != self.fingerprint {
            return Err(Error::new(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used with another body; use a new key for a new request.",
            ));
        }
        let status = u16::try_from(status).internal()?;
        let headers = serde_json::from_str(&headers).internal()?;
        let body = self.envelope.open(self.key, kept)?;
        let reply = Reply { headers, ..Reply::json(status, body) };
        Ok(Some(reply.header(metadata::REPLAYED, "true")))
    }

    /// The columns behind the tenant in [`INSERT_RECEIPT`].
    fn row(&self, reply: &Reply) -> Result<[Value; 6], Error> {
        Ok(values![
            self.key,
            &self.fingerprint,
            reply.status,
            serde_json::to_string(&reply.headers).internal()?,
            self.envelope.seal(self.key, &reply.body)?,
            crate::now() + RETENTION_MS,
        ])
    }
}

impl Call {
    /// Writes in the tenant of the caller. `work`, its events and the receipt of its idempotency
    /// key are one transaction. If the key has a receipt already, then the receipt answers and
    /// `work` does not run.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed.
    pub fn write(
        &self,
        work: impl FnOnce(&Scope<'_>) -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        self.write_in(None, work)
    }

    /// Writes as [`Call::write`] does, for answers that hold a secret. The receipt keeps the answer
    /// sealed.
    ///
    /// # Errors
    /// As [`Call::write`].
    pub fn write_sealed(
        &self,
        envelope: &dyn Envelope,
        work: impl FnOnce(&Scope<'_>) -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        self.write_in(Some(envelope), work)
    }

    fn write_in(
        &self,
        envelope: Option<&dyn Envelope>,
        work: impl FnOnce(&Scope<'_>) -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        let database = Database::open()?;
        let scope = self.writing_scope(&database)?;
        database.transaction(None, || {
            let reply = idempotent(self, &scope, envelope, || work(&scope))?;
            scope.flush()?;
            Ok(reply)
        })
    }
}

/// Runs `work`, or returns its earlier answer if the key has a receipt. `envelope` seals answers
/// with secrets.
fn idempotent(
    call: &Call,
    scope: &Scope<'_>,
    envelope: Option<&dyn Envelope>,
    work: impl FnOnce() -> Result<Reply, Error>,
) -> Result<Reply, Error> {
    let Some(receipt) = Receipt::of(call, envelope.unwrap_or(&Unsealed)) else { return work() };
    let found = scope.query(SELECT_RECEIPT, values![receipt.key])?;
    if let Some(reply) = receipt.answer(found)? {
        return Ok(reply);
    }
    let reply = work()?;
    scope.write_together(vec![Write {
        table: "idempotency_receipts",
        sql: INSERT_RECEIPT.to_owned(),
        values: receipt.row(&reply)?.into(),
        expected: Expected::Rows(1),
    }])?;
    Ok(reply)
}

impl System<'_> {
    /// The earlier answer of a call above tenants, if its idempotency key has a receipt.
    ///
    /// # Errors
    /// `idempotency-key-reused` if the key was used with another body.
    pub fn stored_answer(
        &self,
        call: &Call,
        envelope: &dyn Envelope,
    ) -> Result<Option<Reply>, Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return Ok(None) };
        receipt.answer(self.query(SELECT_RECEIPT, values!["", receipt.key])?)
    }

    /// Runs `work` and keeps its receipt, in one transaction. If the key has a receipt already,
    /// then the receipt answers and `work` does not run. The receipt belongs to no tenant.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed; `idempotency-key-reused`.
    pub fn idempotent(
        &self,
        call: &Call,
        envelope: &dyn Envelope,
        work: impl FnOnce() -> Result<Reply, Error>,
    ) -> Result<Reply, Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return self.transaction(work) };
        // Calls with one key run one after the other. So the second one finds the receipt of the
        // first.
        self.with_lock(receipt.key, || {
            if let Some(reply) = self.stored_answer(call, envelope)? {
                return Ok(reply);
            }
            let reply = work()?;
            self.store_receipt(call, envelope, &reply)?;
            Ok(reply)
        })
    }

    /// Writes the receipt of an answer into the running transaction, if the call has a key.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn store_receipt(
        &self,
        call: &Call,
        envelope: &dyn Envelope,
        reply: &Reply,
    ) -> Result<(), Error> {
        let Some(receipt) = Receipt::of(call, envelope) else { return Ok(()) };
        self.execute(INSERT_RECEIPT, values![""].into_iter().chain(receipt.row(reply)?)).map(drop)
    }
}
