//! Requests: any operation of the contract, of either tenant, about its own objects or those
//! of the other one.

use std::sync::LazyLock;

use contract::contract::{Location, Operation, Query};
use http::Method;

use super::tenant::Tenant;
use crate::support::{Client, Exchange};

/// Every operation but that of the operator, whose credential no tenant has.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let functions = contract::functions().unwrap();
    let all = functions.iter().flat_map(|name| contract::load(name).unwrap());
    all.filter(|operation| operation.id != "tick").collect()
});

const ACCEPT: [&str; 8] = [
    "application/json",
    "application/vnd.api+json",
    "application/json;profile=\"envelope\"",
    "application/json;profile=\"camel\"",
    "application/vnd.tenantry.v1+json",
    "application/problem+json, application/json",
    "text/html, */*;q=0.1",
    "image/png",
];

/// A request.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) operation: &'static Operation,
    /// The caller's place among the tenants.
    pub(super) tenant: usize,
    pub(super) as_viewer: bool,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
    /// The one text in it that is the other tenant's.
    pub(super) foreign: Option<String>,
    /// Whether what is answered rests on that text alone.
    pub(super) comparable: bool,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whose, by) = (self.tenant, if self.as_viewer { "viewer" } else { "owner" });
        write!(f, "{} of tenant {whose}'s {by}: {}", self.operation.id, self.text())
    }
}

impl Draft {
    /// Everything that it says, which an answer may repeat.
    pub(super) fn text(&self) -> String {
        let body = self.body.as_deref().unwrap_or_default();
        format!("{} {} {:?} {body}", self.operation.method, self.path, self.headers)
    }

    pub(super) fn asks_for_a_trap(&self) -> bool {
        self.headers.iter().any(|(_, value)| value.contains("TRAP"))
    }

    /// The same about something that never existed.
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
    pub(super) operation: &'static str,
    pub(super) foreign: Option<String>,
    /// Objects of the caller take part too, and may have changed meanwhile.
    mixed: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        random: &'a mut fastrand::Rng,
        me: &'a mut Tenant,
        other: &'a Tenant,
    ) -> Self {
        Self { random, me, other, operation: "", foreign: None, mixed: false }
    }

    pub(super) fn write(mut self, tenant: usize) -> Draft {
        let all: &'static [Operation] = &OPERATIONS;
        let operation = self.random.choice(all).unwrap();
        self.operation = operation.id;
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
        // An answer to a repeated key, or to a form that names nobody, tells nothing of an id.
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

    /// The id of an object: of the caller, of the other tenant, or of none. At most one text of
    /// a request is the other's.
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
            let collection = path.split('/').nth(1).unwrap_or_default().to_owned();
            let value = match variable.name {
                "id" => self.id(&collection),
                _ => self.me.mark('b'),
            };
            path = path.replace(&format!("{{{}}}", variable.name), &value);
        }
        format!("{prefix}{path}")
    }

    fn headers(&mut self, operation: &Operation) -> Vec<(&'static str, String)> {
        let mut headers = vec![("x-request-id", self.me.mark('h'))];
        let mut at_times = |one_in: u8| self.random.u8(..one_in) == 0;
        let (correlation, trace, key) = (at_times(3), at_times(2), at_times(3));
        let (accept, if_match, if_none_match) = (at_times(2), at_times(6), at_times(6));
        if correlation {
            headers.push(("x-correlation-id", self.me.mark('h')));
        }
        if trace {
            let trace = self.me.trace(self.random);
            headers.push(("traceparent", format!("00-{trace}-00f067aa0ba902b7-01")));
        }
        if key && operation.idempotent {
            headers.push(("idempotency-key", self.key()));
        }
        if accept {
            headers.push(("accept", (*self.random.choice(&ACCEPT).unwrap()).to_owned()));
        }
        let tag = ["*", "\"v1\"", "\"v2\"", "W/\"v1\"", "\"none\""][self.random.usize(..5)];
        if operation.if_match || if_match {
            headers.push(("if-match", tag.to_owned()));
        } else if if_none_match && operation.method == "GET" {
            headers.push(("if-none-match", tag.to_owned()));
        }
        headers
    }

    /// A new key, one that was used before, one of the other tenant, or one that both know.
    fn key(&mut self) -> String {
        let known = match self.random.u8(..4) {
            0 => None,
            1 => self.random.choice(&self.me.keys).cloned(),
            2 => self.random.choice(&self.other.keys).cloned(),
            _ => Some(format!("shared-{}", self.random.u8(..8))),
        };
        known.unwrap_or_else(|| {
            let key = self.me.mark('b');
            self.me.keys.push(key.clone());
            key
        })
    }

    fn form(&mut self) -> String {
        let (id, secret) = (self.me.mark('b'), self.me.mark('b'));
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}")
    }

    fn query(&mut self, operation: &Operation) -> Option<String> {
        if self.random.u8(..3) == 0 || operation.method != "GET" {
            return None;
        }
        let list = operation.query == Query::List || operation.id == "list-events";
        match self.random.u8(..9) {
            _ if !list && operation.query != Query::Object => None,
            0 => Some("fields=id,name&expand=owner".to_owned()),
            _ if !list => Some("fields=id,name".to_owned()),
            1 => Some("sort=created_at:desc&limit=2".to_owned()),
            2 => Some("page[limit]=3&include=owner,manager,lead,teams".to_owned()),
            3 => Some("page=1&per_page=2".to_owned()),
            4..7 => Some(self.cursor()),
            which => Some(self.filter(which == 8)),
        }
    }

    /// Asks for what one of the two tenants has written.
    fn filter(&mut self, foreign: bool) -> String {
        let text = match foreign {
            true => self.other.written(self.random),
            false => self.me.written(self.random),
        };
        self.mixed |= !foreign;
        self.foreign = foreign.then(|| text.clone());
        let spelling = ["name=", "search=", "filter[name]=", "name:in=", "unknown="];
        format!("{}{text}", self.random.choice(spelling).unwrap())
    }

    /// A cursor of one of the two tenants.
    fn cursor(&mut self) -> String {
        let foreign = self.random.bool();
        let whose = if foreign { self.other } else { &*self.me };
        let cursor = whose.cursor(self.random);
        // A cursor of nobody is refused, and so is one of the other tenant.
        self.foreign = cursor.clone().filter(|_| foreign);
        self.mixed |= self.foreign.is_none();
        let name = if self.random.bool() { "cursor" } else { "page[after]" };
        format!("{name}={}&limit=2", cursor.unwrap_or_default())
    }
}

/// The id of nothing.
pub(super) fn missing(random: &mut fastrand::Rng) -> String {
    let letters: String = (0..22).map(|_| random.alphanumeric()).collect();
    format!("prj_{letters}")
}
