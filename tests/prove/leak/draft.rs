//! Random requests: any operation of the contract, by either tenant, about its own objects or those
//! of the other tenant.

use std::sync::LazyLock;

use http::Method;
use protocol::contract::{Location, Operation};

use super::tenant::Tenant;
use crate::support::{Client, Exchange};

/// Every operation except those of the operator, whose credential no tenant has.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let functions = openapi::functions().unwrap();
    let all = functions.iter().flat_map(|name| openapi::load(name).unwrap());
    all.filter(|operation| !operation.path.starts_with("/internal/")).collect()
});

/// The collection whose objects or pages are read at this path.
pub(super) fn collection(path: &str) -> Option<&'static str> {
    let is_there = |known: &str| known.strip_suffix("/{id}").unwrap_or(known) == path;
    let reads = OPERATIONS.iter().filter(|operation| operation.method == "GET");
    let shapes = reads.filter(|operation| is_there(operation.path)).filter_map(|it| it.shape);
    shapes.map(|shape| shape.collection).find(|collection| !collection.is_empty())
}

/// Writes that contain no text of either tenant.
const EQUAL: [(&str, &str, &str); 3] = [
    ("create-project", "/api/v1/projects", r#"{"name":"equal"}"#),
    ("create-team", "/api/v1/teams", r#"{"name":"equal"}"#),
    ("create-user", "/api/v1/users", r#"{"name":"equal","email":"equal@example.com"}"#),
];

/// A request.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) operation: &'static Operation,
    /// The index of the caller in the pair of tenants.
    pub(super) tenant: usize,
    pub(super) as_viewer: bool,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
    /// The one text in the request that belongs to the other tenant.
    pub(super) foreign: Option<String>,
    /// Whether the answer depends on that text alone.
    pub(super) comparable: bool,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whose, by) = (self.tenant, if self.as_viewer { "viewer" } else { "owner" });
        write!(f, "{} of tenant {whose}'s {by}: {}", self.operation.id, self.text())
    }
}

impl Draft {
    /// Everything that the request says, which an answer may repeat.
    pub(super) fn text(&self) -> String {
        let body = self.body.as_deref().unwrap_or_default();
        format!("{} {} {:?} {body}", self.operation.method, self.path, self.headers)
    }

    pub(super) fn asks_for_a_trap(&self) -> bool {
        self.headers.iter().any(|(_, value)| value.contains("TRAP"))
    }

    /// The same request about an object that never existed.
    pub(super) fn about(&self, other: &str) -> Self {
        let foreign = self.foreign.as_deref().unwrap();
        let body = self.body.as_ref().map(|body| body.replace(foreign, other));
        Self { path: self.path.replace(foreign, other), body, ..self.clone() }
    }

    pub(super) async fn send(&self, client: &Client) -> reqwest::Result<Exchange> {
        let method = Method::from_bytes(self.operation.method.as_bytes()).unwrap();
        let headers: Vec<_> = self.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        client.try_send(method, &self.path, &headers, self.body.clone()).await
    }
}

/// Writes one request.
pub(super) struct Writer<'a> {
    pub(super) random: &'a mut fastrand::Rng,
    pub(super) me: &'a mut Tenant,
    pub(super) other: &'a Tenant,
    pub(super) operation: &'static Operation,
    pub(super) foreign: Option<String>,
    /// Whether the request also names objects of the caller, which may have changed meanwhile.
    pub(super) mixed: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        random: &'a mut fastrand::Rng,
        me: &'a mut Tenant,
        other: &'a Tenant,
    ) -> Self {
        let all: &'static [Operation] = &OPERATIONS;
        let operation = random.choice(all).unwrap();
        Self { random, me, other, operation, foreign: None, mixed: false }
    }

    pub(super) fn write(mut self, tenant: usize) -> Draft {
        if self.random.u8(..10) == 0 {
            return self.equal(tenant);
        }
        let operation = self.operation;
        let mut path = self.path(operation);
        let mut headers = self.headers(operation);
        let body = operation.body.map(|body| {
            let media = *self.random.choice(operation.consumes).unwrap();
            headers.push(("content-type", media.to_owned()));
            match body.validate {
                true => self.body(body.schema),
                false => self.form(),
            }
        });
        if let Some(query) = self.query(operation) {
            path = format!("{path}?{query}");
        }
        // The answer to a repeated key, or to a form that names no object, does not depend on an
        // id.
        let repeats = headers.iter().any(|(name, _)| *name == "idempotency-key");
        Draft {
            operation,
            tenant,
            as_viewer: self.random.u8(..5) == 0,
            path,
            headers,
            body,
            comparable: self.foreign.is_some() && !self.mixed && !repeats,
            foreign: self.foreign,
        }
    }

    /// A request that both tenants send letter for letter, with keys that both use. Each tenant
    /// gets its own answer.
    fn equal(self, tenant: usize) -> Draft {
        let (id, path, body) = *self.random.choice(&EQUAL).unwrap();
        let headers = vec![
            ("x-request-id", self.me.mark('h')),
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", format!("equal-{}", self.random.u8(..4))),
        ];
        Draft {
            operation: OPERATIONS.iter().find(|operation| operation.id == id).unwrap(),
            tenant,
            as_viewer: false,
            path: path.to_owned(),
            headers,
            body: Some(body.to_owned()),
            foreign: None,
            comparable: false,
        }
    }

    /// The id of an object of the caller, of the other tenant, or of nobody. At most one text of a
    /// request belongs to the other tenant.
    pub(super) fn id(&mut self, collection: &str) -> String {
        if self.foreign.is_none()
            && self.random.u8(..10) < 4
            && let Some(id) = self.other.id(collection, self.random)
        {
            self.foreign = Some(id.clone());
            return id;
        }
        if self.random.u8(..8) == 0 {
            return missing(self.random);
        }
        self.mixed = true;
        self.me.id(collection, self.random).unwrap_or_else(|| missing(self.random))
    }

    fn path(&mut self, operation: &Operation) -> String {
        let prefix = match operation.version {
            0 => "",
            _ => ["/api/v1", "/api/v1", "/v1"][self.random.usize(..3)],
        };
        let mut path = operation.path.to_owned();
        for variable in operation.parameters.iter().filter(|it| it.location == Location::Path) {
            let place = format!("{{{}}}", variable.name);
            let (above, _) = operation.path.split_once(&format!("/{place}")).unwrap();
            let value = match collection(above) {
                Some(collection) => self.id(collection),
                None => self.me.mark('b'),
            };
            path = path.replace(&place, &value);
        }
        format!("{prefix}{path}")
    }

    fn form(&mut self) -> String {
        let (id, secret) = (self.me.mark('b'), self.me.mark('b'));
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}")
    }
}

/// An id that no object has.
pub(super) fn missing(random: &mut fastrand::Rng) -> String {
    let letters: String = (0..22).map(|_| random.alphanumeric()).collect();
    format!("prj_{letters}")
}
