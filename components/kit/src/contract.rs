//! The operations and resources of a function, as its contract declares them. The crate `openapi`
//! compiles the OpenAPI files into constants of these types when a function is built.
//! So a function needs neither an OpenAPI parser nor a JSON Schema engine at run time.

pub use protocol::contract::*;

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
    /// The index of its column in a record. A synonym has that of the field that it repeats.
    pub column: usize,
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
    pub relation: Option<&'static RelationTarget>,
}

/// A relation to a resource.
#[derive(Debug)]
pub struct RelationTarget {
    /// Its name: `owner`.
    pub name: &'static str,
    /// The resource of the related objects.
    pub resource: &'static Resource,
    /// Whether the field holds a list of ids.
    pub many: bool,
}

/// The text that is shown in place of a value that is stored and never shown.
pub const MASK: &str = "********";

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

    /// The fields that have a column, in order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().filter(|field| field.synonym.is_none())
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        self.collection == other.collection
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
