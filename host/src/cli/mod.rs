//! The commands: a file each, with its arguments, its help and what it prints.

pub(crate) mod backup;
pub(crate) mod build;
pub(crate) mod bundle;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod restore;
pub(crate) mod unpack;
pub(crate) mod up;

use std::path::PathBuf;
use tenantry::{Bundle, Options};

/// What is built and served.
#[derive(clap::Args)]
pub(crate) struct Manifest {
    /// The manifest: unless given, `spin.toml` in this folder, or else what this program holds.
    #[arg(short, long, value_name = "SPIN.TOML")]
    from: Option<PathBuf>,
}

impl Manifest {
    /// The file that was named, or the one in this folder.
    fn file(&self) -> PathBuf {
        self.from.clone().unwrap_or_else(|| Options::default().manifest)
    }

    /// What this program holds, where no file is named and none is in this folder.
    fn inside(&self) -> anyhow::Result<Option<Bundle>> {
        match self.from.is_some() || self.file().exists() {
            true => Ok(None),
            false => Bundle::inside(),
        }
    }

    /// The file, for who builds.
    fn source(&self) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(
            self.inside()?.is_none(),
            "there is nothing to build: this program holds its functions ready to run; leave \
             --build out, or name the manifest of a checkout (--from)"
        );
        Ok(self.file())
    }

    /// Has a server take its functions from the file, or from this program.
    fn choose(&self, options: &mut Options) -> anyhow::Result<()> {
        options.manifest = self.file();
        options.bundle = self.inside()?;
        // Whoever has got one file wants to see something first.
        options.assume_development = options.bundle.is_some();
        anyhow::ensure!(
            options.bundle.is_some() || self.from.is_some() || options.manifest.exists(),
            "{}: is not in this folder, and this program holds no functions (a released one that \
             has none was cut short); name a manifest (--from)",
            options.manifest.display()
        );
        Ok(())
    }
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
