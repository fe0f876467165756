//! Turns the manifest into components that are ready to answer requests.

use crate::config::manifest::Manifest;
use crate::config::options::Options;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::Variables;
use crate::guest::code::{Code, Compiled};
use crate::guest::engine;
use crate::guest::grants::{Backends, Grants};
use crate::guest::interfaces;
use crate::guest::memory::{Budget, ComponentMemory};
use crate::guest::outbound::OwnServer;
use crate::guest::state::{State, StoreFactory};
use crate::http::routes::{Route, RouteLine, Routes};
use crate::placements::Target;
use crate::placements::background::Background;
use crate::placements::composed::Composed;
use crate::placements::fused::bindings::FunctionPre;
use crate::placements::fused::{Function, Fused, Keyring};
use crate::preflight::databases;
use crate::preflight::keys;
use crate::preflight::settings;
use crate::server::own_calls::OwnCalls;
use crate::server::ticker;
use crate::stores::key_value::KeyValue;
use crate::stores::sqlite::Database;
use crate::system::log::Sink;
use crate::system::machine;
use crate::system::metrics::Metrics;
use anyhow::{Context as _, ensure};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use tracing::instrument::WithSubscriber as _;
use wasmtime::Engine;
use wasmtime::component::InstancePre;

/// The variable with the operator's credential.
const OPERATOR: &str = "operator_token";

/// All components of a server, and the stores and databases behind them.
pub(crate) struct App {
    /// The routes, each with the name and the target of its component.
    pub(crate) routes: Arc<Routes<(Arc<String>, Target)>>,
    /// The counters of the components and stores.
    pub(crate) metrics: Metrics,
    /// The same routes as lines of the route table, for people to read.
    pub(crate) lines: Vec<RouteLine>,
    stores: Vec<Arc<dyn KeyValue>>,
    databases: Vec<Arc<Database>>,
    background: Background,
    /// The proxies that the operator trusts.
    pub(crate) proxies: Vec<gateway::Proxy>,
    /// The calls of the runner itself.
    calls: OwnCalls,
    /// The task that calls the tick operation. It ends with the server.
    ticker: Option<AbortOnDropHandle<()>>,
}

/// A component that is not compiled yet: its code and its grants.
struct ComponentPlan {
    code: Code,
    grants: Grants,
    /// Whether it serves the tick, and so calls other functions of this server.
    serves_tick: bool,
}

impl App {
    /// Reads the manifest, composes, compiles, links and instantiates once.
    pub(crate) async fn load(
        options: &Options,
        own: OwnServer,
        log: &Sink,
    ) -> anyhow::Result<Self> {
        let manifest = Manifest::of(options)?;
        crate::system::private::folder(&options.data)
            .with_context(|| format!("--data {}: cannot be made", options.data.display()))?;
        let config = RuntimeConfig::read(options.runtime_config.as_deref(), &options.data)?;
        let mut variables = settings::read(&manifest, options)?;
        let tick_token = ticker::token(&mut variables);
        databases::check(&variables).await?;
        let proxies = proxies(&variables)?;
        keys::remember(&mut variables, &config).await?;
        let metrics = Metrics::new(variables.get(OPERATOR));
        let mut backends = Backends::new(config, options.limits.request, metrics.clone())?;
        let mut plans = Vec::new();
        let tick = manifest.routes().iter().find(|trigger| trigger.route == ticker::TICK_PATH);
        for (id, component) in manifest.components(&options.components)? {
            plans.push(ComponentPlan {
                serves_tick: tick.is_some_and(|trigger| trigger.component == id),
                code: Code {
                    id: id.to_owned(),
                    source: manifest.source(id, component)?,
                    route: manifest.route(id, component)?,
                },
                grants: backends.grant(&manifest, id, component, &variables, log)?,
            });
        }
        backends.check().await?;
        let engine = engine::new(&options.limits, plans.len())?;
        let background = Background::default();
        let targets =
            load_components(options, &engine, plans, own, log, &background, &metrics).await?;
        let mut lines = Vec::new();
        let mut routes = Vec::new();
        for trigger in manifest.routes() {
            let Some(target) = targets.get(&trigger.component) else { continue };
            let route = Route::parse(&trigger.route)
                .with_context(|| format!("{}: [[trigger.http]]", manifest.path.display()))?;
            lines.push(RouteLine {
                component: trigger.component.clone(),
                path: route.path().to_owned(),
                wildcard: route.is_wildcard(),
            });
            routes.push((route, (Arc::new(trigger.component.clone()), target.clone())));
        }
        ensure!(!routes.is_empty(), "{}: no [[trigger.http]] to serve", manifest.path.display());
        let routes = Routes::new(routes).with_context(|| manifest.path.display().to_string())?;
        let routes = Arc::new(routes);
        let calls = OwnCalls::new(routes.clone(), metrics.clone(), options.limits.request);
        let made = ticker::Calls::of(lines.iter().map(|line| line.path.as_str()));
        let made = made.filter(|_| options.ticker);
        let ticker = tick_token.zip(made).map(|(token, made)| {
            let ticker = ticker::run(made, calls.clone(), token, background.work_due.clone());
            AbortOnDropHandle::new(tokio::spawn(ticker.with_subscriber(log.dispatch())))
        });
        let (stores, databases) = (backends.stores(), backends.databases());
        Ok(Self { routes, metrics, lines, stores, databases, background, proxies, calls, ticker })
    }

