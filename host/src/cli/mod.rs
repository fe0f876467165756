//! The commands: a file each, with its arguments, its help and what it prints.

pub(crate) mod backup;
pub(crate) mod build;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod restore;
pub(crate) mod up;

use std::path::PathBuf;

/// What is built and served.
#[derive(clap::Args)]
pub(crate) struct Manifest {
    /// The manifest.
    #[arg(short, long, default_value = "spin.toml", value_name = "SPIN.TOML")]
    pub(crate) from: PathBuf,
}

/// Where data is, for every command that touches it.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Where databases, key-value data and caches are kept.
    #[arg(long, default_value = ".tenantry", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// A Spin runtime-config file (TOML): other places for stores and databases.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime_config: Option<PathBuf>,
}

/// Which of the two stores, for commands that know both. A variable of the environment never
/// decides it.
#[derive(clap::Args)]
pub(crate) struct Where {
    #[command(flatten)]
    place: Place,
    /// PostgreSQL instead of the embedded store, as the role that owns the tables.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "runtime_config"])]
    database_url: Option<String>,
}

impl Where {
    fn store(self) -> tenantry::Store {
        let Place { data, runtime_config } = self.place;
        match self.database_url {
            Some(url) => tenantry::Store::Postgres(url),
            None => tenantry::Store::Embedded { data, runtime_config },
        }
    }
}

/// Told what takes long.
fn progress(line: &str) {
    eprintln!("{line}");
}

/// A size for people.
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Runs what waits for the network.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
