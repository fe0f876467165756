//! What one component may reach. It may reach nothing that `spin.toml` does not list.

use crate::config::hosts::AllowedHosts;
use crate::config::manifest::{Component, Manifest};
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::Variables;
use crate::guest::outbound::Clients;
use crate::stores::key_value::KeyValue;
use crate::stores::postgres::Pools;
use crate::stores::sqlite::Database;
use crate::system::metrics::Metrics;
use crate::system::tls::system_roots;
use anyhow::Context as _;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// The grants of one component.
pub(crate) struct Grants {
    /// The component's name, for messages.
    pub(crate) component: String,
    /// Its variables.
    pub(crate) variables: HashMap<String, String>,
    /// Key-value stores that it may open, by label.
    pub(crate) stores: HashMap<String, Arc<dyn KeyValue>>,
    /// Databases that it may open, by label.
    pub(crate) databases: HashMap<String, Arc<Database>>,
    /// Hosts that it may send requests to, and open connections to.
    pub(crate) hosts: AllowedHosts,
    /// The pools of the databases that it may open by address, if `hosts` allows the address.
    pub(crate) postgres: Arc<Pools>,
    /// The HTTP clients that send its requests, if `hosts` allows the destination.
    pub(crate) clients: Arc<Clients>,
}

/// The stores and databases of the server. Each is opened when the first component needs it.
pub(crate) struct Backends {
    config: RuntimeConfig,
    statement_time: Duration,
    metrics: Metrics,
    stores: BTreeMap<String, Arc<dyn KeyValue>>,
    databases: BTreeMap<String, Arc<Database>>,
    postgres: Arc<Pools>,
    clients: Arc<Clients>,
}

impl Backends {
    /// Opens nothing yet. `statement_time` bounds one SQL statement. Must be called in the runtime
    /// that serves the guests.
    pub(crate) fn new(
        config: RuntimeConfig,
        statement_time: Duration,
        metrics: Metrics,
    ) -> anyhow::Result<Self> {
        let postgres = Arc::new(Pools::new(config.postgres_connections, statement_time));
        let clients = Arc::new(Clients::new(config.blocked.clone(), system_roots())?);
        let (stores, databases) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { config, statement_time, metrics, stores, databases, postgres, clients })
    }

    /// All key-value stores that are open.
    pub(crate) fn stores(&self) -> Vec<Arc<dyn KeyValue>> {
        self.stores.values().cloned().collect()
    }

    /// All databases that are open.
    pub(crate) fn databases(&self) -> Vec<Arc<Database>> {
        self.databases.values().cloned().collect()
    }

    /// Fails if a key-value store does not answer, because nothing that needs the store would work.
    pub(crate) async fn check(&self) -> anyhow::Result<()> {
        for (label, store) in &self.stores {
            store.check().await.map_err(|why| {
                anyhow::anyhow!("[key_value_store.{label}]: {why}; is the server running there?")
            })?;
        }
        Ok(())
    }

    /// Makes the grants of a component from the manifest.
    pub(crate) fn grant(
        &mut self,
        manifest: &Manifest,
        id: &str,
        component: &Component,
        variables: &Variables,
        log: &crate::system::log::Sink,
    ) -> anyhow::Result<Grants> {
        let key = |name: &str| format!("{}: [component.{id}] {name}", manifest.path.display());
        let mut grants = Grants {
            component: id.to_owned(),
            variables: HashMap::new(),
            stores: HashMap::new(),
            databases: HashMap::new(),
            hosts: AllowedHosts::default(),
            postgres: self.postgres.clone(),
            clients: self.clients.clone(),
        };
        for (name, template) in &component.variables {
            let value =
                variables.expand(template).with_context(|| key(&format!("variables.{name}")))?;
            grants.variables.insert(name.clone(), value);
        }
        let expand = |entry: &String| variables.expand(entry);
        let hosts =
            component.allowed_outbound_hosts.iter().map(expand).collect::<Result<Vec<_>, _>>();
        grants.hosts = hosts
            .and_then(|hosts| AllowedHosts::parse(&hosts))
            .with_context(|| key("allowed_outbound_hosts"))?;
        for label in &component.key_value_stores {
            let store = self.store(label, log).with_context(|| key("key_value_stores"))?;
            grants.stores.insert(label.clone(), store);
        }
        for label in &component.sqlite_databases {
            let database = self.database(label).with_context(|| key("sqlite_databases"))?;
            grants.databases.insert(label.clone(), database);
        }
        Ok(grants)
    }

    fn store(
        &mut self,
        label: &str,
        log: &crate::system::log::Sink,
    ) -> anyhow::Result<Arc<dyn KeyValue>> {
        if let Some(store) = self.stores.get(label) {
            return Ok(store.clone());
        }
        let path = self.config.key_value_stores.get(label).with_context(|| {
            format!(
                "{label:?} is not configured; add [key_value_store.{label}] to the runtime config"
            )
        })?;
        let failures = self.metrics.store_failures(label);
        let store = crate::stores::key_value::open(path, log.clone(), failures)?;
        self.stores.insert(label.to_owned(), store.clone());
        Ok(store)
    }

    fn database(&mut self, label: &str) -> anyhow::Result<Arc<Database>> {
        if let Some(database) = self.databases.get(label) {
            return Ok(database.clone());
        }
        let path = self.config.sqlite_databases.get(label).with_context(|| {
            format!(
                "{label:?} is not configured; add [sqlite_database.{label}] to the runtime config"
            )
        })?;
        // A guest with two databases could wait for its own commit (`Database::open`).
        let groups = self.config.sqlite_databases.len() == 1;
        let database = Arc::new(Database::open(path, self.statement_time, groups)?);
        self.databases.insert(label.to_owned(), database.clone());
        Ok(database)
    }
}
