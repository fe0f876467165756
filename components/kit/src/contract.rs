//! The operations of a function as its contract declares them.
//!
//! The crate `contract` (`openapi/`) compiles the OpenAPI files into these tables when a
//! function is built; nobody writes them by hand. They are plain constants: a function
//! needs neither an OpenAPI parser nor a JSON Schema engine at run time.

/// The operations of one function. The build generates the enum `Op`, a variant for each operation,
/// and implements this trait for it. If an operation has no handler, then it does not compile.
pub trait Operations: Copy + Eq + 'static {
    /// The name of the function.
    const FUNCTION: &'static str;

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
}

/// How an operation treats the header `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// The header has no effect.
    Unsupported,
    /// It is honoured.
    Optional,
    /// A request without it is refused.
    Required,
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

/// A kind of object of a tenant, stored in one table. `kit::Resource` serves it from this
/// description. The contract declares it with `x-resource` on the schema of the object.
///
/// The table has the columns `tenant_id` and `deleted_at` (milliseconds; null while the object
/// lives), and one column for each field that is not a synonym.
#[derive(Debug)]
pub struct Resource {
    /// The name of the collection, of the path segment and of the JSON:API type: `projects`.
    pub collection: &'static str,
    /// The name of one object: `project`. The event types begin with it.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The prefix of ids: `prj`.
    pub prefix: &'static str,
    /// The scope that reading needs.
    pub scope: &'static str,
    /// The fields in alphabetical order. They are shown in this order.
    pub fields: &'static [Field],
    /// Whether rows are only added. Such rows have no version and leave no tombstone.
    pub append_only: bool,
    /// The operations that change `status`: `POST /{collection}/{id}/{action}`.
    pub transitions: &'static [Transition],
}

/// A field of a resource.
#[derive(Debug)]
pub struct Field {
    /// Its name, which is also that of its column.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether a client may write it.
    pub writable: bool,
    /// Whether lists may be filtered by it.
    pub filter: bool,
    /// Whether lists may be sorted by it: there is an index `(tenant_id, field, id)`.
    pub sort: bool,
    /// Whether `search` looks into it.
    pub search: bool,
    /// Whether it is about a person. Such a field is kept out of events, audit entries and errors.
    pub personal: bool,
    /// Whether it is never shown.
    pub secret: bool,
    /// Whether the values of a map are shown as `kit::MASK`.
    pub masked: bool,
    /// Whether events and audit entries show only the origin of this URL. The rest of the URL may
    /// be a credential.
    pub origin: bool,
    /// The value if the client gives none.
    pub default: Default,
    /// The field whose value it repeats (K-43). A synonym has no column.
    pub synonym: Option<&'static str>,
    /// The relation that the id or ids in it describe.
    pub relation: Option<&'static To>,
}

/// The text that is shown in place of a value that is stored and never shown.
pub const MASK: &str = "********";

/// The value of a field if the client gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Null; if the field may not be null, then the client must give it.
    None,
    /// A value, written in JSON.
    Json(&'static str),
    /// The id of the caller.
    Caller,
}

/// A relation to a resource.
#[derive(Debug)]
pub struct To {
    /// Its name: `owner`.
    pub name: &'static str,
    /// The resource of the related objects.
    pub resource: &'static Resource,
    /// Whether the field holds a list of ids.
    pub many: bool,
}

/// The type of a field's value, and how its column stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; in NFC (K-12).
    Text,
    /// An e-mail address; in NFC and lower case.
    Email,
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// An integer.
    Integer,
    /// A truth value, stored as 0 or 1.
    Boolean,
    /// A time, stored in milliseconds since the Unix epoch; RFC 3339 outside.
    Timestamp,
    /// A list of strings, stored as JSON text.
    List,
    /// An object with names of the client's choice, stored as JSON text.
    Map,
}

/// A change of `status` by an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The last segment of its path: `archive`.
    pub action: &'static str,
    /// The states that it starts from.
    pub from: &'static [&'static str],
    /// The state that it ends in.
    pub to: &'static str,
    /// The type of its event: `project.archived`.
    pub event: &'static str,
}

impl Resource {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether its table has the column `folded`. Search compares this column in place of the text
    /// columns. It is a JSON object: for each column whose text is not ASCII, the folded text under
    /// the name of the column.
    pub fn folds(&self) -> bool {
        self.fields.iter().any(|field| field.search)
    }

    /// The fields that have a column, in order. The value of a field has the same index in a
    /// record.
    pub fn columns(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(|field| field.synonym.is_none())
    }
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

/// Where a parameter is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A variable of the path template.
    Path,
    /// A query parameter.
    Query,
    /// A request header.
    Header,
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

/// The part of JSON Schema that request schemas may use. The build refuses a schema that uses more,
/// so every promise of the contract is checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schema {
    /// Any value.
    Any,
    /// `null`, or a value of the inner schema.
    Nullable(&'static Schema),
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction that fits into 64 bits with sign.
    Integer {
        /// The least value.
        min: Option<i64>,
        /// The greatest value.
        max: Option<i64>,
    },
    /// A number.
    Number {
        /// The least value.
        min: Option<f64>,
        /// The greatest value.
        max: Option<f64>,
    },
    /// A string. Lengths count Unicode scalar values.
    String {
        /// The least length; 0 allows any.
        min_length: usize,
        /// The greatest length.
        max_length: Option<usize>,
        /// The format of the text.
        format: Option<Format>,
        /// Whether it is a name, so that at least one character must be visible (`x-visible`).
        visible: bool,
        /// The only values allowed; empty if every value is allowed.
        one_of: &'static [&'static str],
    },
    /// A list.
    Array {
        /// What each item must be.
        items: &'static Schema,
        /// The least number of items; 0 allows any.
        min_items: usize,
        /// The greatest number of items.
        max_items: Option<usize>,
        /// Whether no two items may be equal.
        unique: bool,
    },
    /// An object.
    Object {
        /// The members it knows.
        properties: &'static [Property],
        /// The schema of all other members; `None` if there may be no others (a closed object).
        /// `Any` beside known members ignores the others.
        additional: Option<&'static Schema>,
        /// The least number of members; 0 allows any.
        min_properties: usize,
        /// At least one of these lists of members must be there in full; empty if none is needed.
        any_of: &'static [&'static [&'static str]],
    },
}

/// A member of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Whether an error may repeat its value: it is neither secret nor personal.
    pub shown: bool,
    /// What it must be.
    pub schema: &'static Schema,
}

/// The format of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An e-mail address, of which only the shape is checked.
    Email,
    /// A date with time and offset as in RFC 3339.
    DateTime,
    /// An absolute `http` or `https` URI.
    Uri,
}
