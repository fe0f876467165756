//! The counters of a server, in the text format of OpenMetrics 1.0, which Prometheus reads. Only
//! who has the operator's credential gets them (K-45). If no credential is set, then nobody gets
//! them.

use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;

/// Labels of an answer: the component and the status.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    component: Arc<String>,
    status: u16,
}

/// Label of a key-value store.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Store {
    store: String,
}

/// Label of a component.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Guest {
    component: String,
}

/// The counters of one server.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    requests: Family<Answered, Counter>,
    store_failures: Family<Store, Counter>,
    guest_memory: Family<Guest, Gauge>,
    memory_refusals: Counter,
    registry: Arc<Registry>,
    token: Option<String>,
}

impl Metrics {
    /// All counters start at 0. `token` is the operator's credential; an empty one counts as none.
    pub(crate) fn new(token: Option<&str>) -> Self {
        let (requests, store_failures) = (Family::default(), Family::default());
        let (guest_memory, memory_refusals) = (Family::default(), Counter::default());
        let mut registry = Registry::with_prefix("tenantry");
        registry.register(
            "http_requests",
            "Requests by the component that answered and the status",
            requests.clone(),
        );
        registry.register(
            "key_value_failures",
            "Operations that a key-value store failed to do; rate limits are then counted by each \
             process alone, or the request is refused (limit_fail_closed)",
            store_failures.clone(),
        );
        registry.register_with_unit(
            "guest_memory",
            "Linear memory of all instances of a component, including idle ones",
            Unit::Bytes,
            guest_memory.clone(),
        );
        registry.register(
            "guest_memory_refusals",
            "How often an instance was refused memory because others had it; most are sign-ins, \
             which are then answered with 503",
            memory_refusals.clone(),
        );
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        let registry = Arc::new(registry);
        Self { requests, store_failures, guest_memory, memory_refusals, registry, token }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, component: Arc<String>, status: StatusCode) {
        let of = Answered { component, status: status.as_u16() };
        self.requests.get_or_create(&of).inc();
    }

    /// The counter of failed operations of a key-value store.
    pub(crate) fn store_failures(&self, label: &str) -> Counter {
        self.store_failures.get_or_create(&Store { store: label.to_owned() }).clone()
    }

    /// The linear memory of all instances of this component, in bytes.
    pub(crate) fn guest_memory(&self, component: &str) -> Gauge {
        self.guest_memory.get_or_create(&Guest { component: component.to_owned() }).clone()
    }

    /// The counter of refusals of memory to instances because other instances have it.
    pub(crate) fn memory_refusals(&self) -> Counter {
        self.memory_refusals.clone()
    }

    /// Whether this value of the header `Authorization` has the operator's credential.
    pub(crate) fn allows(&self, authorization: Option<&str>) -> bool {
        let given = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let given = given.unwrap_or_default();
        let known = self.token.as_ref();
        known.is_some_and(|token| token.as_bytes().ct_eq(given.as_bytes()).into())
    }

    /// All counters in the text format of OpenMetrics 1.0.
    pub(crate) fn text(&self) -> String {
        let mut written = String::new();
        // Writing into a string cannot fail.
        let _ = text::encode(&mut written, &self.registry);
        written
    }
}
