//! The record of a request: the facts that the concerns learn about it, one after the other. The
//! log line and the headers of the answer are written from it.

use std::net::IpAddr;
use std::sync::Arc;

use protocol::Operation;

use crate::limits::rate_limit::RateLimit;
use crate::trace::Trace;
use crate::verified::Verified;

/// The facts about one request. They are in the order in which they are learned.
pub(crate) struct Record {
    pub(crate) trace: Trace,
    /// The client's address (K-79).
    pub(crate) address: IpAddr,
    /// Whether it comes straight from a program on this machine, and `public_url` is on it too.
    pub(crate) is_local: bool,
    /// The major of the URL; 0 for an absolute path.
    pub(crate) major: u32,
    /// Whether the URL begins with `/api/v{N}`. Only its answers have `API-Version` (K-16).
    pub(crate) is_canonical: bool,
    /// The `operationId`, if the URL and the method lead to an operation.
    pub(crate) operation: Option<String>,
    /// The content of the caller's token, if the operation is not public.
    pub(crate) verified: Option<Arc<Verified>>,
    /// The answers of the buckets that were asked so far.
    pub(crate) quotas: Vec<RateLimit>,
    /// Whether a replica of the database may answer.
    pub(crate) is_for_replica: bool,
    /// Whether the answer is that of an earlier request with the same `Idempotency-Key`.
    pub(crate) is_replayed: bool,
    /// The name of the error that the client gets.
    pub(crate) error: Option<&'static str>,
    /// The cause of a failure, for the log only.
    pub(crate) cause: Option<String>,
}

impl Record {
    /// The record of a request that was not read yet.
    pub(crate) fn new(trace: Trace, address: IpAddr, is_local: bool) -> Self {
        Self {
            trace,
            address,
            is_local,
            major: 0,
            is_canonical: false,
            operation: None,
            verified: None,
            quotas: Vec::new(),
            is_for_replica: false,
            is_replayed: false,
            error: None,
            cause: None,
        }
    }

    /// Notes the version that the target leads to, even if it has no such operation.
    pub(crate) fn addressed(&mut self, major: u32, is_canonical: bool) {
        self.major = major;
        self.is_canonical = is_canonical;
    }

    /// Notes the operation that the target leads to.
    pub(crate) fn matched(&mut self, operation: &Operation) {
        self.operation = Some(operation.id.clone());
    }
}
