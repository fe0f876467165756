//! Spin's runtime-config file. It says where the stores and databases behind labels really are, how
//! many connections to PostgreSQL there may be, and which networks no guest reaches.
//!
//! Without a file there is one store and one database in the data directory, as in Spin. Both have
//! the label `default`. To add a kind of backend, add a case here and a file in `store/` or
//! `sqlite/`.

use crate::config::addresses::Blocked;
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The contents of the file, with defaults filled in.
pub(crate) struct RuntimeConfig {
    /// Label to key-value store.
    pub(crate) key_value_stores: BTreeMap<String, StoreLocation>,
    /// Label to file of a SQLite database.
    pub(crate) sqlite_databases: BTreeMap<String, PathBuf>,
    /// The largest number of connections to one PostgreSQL address.
    pub(crate) postgres_connections: Option<NonZeroUsize>,
    /// Networks that no HTTP request of a guest may reach, whatever the manifest grants.
    pub(crate) blocked: Blocked,
}

/// Where a key-value store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreLocation {
    /// In this file, which only this server uses.
    File(PathBuf),
    /// In a Redis that several servers may use.
    Redis {
        /// The URL. It has credentials, so it must not appear in messages.
        url: String,
        /// A prefix of every key, so that other services may use the same database. Spin has no
        /// such prefix and uses keys unchanged.
        prefix: String,
    },
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key_value_store: BTreeMap<String, Backend>,
    #[serde(default)]
    sqlite_database: BTreeMap<String, Backend>,
    #[serde(default)]
    outbound_networking: OutboundNetworking,
    #[serde(default)]
    outbound_pg: OutboundPg,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundNetworking {
    #[serde(default)]
    block_networks: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboundPg {
    max_connections: Option<NonZeroUsize>,
}

#[derive(Deserialize)]
struct Backend {
    #[serde(rename = "type")]
    kind: String,
    #[serde(flatten)]
    fields: BTreeMap<String, String>,
}

impl RuntimeConfig {
    /// Reads `file`, if there is one. Defaults for what it does not set are in `data`.
    pub(crate) fn read(file: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let mut config = Self {
            key_value_stores: BTreeMap::new(),
            sqlite_databases: BTreeMap::new(),
            postgres_connections: None,
            blocked: Blocked::default(),
        };
        if let Some(path) = file {
            let parsed =
                crate::config::toml_file::read(path, "the runtime config (--runtime-config)")?;
            let base = path.parent().unwrap_or(Path::new("."));
            config.fill(parsed, base, data).with_context(|| path.display().to_string())?;
        }
        let default = || "default".to_owned();
        let file = || StoreLocation::File(data.join("key_value.db"));
        config.key_value_stores.entry(default()).or_insert_with(file);
        config.sqlite_databases.entry(default()).or_insert_with(|| data.join("sqlite.db"));
        Ok(config)
    }

    /// The SQLite file of the label `default`, which the functions use.
    pub(crate) fn default_database(&self) -> anyhow::Result<&Path> {
        let file = self.sqlite_databases.get("default").map(PathBuf::as_path);
        file.context("[sqlite_database.default] leads nowhere")
    }

    /// The files of all embedded key-value stores.
    pub(crate) fn key_value_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.key_value_stores.values().filter_map(|place| match place {
            StoreLocation::File(path) => Some(path),
            StoreLocation::Redis { .. } => None,
        })
    }

    fn fill(&mut self, file: File, base: &Path, data: &Path) -> anyhow::Result<()> {
        self.postgres_connections = file.outbound_pg.max_connections;
        self.blocked = Blocked::parse(&file.outbound_networking.block_networks)
            .context("[outbound_networking] block_networks")?;
        for (label, mut backend) in file.key_value_store {
            let key = format!("[key_value_store.{label}]");
            let place = match backend.kind.as_str() {
                "spin" => {
                    let default = || data.join(format!("key_value_{label}.db"));
                    StoreLocation::File(
                        backend.take("path").map_or_else(default, |path| base.join(path)),
                    )
                }
                "redis" => StoreLocation::Redis {
                    url: backend.take("url").with_context(|| {
                        format!(
                            "{key} needs url = \"redis://[user:password@]host[:port][/database]\""
                        )
                    })?,
                    prefix: backend.take("prefix").unwrap_or_default(),
                },
                other => anyhow::bail!(
                    "{key} type {other:?} is unknown; there are \"spin\" and \"redis\""
                ),
            };
            backend.finish(&key)?;
            self.key_value_stores.insert(label, place);
        }
        for (label, mut backend) in file.sqlite_database {
            let key = format!("[sqlite_database.{label}]");
            if backend.kind != "spin" {
                anyhow::bail!(
                    "{key} type {:?} is unknown; there is \"spin\", and PostgreSQL by the variable postgres_url",
                    backend.kind
                );
            }
            let default = || data.join(format!("sqlite_{label}.db"));
            let path = backend.take("path").map_or_else(default, |path| base.join(path));
            backend.finish(&key)?;
            self.sqlite_databases.insert(label, path);
        }
        Ok(())
    }
}

impl Backend {
    fn take(&mut self, name: &str) -> Option<String> {
        self.fields.remove(name)
    }

    /// Refuses fields that nothing has read, so that a misspelt field is not ignored.
    fn finish(&self, key: &str) -> anyhow::Result<()> {
        match self.fields.keys().next() {
            Some(name) => anyhow::bail!("{key} {name}: type {:?} has no such field", self.kind),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn connections(text: &str) -> Result<Option<usize>, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        Ok(file.outbound_pg.max_connections.map(NonZeroUsize::get))
    }

    #[test]
    fn connections_are_written_as_in_spin() {
        assert_eq!(connections(""), Ok(None));
        assert_eq!(connections("[outbound_pg]"), Ok(None));
        assert_eq!(connections("[outbound_pg]\nmax_connections = 10"), Ok(Some(10)));
        assert!(connections("[outbound_pg]\nmax_connections = 0").is_err());
        assert!(connections("[outbound_pg]\nwait_timeout = 1").is_err());
    }
}
