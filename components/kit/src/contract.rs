//! The operations of a function as its contract declares them.
//!
//! The crate `contract` (`openapi/`) compiles the OpenAPI files into these tables when a
//! function is built; nobody writes them by hand. They are plain constants: a function
//! needs neither an OpenAPI parser nor a JSON Schema engine at run time.

/// The operations of one function. The build implements it for the enum `Op` that it
/// generates, with one variant for each operation, so that a handler that is missing for
/// an operation of the contract does not compile.
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
    /// What it does with `Idempotency-Key`.
    pub idempotency: Idempotency,
    /// The media types that it reads; empty when it takes no body.
    pub consumes: &'static [&'static str],
    /// The media types of its successful answers.
    pub produces: &'static [&'static str],
    /// What its bodies are made of; `None` when a standard fixes their form.
    pub shape: Option<Shape>,
    /// Who reads its query parameters.
    pub query: Query,
    /// Whether it needs `If-Match` (428 without).
    pub if_match: bool,
    /// `Cache-Control` of its answers, where they may be shown for a while without asking again.
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

/// What an operation does with the header `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// It means nothing.
    Unsupported,
    /// It is honoured.
    Optional,
    /// A request without it is refused.
    Required,
}

/// Who reads the query parameters of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query {
    /// The contract declares each of them; others are refused.
    Declared,
    /// They ask for a page of a resource: `kit::list` reads every spelling (K-23…31).
    List,
    /// They ask for a part of a feed: `kit::list::Feed` reads filters in every spelling.
    Feed,
    /// They say what is shown of one object: `fields` and `expand`.
    Object,
}

/// A kind of object of a tenant, one table: what `kit::Resource` needs to know to serve it.
/// The contract declares it with `x-resource` on the schema of the object.
///
/// Its table has the columns `tenant_id` and `deleted_at` (milliseconds, null while the
/// object lives) beside one for each field that is no synonym.
#[derive(Debug)]
pub struct Resource {
    /// Collection, path segment, JSON:API type: `projects`.
    pub collection: &'static str,
    /// One of them: `project`. Event types begin with it.
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// The prefix of ids: `prj`.
    pub prefix: &'static str,
    /// The scope that reading needs.
    pub scope: &'static str,
    /// The fields, in alphabetical order, in which they are shown.
    pub fields: &'static [Field],
    /// Whether its rows are only ever added: they have no version and leave no tombstone.
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
    /// Whether it is about a person: kept out of events, audit entries and errors.
    pub personal: bool,
    /// Whether it is never shown.
    pub secret: bool,
    /// Whether the values of a map are shown as `kit::MASK`.
    pub masked: bool,
    /// Whether events and audit entries have the origin of this URL alone: what is behind it may
    /// be a credential.
    pub origin: bool,
    /// What it is when nobody says.
    pub default: Default,
    /// The field that it repeats (K-43); it has no column.
    pub synonym: Option<&'static str>,
    /// The relation that its id or ids make.
    pub relation: Option<&'static To>,
}

/// What stands for a value that is kept and not shown.
pub const MASK: &str = "********";

/// What a field is when nobody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// Null, or required when it may not be null.
    None,
    /// JSON.
    Json(&'static str),
    /// The id of the caller.
    Caller,
}

/// A relation to a resource.
#[derive(Debug)]
pub struct To {
    /// `owner`
    pub name: &'static str,
    /// The resource of the related objects.
    pub resource: &'static Resource,
    /// Whether the field holds a list of ids.
    pub many: bool,
}

/// What a field holds, and how its column does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; in NFC (K-12).
    Text,
    /// An e-mail address; in NFC and lower case.
    Email,
    /// One of these; text.
    Enum(&'static [&'static str]),
    /// An integer.
    Integer,
    /// 0 or 1.
    Boolean,
    /// Milliseconds since the Unix epoch; RFC 3339 outside.
    Timestamp,
    /// A list of strings; JSON text.
    List,
    /// An object of free names; JSON text.
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

    /// Whether its table has the column `folded`: what search compares instead of the columns
    /// themselves, of those whose text is not ASCII, as a JSON object by their names.
    pub fn folds(&self) -> bool {
        self.fields.iter().any(|field| field.search)
    }

    /// The fields that have a column, in order; the index of one is that of its value in a
    /// record.
    pub fn columns(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(|field| field.synonym.is_none())
    }
}

/// What the JSON bodies of an operation are made of (`wit/route.wit`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// The collection and resource type; empty for an answer that is no resource.
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
    /// `owner`
    pub name: &'static str,
    /// `owner_id`
    pub member: &'static str,
    /// `users`
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

/// A parameter. Its value arrives as text; the schema says what the text must spell. An
/// array is spelled as a list with commas (`style: form`, `explode: false`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name; that of a header in lower case.
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
    /// Whether it is JSON that `kit::validate` checks. A form with errors of its own
    /// (RFC 6749) is left to the handler: `x-validate: false` in the contract.
    pub validate: bool,
    /// What the JSON must be.
    pub schema: &'static Schema,
}

/// The part of JSON Schema that request schemas may use. The build refuses a schema that
/// says more than this can express, so nothing that the contract promises goes unchecked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schema {
    /// Any value.
    Any,
    /// `null`, or what the inner schema says.
    Nullable(&'static Schema),
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction that fits 64 bits with sign.
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
        /// The least length; 0 when any will do.
        min_length: usize,
        /// The greatest length.
        max_length: Option<usize>,
        /// What it must spell.
        format: Option<Format>,
        /// Whether it names something, so that a part of it must be visible (`x-visible`).
        visible: bool,
        /// The only values allowed; empty when all are.
        one_of: &'static [&'static str],
    },
    /// A list.
    Array {
        /// What each item must be.
        items: &'static Schema,
        /// The least number of items; 0 when any will do.
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
        /// What other members must be; `None` when there may be no others (a closed object).
        /// Where some are known, `Any` others are ignored, whatever they hold.
        additional: Option<&'static Schema>,
        /// The least number of members; 0 when any will do.
        min_properties: usize,
        /// Of these lists of members one must be there in full; empty when none need.
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
    /// Whether a value of it may be repeated in an error: it is neither secret nor personal.
    pub shown: bool,
    /// What it must be.
    pub schema: &'static Schema,
}

/// What a string must spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An e-mail address: shape only, whether it exists shows when a message is sent.
    Email,
    /// A date with time and offset as in RFC 3339.
    DateTime,
    /// An absolute `http` or `https` URI.
    Uri,
}
