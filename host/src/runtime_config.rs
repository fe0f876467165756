//! Spin's runtime-config file: where the stores and databases that labels name really are,
//! and how many connections to PostgreSQL there may be.
//!
//! Without a file there is one store and one database, both called `default`, in the data
//! directory, as in Spin. A new kind of backend is one more case here and one file in
//! `store/` or `sqlite/`.

use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Where each label leads.
pub(crate) struct RuntimeConfig {
    /// Label to file of an embedded key-value store.
    pub(crate) key_value_stores: BTreeMap<String, PathBuf>,
    /// Label to file of a SQLite database.
    pub(crate) sqlite_databases: BTreeMap<String, PathBuf>,
    /// The most connections to one PostgreSQL address.
    pub(crate) postgres_connections: Option<NonZeroUsize>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key_value_store: BTreeMap<String, Backend>,
    #[serde(default)]
    sqlite_database: BTreeMap<String, Backend>,
    #[serde(default)]
    outbound_pg: OutboundPg,
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
    path: Option<PathBuf>,
    #[serde(flatten)]
    rest: BTreeMap<String, toml::Value>,
}

impl RuntimeConfig {
    /// Reads `file`, if there is one, and fills in what it leaves open from `data`.
    pub(crate) fn read(file: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let mut config = Self {
            key_value_stores: BTreeMap::new(),
            sqlite_databases: BTreeMap::new(),
            postgres_connections: None,
        };
        if let Some(path) = file {
            let parsed = crate::toml_file::read(path, "the runtime config (--runtime-config)")?;
            let base = path.parent().unwrap_or(Path::new("."));
            config.fill(parsed, base, data).with_context(|| path.display().to_string())?;
        }
        let default = || "default".to_owned();
        config.key_value_stores.entry(default()).or_insert_with(|| data.join("key_value.db"));
        config.sqlite_databases.entry(default()).or_insert_with(|| data.join("sqlite.db"));
        Ok(config)
    }

    fn fill(&mut self, file: File, base: &Path, data: &Path) -> anyhow::Result<()> {
        self.postgres_connections = file.outbound_pg.max_connections;
        for (label, backend) in file.key_value_store {
            let path = backend.file(&format!("[key_value_store.{label}]"), base)?;
            let path = path.unwrap_or_else(|| data.join(format!("key_value_{label}.db")));
            self.key_value_stores.insert(label, path);
        }
        for (label, backend) in file.sqlite_database {
            let path = backend.file(&format!("[sqlite_database.{label}]"), base)?;
            let path = path.unwrap_or_else(|| data.join(format!("sqlite_{label}.db")));
            self.sqlite_databases.insert(label, path);
        }
        Ok(())
    }
}

impl Backend {
    /// The file of a backend of type `spin`.
    fn file(self, key: &str, base: &Path) -> anyhow::Result<Option<PathBuf>> {
        if self.kind != "spin" {
            anyhow::bail!("{key} type {:?} is not supported yet; only \"spin\" is", self.kind);
        }
        if let Some(name) = self.rest.keys().next() {
            anyhow::bail!("{key} {name}: unknown; type \"spin\" has only `path`");
        }
        Ok(self.path.map(|path| base.join(path)))
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
