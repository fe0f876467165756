//! The operations of a function as its contract declares them.
//!
//! The crate `openapi` compiles the OpenAPI files into these tables when a
//! function is built; nobody writes them by hand. They are plain constants: a function
//! needs neither an OpenAPI parser nor a JSON Schema engine at run time.

mod resource;
mod schema;

use crate::message;

pub use crate::message::{Idempotency, Location};
pub use resource::{Default, Kind, Transition};
pub use schema::{Format, Property, Schema};

/// The operations of one function. The build generates the enum `Op`, a variant for each operation,
/// and implements this trait for it. If an operation has no handler, then it does not compile.
pub trait Operations: Copy + Eq + 'static {
    /// The name under which the function records events (`source_agent`). It is the tag of its
    /// operations, so it stays when operations move to another function.
    const RECORDER: &'static str;

    /// Each operation with its variant, ordered by path.
    const ALL: &'static [(Self, Operation)];

    /// The operation with this `operationId`, with its variant.
    fn find(id: &str) -> Option<&'static (Self, Operation)> {
        Self::ALL.iter().find(|(_, operation)| operation.id == id)
    }
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// The `operationId`, kebab-case.
    pub id: &'static str,
    /// The HTTP method, upper case.
    pub method: &'static str,
    /// The path template below the version prefix; absolute when `version` is 0.
    pub path: &'static str,
    /// The major version whose prefix the path is below; 0 for an absolute path.
    pub version: u32,
    /// Whether it may be called without a credential.
    pub public: bool,
    /// The scopes that the caller must hold, all of them.
    pub scopes: &'static [&'static str],
    /// What limits its rate.
    pub limit: Limit,
    /// How it treats `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// The media types that it reads; empty when it takes no body.
    pub consumes: &'static [&'static str],
    /// The media types of its successful answers.
    pub produces: &'static [&'static str],
    /// The facts that the gateway needs to translate its JSON bodies; `None` if a standard fixes
    /// their form.
    pub shape: Option<Shape>,
    /// Who reads its query parameters.
    pub query: Query,
    /// Whether it needs `If-Match` (428 without).
    pub if_match: bool,
    /// `Cache-Control` of its answers, if a client may reuse an answer for a time without a new
    /// request.
    pub cache: Option<&'static str>,
    /// Its parameters in path, query and headers.
    pub parameters: &'static [Parameter],
    /// Its body; `None` when it takes none.
    pub body: Option<Body>,
}

/// What limits the rate of an operation: a row of the contract's `x-limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The class: its operations share a bucket.
    pub class: &'static str,
    /// Units that come back each minute.
    pub per_minute: u32,
    /// Units of a full bucket.
    pub burst: u32,
    /// Units that a request takes.
    pub cost: u32,
}

/// A type of events: a row of the registry in openapi/events.yaml.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventType {
    /// Its public name: `project.created` (K-61).
    pub name: &'static str,
    /// The version of the schema that the data of new events has.
    pub version: u32,
    /// Its name in logs, if it has one: `INGESTED`.
    pub log_code: Option<&'static str>,
    /// Whether it is about endpoints and deliveries themselves. The pattern `*` of an endpoint does
    /// not take such events. Otherwise each failed delivery would make an event whose delivery
    /// fails as well.
    pub operational: bool,
}

impl EventType {
    /// Whether a pattern of a client selects this type. The pattern is a public name, the beginning
    /// of names (`project.*`), a log code, or `*` for all types. Case does not matter (K-7, K-61).
    pub fn matches_pattern(&self, pattern: &str) -> bool {
        let is = |name: &str| name.eq_ignore_ascii_case(pattern);
        let begins = |start: &str| {
            self.name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start))
        };
        match pattern.strip_suffix('*') {
            Some(start) => start.is_empty() || (start.ends_with('.') && begins(start)),
            None => is(self.name) || self.log_code.is_some_and(is),
        }
    }
}

/// Who reads the query parameters of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// The contract declares each of them; any other is refused.
    Declared,
    /// They ask for a page of a resource: `kit::list` reads every spelling (K-23…31).
    List,
    /// They ask for a part of a feed: `kit::list::Feed` reads filters in every spelling.
    Feed,
    /// They choose the members that are shown of one object: `fields` and `expand`.
    Object,
}

/// The facts that the gateway needs to translate the JSON bodies of an operation (`wit/route.wit`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The collection and resource type; empty if the answer is not a resource.
    pub collection: &'static str,
    /// Whether one object is read at `/{collection}/{id}`.
    pub is_addressed: bool,
    /// Whether the answer is a page.
    pub is_page: bool,
    /// Whether pages may be asked for by number.
    pub is_numbered: bool,
    /// Paths of members with enumerated values.
    pub enums: &'static [&'static str],
    /// Paths of members whose names are data.
    pub maps: &'static [&'static str],
    /// Members that name other objects.
    pub relations: &'static [Relation],
}

/// A member that holds ids of other objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relation {
    /// The name of the relation: `owner`.
    pub name: &'static str,
    /// The member: `owner_id`.
    pub member: &'static str,
    /// The collection of the related objects: `users`.
    pub collection: &'static str,
    /// Whether the member is a list.
    pub many: bool,
}

/// A parameter. Its value arrives as text, and the schema describes the value that the text spells.
/// An array is spelled as a list with commas (`style: form`, `explode: false`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name; a header name is in lower case.
    pub name: &'static str,
    /// Where it is found.
    pub location: Location,
    /// Whether the request must carry it.
    pub required: bool,
    /// What its value must be.
    pub schema: &'static Schema,
}

/// A request body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Body {
    /// Whether the request must carry it.
    pub required: bool,
    /// Whether `kit::validate` checks it as JSON. `x-validate: false` in the contract leaves the
    /// check to the handler. Forms with errors of their own (RFC 6749) use it.
    pub validate: bool,
    /// What the JSON must be.
    pub schema: &'static Schema,
}

impl From<&Operation> for message::Operation {
    fn from(it: &Operation) -> Self {
        let limit = message::Limit {
            class: it.limit.class.to_owned(),
            per_minute: it.limit.per_minute,
            burst: it.limit.burst,
            cost: it.limit.cost,
        };
        let headers = it.parameters.iter().filter(|one| one.location == Location::Header);
        let headers = headers.map(|one| one.name.to_owned());
        Self {
            id: it.id.to_owned(),
            method: it.method.to_owned(),
            path: it.path.to_owned(),
            version: it.version,
            public: it.public,
            scopes: owned(it.scopes),
            limit,
            idempotency: it.idempotency,
            headers: headers.collect(),
            consumes: owned(it.consumes),
            body_required: it.body.as_ref().is_some_and(|body| body.required),
            produces: owned(it.produces),
            shape: it.shape.map(message::Shape::from),
        }
    }
}

impl From<Shape> for message::Shape {
    fn from(it: Shape) -> Self {
        let relation = |relation: &Relation| message::Relation {
            name: relation.name.to_owned(),
            member: relation.member.to_owned(),
            collection: relation.collection.to_owned(),
            many: relation.many,
        };
        Self {
            collection: it.collection.to_owned(),
            is_addressed: it.is_addressed,
            is_page: it.is_page,
            is_numbered: it.is_numbered,
            enums: owned(it.enums),
            maps: owned(it.maps),
            relations: it.relations.iter().map(relation).collect(),
        }
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|&item| item.to_owned()).collect()
}
