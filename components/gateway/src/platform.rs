//! The gateway's needs from the outside world.
//!
//! The gateway does no I/O of its own. Both placements implement [`Platform`]: natively in the host
//! (fused), and with Spin's interfaces in `composed/`.

use std::future::Future;

use protocol::metadata::DueWork;
use protocol::{Code, Context, Error, Request, Response};

use crate::limits::bucket::Decision;
use crate::limits::quota::Quota;

/// Natively this is `Send`, because futures move between the worker threads of the host. In
/// WebAssembly it is empty, because the futures of the interfaces are single-threaded.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}
/// See the native definition.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// A failure of a store or a function. The text is for the log only.
#[derive(Debug)]
pub enum Fault {
    /// The dependency is not reachable or refused: 503.
    Unavailable(String),
    /// The function did not answer within its time: 504.
    Timeout,
    /// All instances are busy and the queue is full: 503 with `Retry-After`.
    Busy,
    /// The caller, or its tenant, has as many streams open as it may: 429 with `Retry-After`.
    Streams,
    /// The function trapped or broke its contract: 500.
    Trapped(String),
}

/// The outside world.
pub trait Platform: Sync {
    /// The streaming part of a response body.
    type Stream: MaybeSend;

    /// Milliseconds since the Unix epoch.
    fn now(&self) -> u64;
    /// Sixteen bytes of cryptographically strong randomness.
    fn random(&self) -> [u8; 16];
    /// A Spin variable of this component; `None` when it is not defined.
    fn variable(&self, name: &str) -> impl Future<Output = Option<String>> + MaybeSend;
    /// Reads a value of the key-value store.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, Fault>> + MaybeSend;
    /// Writes a value.
    fn set(&self, key: &str, value: &[u8]) -> impl Future<Output = Result<(), Fault>> + MaybeSend;
    /// Deletes a value; deleting what is absent is no error.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), Fault>> + MaybeSend;
    /// Takes `cost` from the stored bucket of `key`, atomically. However many requests come at
    /// once, in however many processes, only as many are admitted as the bucket has units. This is
    /// one write, or none if the request is refused.
    fn take(
        &self,
        key: &str,
        quota: Quota,
        cost: u32,
    ) -> impl Future<Output = Result<Decision, Fault>> + MaybeSend;
    /// Writes `value` if the key still holds `expected` (`None`: if the key is absent), atomically.
    /// Returns whether it did.
    fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
    ) -> impl Future<Output = Result<bool, Fault>> + MaybeSend;
    /// Calls the function behind this gateway (`route.handle`).
    fn call(
        &self,
        context: Context,
        operation: &str,
        request: Request,
    ) -> impl Future<Output = Result<Result<Response<Self::Stream>, Error>, Fault>> + MaybeSend;
    /// The published verification keys, directly from the `auth` function, for the case that the
    /// key-value store has no usable set. Returns the document: a JWK Set (RFC 7517) with the
    /// signed set for gateways.
    fn fetch_keys(&self) -> impl Future<Output = Result<Vec<u8>, Fault>> + MaybeSend;
    /// Tells a function that it has work. The answer does not wait for it. If nobody receives the
    /// message, then nothing is lost, because the due work is in the database.
    fn wake(&self, due: DueWork);
    /// Writes one line to the log.
    fn log(&self, line: &str);
}

/// An incoming body that is not yet read.
pub trait IncomingBody: MaybeSend {
    /// Reads all of it, but stops at `limit` bytes.
    fn read(self, limit: usize) -> impl Future<Output = Result<Vec<u8>, BodyError>> + MaybeSend;
}

/// The reason why a body was not read.
#[derive(Debug)]
pub enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// The client closed the connection or broke the framing.
    Broken,
    /// It did not arrive in time.
    TooSlow,
    /// The bodies from the client's address already use all the memory that one address may use.
    Crowded,
    /// The bodies of all clients already use all the memory for bodies.
    NoRoom,
}

impl BodyError {
    /// The code of the registry and the message for the client. The message for `TooLarge` also
    /// needs the limit, which is not known here.
    pub fn refusal(&self) -> (Code, &'static str) {
        match self {
            Self::TooLarge => (Code::PayloadTooLarge, "The body is too large."),
            Self::Broken => (Code::MalformedRequest, "The body ended too early; send all of it."),
            Self::TooSlow => (Code::RequestTimeout, "The body did not come in time."),
            Self::Crowded => {
                let message =
                    "The bodies from this address take too much memory; send fewer at once.";
                (Code::RateLimitExceeded, message)
            }
            Self::NoRoom => (
                Code::ServiceUnavailable,
                "There is no memory for the body now; try again in a moment.",
            ),
        }
    }

    /// Seconds until a retry makes sense.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::Crowded | Self::NoRoom).then_some(1)
    }
}
