//! The environment of the gateway when it runs natively. It has the same stores, variables and log
//! that a component has.

use super::bindings::FunctionPre;
use super::call::Outcome;
use super::pool::Pool;
use super::stream::ByteStream;
use crate::grants::Grants;
use crate::log::Sink;
use crate::options::Limits;
use crate::state::{Maker, State};
use crate::store::KeyValue;
use crate::streams::Streams;
use anyhow::Context as _;
use gateway::limits::{Ask, Quota, Taken};
use gateway::{Body, Context, Fault, Operation, Platform, Request};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The label of the store that the gateway uses, as on Spin.
const STORE: &str = "default";
/// The path of the operation that publishes verification keys (RFC 7517).
const KEYS: &str = "/.well-known/jwks.json";

/// The function that publishes the verification keys, and the id of its operation.
pub(crate) type Keyring = Arc<OnceLock<(Weak<Function>, String)>>;

/// Work that functions do after their answers.
#[derive(Clone, Default)]
pub(crate) struct Background {
    /// Tracks all such tasks.
    pub(crate) tasks: TaskTracker,
    /// Cancelled to end open streams, which would not end by themselves.
    pub(crate) end_streams: CancellationToken,
    /// Notified when deliveries are due. The ticker waits for it.
    pub(crate) work_due: Arc<Notify>,
}

/// A function that can be called.
pub(crate) struct Function {
    pub(super) pool: Arc<Pool>,
    pub(super) limits: Limits,
    pub(super) streams: Streams,
    pub(super) log: Sink,
    pub(super) background: Background,
    operations: Vec<Operation>,
    grants: Arc<Grants>,
    store: Option<Arc<dyn KeyValue>>,
    keyring: Keyring,
}

impl Function {
    /// Makes the first instance and asks it for its operations.
    pub(crate) async fn load(
        maker: Maker,
        component: FunctionPre<State>,
        limits: &Limits,
        keyring: Keyring,
        background: Background,
    ) -> anyhow::Result<Self> {
        let (grants, log) = (maker.grants.clone(), maker.log.clone());
        let pool = Pool::new(maker, component, limits);
        let mut lease = match pool.take().await {
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
            .with_context(|| format!("component {}: describe() failed", grants.component))?;
        pool.put(lease);
        let pool = Arc::new(pool);
        pool.sweep();
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

    fn store(&self) -> Result<&dyn KeyValue, Fault> {
        self.store.as_deref().ok_or_else(|| {
            let name = self.name();
            Fault::Unavailable(format!(
                "[component.{name}] key_value_stores does not list {STORE:?}"
            ))
        })
    }
}

impl Platform for Function {
    type Stream = ByteStream;

    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }

    async fn variable(&self, name: &str) -> Option<String> {
        self.grants.variables.get(name).cloned()
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.store()?.get(key).await.map_err(Fault::Unavailable)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        self.store()?.set(key, value.to_vec()).await.map_err(Fault::Unavailable)
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.store()?.delete(key).await.map_err(Fault::Unavailable)
    }

    async fn take(&self, key: &str, quota: Quota, cost: u32) -> Result<Taken, Fault> {
        self.store()?.take(key, Ask::new(quota, cost)).await.map_err(Fault::Unavailable)
    }

    async fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        let swap = self.store()?.swap(key, expected.map(<[u8]>::to_vec), value.to_vec());
        swap.await.map_err(Fault::Unavailable)
    }

    async fn call(
        &self,
        context: Context,
        operation: &str,
        request: Request,
    ) -> Result<Outcome, Fault> {
        self.invoke(context, operation.to_owned(), request).await
    }

    async fn ask_for_keys(&self) -> Result<Vec<u8>, Fault> {
        let asked = self.keyring.get().and_then(|(function, id)| Some((function.upgrade()?, id)));
        let Some((function, operation)) = asked else {
            return Err(Fault::Unavailable("no function here publishes keys".to_owned()));
        };
        let context = Context { trace_id: "0".repeat(32), caller: None };
        match function.invoke(context, operation.clone(), Request::default()).await? {
            Ok(response) => match response.body {
                Body::Bytes(keys) if response.status == 200 => Ok(keys),
                _ => Err(Fault::Unavailable(format!("{} sent no keys", function.name()))),
            },
            Err(error) => {
                let cause = error.internal.unwrap_or(error.message);
                Err(Fault::Unavailable(format!("{} refused its keys: {cause}", function.name())))
            }
        }
    }

    fn wake(&self) {
        self.background.work_due.notify_one();
    }

    fn log(&self, line: &str) {
        self.log.line(line);
    }
}
