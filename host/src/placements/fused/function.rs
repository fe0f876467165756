//! A function and everything that calling it needs.

use super::bindings::{Function as Exports, FunctionPre};
use crate::config::options::Limits;
use crate::guest::grants::Grants;
use crate::guest::state::{State, StoreFactory};
use crate::http::streams::Streams;
use crate::placements::admission::Turn;
use crate::placements::background::Background;
use crate::placements::pool::{Linked, Pool};
use crate::stores::key_value::KeyValue;
use crate::system::log::Sink;
use anyhow::Context as _;
use gateway::{Fault, Operation};
use std::sync::{Arc, OnceLock, Weak};
use wasmtime::Store;

/// The label of the store that the gateway uses, as on Spin.
const STORE: &str = "default";
/// The path of the operation that publishes verification keys (RFC 7517).
const KEYS: &str = "/.well-known/jwks.json";

/// The function that publishes the verification keys, and the id of its operation.
pub(crate) type Keyring = Arc<OnceLock<(Weak<Function>, String)>>;

impl Linked for FunctionPre<State> {
    type Exports = Exports;
    const MAX_CALLS: usize = usize::MAX;

    async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Exports> {
        self.instantiate_async(store).await
    }
}

/// A function that can be called.
pub(crate) struct Function {
    pub(super) pool: Arc<Pool<FunctionPre<State>>>,
    pub(super) limits: Limits,
    pub(super) streams: Streams,
    pub(super) log: Sink,
    pub(super) background: Background,
    operations: Vec<Operation>,
    pub(super) grants: Arc<Grants>,
    store: Option<Arc<dyn KeyValue>>,
    pub(super) keyring: Keyring,
}

impl Function {
    /// Makes the first instance and asks it for its operations.
    pub(crate) async fn load(
        factory: StoreFactory,
        component: FunctionPre<State>,
        limits: &Limits,
        keyring: Keyring,
        background: Background,
    ) -> anyhow::Result<Self> {
        let (grants, log) = (factory.grants.clone(), factory.log.clone());
        let pool = Pool::new(factory, component, limits);
        let mut lease = match pool.take(Turn::AtOnce).await {
            Ok(lease) => lease,
            Err(Fault::Trapped(message)) => {
                anyhow::bail!("component {}: {message}", grants.component)
            }
            Err(_) => {
                anyhow::bail!("component {}: there is no room for an instance", grants.component)
            }
        };
        let instance = &mut *lease.instance;
        let route = instance.exports.tenantry_platform_route();
        let described =
            instance.store.run_concurrent(async |accessor| route.call_describe(accessor).await);
        let described = tokio::time::timeout(limits.request, described)
            .await
            .with_context(|| format!("component {}: describe() took too long", grants.component))?
            .and_then(|described| described)
            .map_err(anyhow::Error::from)
            .with_context(|| format!("component {}: describe() failed", grants.component))?
            .map_err(|why| anyhow::anyhow!("component {}: {why}", grants.component))?;
        pool.put(lease);
        Ok(Self {
            pool,
            streams: Streams::new(limits),
            limits: limits.clone(),
            log,
            background,
            operations: described.into_iter().map(gateway::Operation::from).collect(),
            store: grants.stores.get(STORE).cloned(),
            grants,
            keyring,
        })
    }

    /// The component's name.
    pub(crate) fn name(&self) -> &str {
        &self.grants.component
    }

    /// The operations that the function answers.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The id of the operation that publishes the verification keys, if this function has it.
    pub(crate) fn publishes_keys(&self) -> Option<&str> {
        let found = self.operations.iter().find(|operation| operation.path == KEYS);
        found.map(|operation| operation.id.as_str())
    }

    /// The store of the gateway.
    pub(super) fn store(&self) -> Result<&dyn KeyValue, Fault> {
        self.store.as_deref().ok_or_else(|| {
            let name = self.name();
            Fault::Unavailable(format!(
                "[component.{name}] key_value_stores does not list {STORE:?}"
            ))
        })
    }
}