    /// Checks that every store and every database answers.
    pub(crate) async fn check(&self) -> Result<(), String> {
        for store in &self.stores {
            store.check().await?;
        }
        self.databases.iter().try_for_each(|database| database.check())
    }

    /// Lets the runner begin no other call, and waits for those that are under way.
    pub(crate) async fn finish_calls(&self) {
        self.calls.finish().await;
    }

    /// Waits for background work for at most `grace`, then makes all writes durable. No request may
    /// be in flight.
    pub(crate) async fn close(&self, grace: std::time::Duration) -> Result<(), String> {
        if let Some(ticker) = &self.ticker {
            ticker.abort();
        }
        self.background.end_streams.cancel();
        self.background.tasks.close();
        // Work that is still running after the grace period is not durable here. It is in SQL, as
        // rows.
        let _ = tokio::time::timeout(grace, self.background.tasks.wait()).await;
        for store in &self.stores {
            store.close().await?;
        }
        Ok(())
    }
}

/// Reads the variable `trusted_proxies`.
fn proxies(variables: &Variables) -> anyhow::Result<Vec<gateway::Proxy>> {
    let text = variables.get("trusted_proxies").unwrap_or_default();
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let one = |item: &str| {
        item.parse::<gateway::Proxy>()
            .map_err(|why| anyhow::anyhow!("variable trusted_proxies: '{item}' {why}"))
    };
    items.map(one).collect()
}

async fn load_components(
    options: &Options,
    engine: &Engine,
    plans: Vec<ComponentPlan>,
    own: OwnServer,
    log: &Sink,
    background: &Background,
    metrics: &Metrics,
) -> anyhow::Result<HashMap<String, Target>> {
    let keyring = Keyring::default();
    let mut targets = HashMap::new();
    let mut functions = Vec::new();
    for (factory, component, typed) in
        compile_all(options, engine, plans, own, log, metrics).await?
    {
        let name = factory.grants.component.clone();
        if typed {
            let component = FunctionPre::new(component).map_err(anyhow::Error::from);
            let component = component.with_context(|| {
                format!(
                    "component {name}: the route component does not export this version of wit/"
                )
            })?;
            let (keyring, background) = (keyring.clone(), background.clone());
            let function =
                Function::load(factory, component, &options.limits, keyring, background).await?;
            functions.push(Arc::new(function));
        } else {
            let composed = Composed::new(factory, component, &options.limits, background.clone())?;
            targets.insert(name, Target::Composed(Arc::new(composed)));
        }
    }
    for function in &functions {
        if let Some(operation) = function.publishes_keys() {
            let _ = keyring.set((Arc::downgrade(function), operation.to_owned()));
        }
    }
    for function in functions {
        let name = function.name().to_owned();
        targets.insert(name, Target::Fused(Arc::new(Fused::new(function).await?)));
    }
    Ok(targets)
}

/// Loads the code of all components at the same time. If the flag in the result is true, then the
/// component is called by its typed export.
async fn compile_all(
    options: &Options,
    engine: &Engine,
    plans: Vec<ComponentPlan>,
    own: OwnServer,
    log: &Sink,
    metrics: &Metrics,
) -> anyhow::Result<Vec<(StoreFactory, InstancePre<State>, bool)>> {
    let linker = Arc::new(interfaces::linker(engine)?);
    // A compiler uses all cores for a part of its time, and a lot of memory.
    let compilers = Arc::new(Semaphore::new(machine::cores()));
    let budget = Arc::new(Budget::new(&options.limits, metrics.memory_refusals()));
    let mut tasks = Vec::new();
    for ComponentPlan { code, grants, serves_tick } in plans {
        let (linker, options, engine) = (linker.clone(), options.clone(), engine.clone());
        let own = own.clone();
        let factory = StoreFactory {
            engine: engine.clone(),
            gauge: metrics.guest_memory(&grants.component),
            grants: Arc::new(grants),
            log: log.clone(),
            memory: options.limits.memory,
            budget: budget.clone(),
            component_memory: Arc::new(ComponentMemory::new(&options.limits)),
            clock: options.clock.clone(),
            own: None,
        };
        let turn = compilers.clone().acquire_owned().await;
        tasks.push(tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let Compiled { component, typed } = code.load(&options, &engine, &factory.log)?;
            let linked = linker.instantiate_pre(&component).map_err(anyhow::Error::from);
            let linked = linked.with_context(|| {
                format!("component {} imports what this host does not have", code.id)
            })?;
            // A function behind the native gateway reaches this server only if it serves the tick.
            let own = (!typed || serves_tick).then_some(own);
            anyhow::Ok((StoreFactory { own, ..factory }, linked, typed))
        }));
    }
    let mut prepared = Vec::new();
    for task in tasks {
        prepared.push(task.await??);
    }
    Ok(prepared)
}
