//! The gateway's needs from the outside world, and the plain types of this interface.
//!
//! The gateway does no I/O of its own. Both placements implement [`Platform`]: natively in the host
//! (fused), and with Spin's interfaces in `composed.rs`.

use std::future::Future;

use crate::limits::{Quota, Taken};

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
    ) -> impl Future<Output = Result<Taken, Fault>> + MaybeSend;
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
    ) -> impl Future<Output = Result<Result<Response<Self::Stream>, crate::Error>, Fault>> + MaybeSend;
    /// The published verification keys, directly from the `auth` function, for the case that the
    /// key-value store has no usable set. Returns the document: a JWK Set (RFC 7517) with the
    /// signed set for gateways.
    fn ask_for_keys(&self) -> impl Future<Output = Result<Vec<u8>, Fault>> + MaybeSend;
    /// Tells the dispatcher that work is due. The answer does not wait for it. If nobody receives
    /// the message, then nothing is lost, because the due work is in the database.
    fn wake(&self);
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

/// A principal (`tenancy.principal`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User(String),
    /// A machine client.
    Client(String),
    /// An API key.
    ApiKey(String),
}

/// A grant (`tenancy.grant`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A role in the tenant.
    Role(String),
    /// An OAuth 2.0 scope.
    Scope(String),
    /// The tenant's plan.
    Plan(String),
}

/// A caller (`tenancy.caller`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant id.
    pub tenant: String,
    /// The principal that was authenticated.
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

/// The context of a call (`tenancy.context`).
#[derive(Clone, Debug)]
pub struct Context {
    /// The trace id: 32 hex digits.
    pub trace_id: String,
    /// The caller; `None` for public operations.
    pub caller: Option<Caller>,
}

/// Where a parameter is found (`messages.location`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A variable of the path template.
    Path,
    /// A query parameter.
    Query,
    /// A header. Its name is in lower case.
    Header,
}

/// A parameter of a request (`messages.parameter`).
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Where it was found.
    pub location: Location,
    /// Its name.
    pub name: String,
    /// Its decoded value.
    pub value: String,
}

/// A request (`messages.request`).
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Path, query and header parameters.
    pub parameters: Vec<Parameter>,
    /// The body.
    pub body: Vec<u8>,
}

/// A body (`messages.body`).
#[derive(Debug)]
pub enum Body<S> {
    /// No body.
    Empty,
    /// The whole body.
    Bytes(Vec<u8>),
    /// A body that is passed on as it arrives.
    Streaming(S),
}

/// A response (`messages.response`).
#[derive(Debug)]
pub struct Response<S> {
    /// The HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body<S>,
}

/// An operation of a function (`route.operation`).
#[derive(Clone, Debug)]
pub struct Operation {
    /// The `operationId`.
    pub id: String,
    /// The HTTP method, in upper case.
    pub method: String,
    /// The path template.
    pub path: String,
    /// The major version; 0 for an absolute path.
    pub version: u32,
    /// Whether it needs no credential.
    pub public: bool,
    /// The scopes that the caller must hold, all of them.
    pub scopes: Vec<String>,
    /// What limits its rate.
    pub limit: Limit,
    /// How it treats `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// The media types that it reads.
    pub consumes: Vec<String>,
    /// Whether a request must have a body.
    pub body_required: bool,
    /// The media types of its answers.
    pub produces: Vec<String>,
    /// The facts that are needed to translate its JSON bodies.
    pub shape: Option<Shape>,
}

/// The rate limit of an operation (`route.limit`).
#[derive(Clone, Debug)]
pub struct Limit {
    /// The class: its operations share a bucket.
    pub class: String,
    /// The quota, unless a variable sets another one.
    pub quota: Quota,
    /// Units that a request takes.
    pub cost: u32,
}

/// How an operation treats `Idempotency-Key` (`route.idempotency`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Idempotency {
    /// The header has no effect.
    #[default]
    Unsupported,
    /// The header is honoured.
    Optional,
    /// A request without it is refused.
    Required,
}

/// The facts that are needed to translate JSON bodies (`route.shape`).
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The collection and JSON:API type; empty if the answer is not a resource.
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

/// A member that holds ids of other objects (`route.relation`).
#[derive(Clone, Debug)]
pub struct Relation {
    /// The name of the relation: `owner`.
    pub name: String,
    /// The member: `owner_id`.
    pub member: String,
    /// The collection of the related objects: `users`.
    pub collection: String,
    /// Whether the member is a list.
    pub many: bool,
}
