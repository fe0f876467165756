//! The commands. Each has a file, with its arguments, its help and its output.

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

use host::{Bundle, Options};
use std::path::PathBuf;

/// The functions to build and serve.
#[derive(clap::Args)]
pub(crate) struct Manifest {
    /// The manifest. Default: spin.toml in this folder, or that of this program.
    #[arg(short, long, value_name = "SPIN.TOML")]
    from: Option<PathBuf>,
}

impl Manifest {
    /// The file that the user named, or the one in this folder.
    fn file(&self) -> PathBuf {
        self.from.clone().unwrap_or_else(|| Options::default().manifest)
    }

    /// The bundle in this program, if the user named no file and this folder has none.
    fn inside(&self) -> anyhow::Result<Option<Bundle>> {
        match self.from.is_some() || self.file().exists() {
            true => Ok(None),
            false => Bundle::inside(),
        }
    }

    /// The file, for commands that build.
    fn source(&self) -> anyhow::Result<PathBuf> {
        anyhow::ensure!(
            self.inside()?.is_none(),
            "there is nothing to build: this program holds its functions ready to run; leave \
             --build out, or name the manifest of a checkout (--from)"
        );
        Ok(self.file())
    }

    /// Makes a server take its functions from the file, or from this program.
    fn choose(&self, options: &mut Options) -> anyhow::Result<()> {
        options.manifest = self.file();
        options.bundle = self.inside()?;
        // A user who has just got the single file wants to try it without any settings.
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

/// The place of the data, for every command that reads or writes data.
#[derive(clap::Args)]
pub(crate) struct DataArgs {
    /// The folder of databases, key-value data and caches.
    #[arg(long, default_value = ".tenantry", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// A Spin runtime-config file (TOML) with places of stores and databases.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime_config: Option<PathBuf>,
}

/// The choice of the store, for commands that work with both stores. An environment variable never
/// makes this choice.
#[derive(clap::Args)]
pub(crate) struct StoreArgs {
    #[command(flatten)]
    data_args: DataArgs,
    /// PostgreSQL instead of the embedded store, as the owner of the tables.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data", "runtime_config"])]
    database_url: Option<String>,
}

impl StoreArgs {
    fn store(self) -> host::Store {
        let DataArgs { data, runtime_config } = self.data_args;
        match self.database_url {
            Some(url) => host::Store::Postgres(url),
            None => host::Store::Embedded { data, runtime_config },
        }
    }
}

/// Tells the user about steps that take long.
fn progress(line: &str) {
    eprintln!("{line}");
}

/// A size in a readable form.
fn size(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Runs work that waits for the network.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
