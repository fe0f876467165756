//! What the gateway needs from the outside world, and the plain types that cross that line.
//!
//! The gateway does no I/O of its own. Both placements implement [`Platform`]: natively in
//! the host (fused) and over Spin's interfaces in `composed.rs`.

use std::future::Future;

use crate::limits::{Quota, Taken};

/// `Send` natively, where futures move between the worker threads of the host; nothing in
/// WebAssembly, where the interfaces' futures are single-threaded.
#[cfg(not(target_arch = "wasm32"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send> MaybeSend for T {}
/// See the native definition.
#[cfg(target_arch = "wasm32")]
pub trait MaybeSend {}
#[cfg(target_arch = "wasm32")]
impl<T> MaybeSend for T {}

/// A store or a function did not do its work. The text is for the log only.
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
    /// Takes `cost` from the stored bucket of `key`, atomically: of any number of requests
    /// at once, in any number of processes, as many are admitted as the bucket has units. One
    /// write, or none when the request is refused.
    fn take(
        &self,
        key: &str,
        quota: Quota,
        cost: u32,
    ) -> impl Future<Output = Result<Taken, Fault>> + MaybeSend;
    /// Writes `value` if the key still holds `expected` (`None`: is absent), atomically;
    /// returns whether it did.
    fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
    ) -> impl Future<Output = Result<bool, Fault>> + MaybeSend;
    /// Asks the function behind this gateway (`route.handle`).
    fn call(
        &self,
        context: Context,
        operation: &str,
        request: Request,
    ) -> impl Future<Output = Result<Result<Response<Self::Stream>, crate::Error>, Fault>> + MaybeSend;
    /// The published verification keys, asked from the `auth` function because the
    /// key-value store has none; the bytes of a JWK Set (RFC 7517).
    fn ask_for_keys(&self) -> impl Future<Output = Result<Vec<u8>, Fault>> + MaybeSend;
    /// Tells whoever delivers that something is due. The answer does not wait for it, and
    /// loses nothing when nobody hears: what is due is in the database.
    fn wake(&self);
    /// Writes one line to the log.
    fn log(&self, line: &str);
}

/// An incoming body that has not been read yet.
pub trait IncomingBody: MaybeSend {
    /// Reads all of it, but stops at `limit` bytes.
    fn read(self, limit: usize) -> impl Future<Output = Result<Vec<u8>, BodyError>> + MaybeSend;
}

/// Why a body was not read.
#[derive(Debug)]
pub enum BodyError {
    /// It is longer than the limit.
    TooLarge,
    /// The client broke off or broke the framing.
    Broken,
    /// It did not come in time.
    TooSlow,
    /// Bodies of the client's address take as much memory as they may.
    Crowded,
    /// The bodies of all take as much.
    NoRoom,
}

impl BodyError {
    /// What the client is told, with the code of the registry. `TooLarge` needs the limit.
    pub fn refusal(&self) -> (crate::Code, &'static str) {
        use crate::Code;
        match self {
            Self::TooLarge => (Code::PayloadTooLarge, "The body is larger than it may be."),
            Self::Broken => (Code::MalformedRequest, "The body broke off."),
            Self::TooSlow => (Code::RequestTimeout, "The body did not come in time."),
            Self::Crowded => {
                let message = "Bodies of this address take as much memory as they may.";
                (Code::RateLimitExceeded, message)
            }
            Self::NoRoom => (Code::ServiceUnavailable, "There is no room for the body now."),
        }
    }

    /// Seconds until a retry makes sense.
    pub fn retry_after(&self) -> Option<u32> {
        matches!(self, Self::Crowded | Self::NoRoom).then_some(1)
    }
}

/// `tenancy.principal`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User(String),
    /// A machine client.
    Client(String),
    /// An API key.
    ApiKey(String),
}

/// `tenancy.grant`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A role in the tenant.
    Role(String),
    /// An OAuth 2.0 scope.
    Scope(String),
    /// The tenant's plan.
    Plan(String),
}

/// `tenancy.caller`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant id.
    pub tenant: String,
    /// What authenticated.
    pub principal: Principal,
    /// Roles, scopes and plan.
    pub grants: Vec<Grant>,
}

impl Caller {
    /// The id of the user, client or key.
    pub fn id(&self) -> &str {
        let (Principal::User(id) | Principal::Client(id) | Principal::ApiKey(id)) = &self.principal;
        id
    }
}

/// `tenancy.context`
#[derive(Clone, Debug)]
pub struct Context {
    /// 32 hex digits.
    pub trace_id: String,
    /// Absent for public operations.
    pub caller: Option<Caller>,
}

/// `messages.location`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// Path template variable.
    Path,
    /// Query parameter.
    Query,
    /// Header, lower case.
    Header,
}

/// `messages.parameter`
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Where it was found.
    pub location: Location,
    /// Its name.
    pub name: String,
    /// Its decoded value.
    pub value: String,
}

/// `messages.request`
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Path, query and header parameters.
    pub parameters: Vec<Parameter>,
    /// The body.
    pub body: Vec<u8>,
}

/// `messages.body`
#[derive(Debug)]
pub enum Body<S> {
    /// No body.
    Empty,
    /// All of it.
    Bytes(Vec<u8>),
    /// As it comes.
    Streaming(S),
}

/// `messages.response`
#[derive(Debug)]
pub struct Response<S> {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body<S>,
}

/// `route.operation`
#[derive(Clone, Debug)]
pub struct Operation {
    /// The `operationId`.
    pub id: String,
    /// Upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// Major version; 0 for an absolute path.
    pub version: u32,
    /// Needs no credential.
    pub public: bool,
    /// Scopes needed, all of them.
    pub scopes: Vec<String>,
    /// What limits its rate.
    pub limit: Limit,
    /// What it does with `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// Media types read.
    pub consumes: Vec<String>,
    /// Whether a request must have a body.
    pub body_required: bool,
    /// Media types answered.
    pub produces: Vec<String>,
    /// What its bodies are made of.
    pub shape: Option<Shape>,
}

/// `route.limit`
#[derive(Clone, Debug)]
pub struct Limit {
    /// The class: its operations share a bucket.
    pub class: String,
    /// The quota, unless a variable says otherwise.
    pub quota: Quota,
    /// Units that a request takes.
    pub cost: u32,
}

/// `route.idempotency`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idempotency {
    /// The header means nothing.
    #[default]
    Unsupported,
    /// The header is honoured.
    Optional,
    /// A request without it is refused.
    Required,
}

/// `route.shape`
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// Collection and JSON:API type; empty when the answer is no resource.
    pub collection: String,
    /// Whether one object is read at `/{collection}/{id}`.
    pub is_addressed: bool,
    /// Whether the answer is `{items, next_cursor}`.
    pub is_page: bool,
    /// Whether pages may be asked for by number.
    pub is_numbered: bool,
    /// Paths of members with enumerated values.
    pub enums: Vec<String>,
    /// Paths of members whose names are data.
    pub maps: Vec<String>,
    /// Members that name other objects.
    pub relations: Vec<Relation>,
}

/// `route.relation`
#[derive(Clone, Debug)]
pub struct Relation {
    /// `owner`
    pub name: String,
    /// `owner_id`
    pub member: String,
    /// `users`
    pub collection: String,
    /// Whether the member is a list.
    pub many: bool,
}
