//! Tests on PostgreSQL and Redis, and with several hosts.

mod alike;
mod deliveries;
mod failures;
pub(crate) mod hosts;
mod limits;
mod migrate;
mod order;
mod policies;
mod portable;
mod replicas;
mod roles;
mod round_trips;
mod spin;

use std::path::{Path, PathBuf};

use crate::support::Placement;
use crate::support::process::Setting;
use crate::support::server::root;
use crate::support::stores;

/// A PostgreSQL database and a Redis that several hosts share.
pub struct Site {
    directory: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Site {
    /// A site on the servers that all tests use.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let name = stores::of(directory.path());
        Self::at(directory, &stores::url("app", &name))
    }

    /// A site on a PostgreSQL and a Redis of the test's own.
    pub async fn on(postgres: &str, redis: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let admin = stores::connect(postgres).await;
        for sql in
            ["CREATE ROLE owner LOGIN", "CREATE ROLE app LOGIN", "CREATE DATABASE site OWNER owner"]
        {
            admin.batch_execute(sql).await.unwrap();
        }
        let url = |role: &str| {
            format!("postgres://{role}@{}/site?sslmode=disable", stores::host(postgres))
        };
        host::migrate(&url("owner"), "app", |_| {}).await.unwrap();
        Self::write(&directory, redis);
        Self::at(directory, &url("app"))
    }

    /// A site on a database that has the schema, and on a Redis of the test's own.
    pub fn with(postgres: &str, redis: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::write(&directory, redis);
        Self::at(directory, postgres)
    }

    fn write(directory: &tempfile::TempDir, redis: &str) {
        let config = format!("[key_value_store.default]\ntype = \"redis\"\nurl = {redis:?}\n");
        std::fs::write(directory.path().join("runtime-config.toml"), config).unwrap();
    }

    fn at(directory: tempfile::TempDir, url: &str) -> Self {
        let variables = [("postgres_url", url), ("postgres_host", stores::host(url))];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { directory, variables: variables.to_vec() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs statements in the database.
    pub fn execute(&self, sql: &str) {
        stores::execute(self.path(), sql);
    }

    /// A host of this site, with a data directory of its own.
    pub fn host(&self, name: &str, placement: Placement) -> Setting {
        let mut setting = Setting::new(&self.path().join(name), placement);
        setting.variables.clone_from(&self.variables);
        setting.runtime_config = Some(self.path().join("runtime-config.toml"));
        setting
    }
}

/// A manifest whose functions are built with `fault-injection`. `scripts/test` builds them.
pub fn with_fault_injection(directory: &Path) -> PathBuf {
    let text = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let mut text = text.replace("target/wasm32", &format!("{}/target/wasm32", root().display()));
    for function in ["projects", "tenants", "events"] {
        let built = |folder: &str| {
            format!("{}/target/{folder}wasm32-wasip2/guest/{function}.wasm", root().display())
        };
        assert!(
            Path::new(&built("fault-injection/")).exists(),
            "scripts/test builds {}",
            built("fault-injection/")
        );
        text = text.replace(&built(""), &built("fault-injection/"));
    }
    let file = directory.join("fault-injection.toml");
    std::fs::write(&file, text).unwrap();
    file
}
