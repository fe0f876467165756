//! A call of a function and its answer: the types of `wit/tenancy.wit`, `wit/messages.wit` and
//! `wit/route.wit` in plain Rust.

use crate::Grants;

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

/// A caller (`tenancy.caller`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant id.
    pub tenant: String,
    /// The principal that was authenticated.
    pub principal: Principal,
    /// Roles, scopes and plan.
    pub grants: Grants,
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

impl Parameter {
    /// A header. `name` is in lower case.
    pub fn header(name: &str, value: impl Into<String>) -> Self {
        Self { location: Location::Header, name: name.to_owned(), value: value.into() }
    }
}

/// A request (`messages.request`).
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Path, query and header parameters.
    pub parameters: Vec<Parameter>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.parameters, Location::Header, name)
    }
}

/// The value of the first parameter with this name.
pub fn find<'a>(parameters: &'a [Parameter], location: Location, name: &str) -> Option<&'a str> {
    let mut found = parameters.iter().filter(|it| it.location == location && it.name == name);
    found.next().map(|parameter| parameter.value.as_str())
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
    /// The request headers that its contract declares, in lower case.
    pub headers: Vec<String>,
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
    /// Units that come back each minute, unless a variable says otherwise.
    pub per_minute: u32,
    /// Units of a full bucket, unless a variable says otherwise.
    pub burst: u32,
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
