//! Where the servers keep their data: in files of their own, or in PostgreSQL and Redis.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::ValueEnum;
use serde::Serialize;

use crate::Settings;
use crate::external::{External, Shared};
use crate::process::Places;

/// Which kind of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stores {
    /// SQLite and the embedded key-value store.
    Embedded,
    /// PostgreSQL and Redis.
    External,
}

impl Stores {
    /// As in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::External => "external",
        }
    }
}

/// What the command line says of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// SQLite and the embedded key-value store.
    Embedded,
    /// PostgreSQL and Redis.
    External,
    /// The one, then the other.
    All,
}

impl Choice {
    /// The kinds, in the order in which they are measured.
    pub(crate) fn stores(self) -> &'static [Stores] {
        match self {
            Self::Embedded => &[Stores::Embedded],
            Self::External => &[Stores::External],
            Self::All => &[Stores::Embedded, Stores::External],
        }
    }
}

/// A kind of stores, ready for use.
pub(crate) enum Storage {
    /// Files.
    Embedded,
    /// Databases and keys of this run.
    External(Box<External>),
}

/// What one server works on.
#[derive(Clone)]
pub(crate) struct Data {
    /// Caches, and the files of the embedded stores.
    pub(crate) directory: PathBuf,
    /// What is used in place of those files.
    pub(crate) shared: Option<Shared>,
}

impl Data {
    /// Which kind of stores it is.
    pub(crate) fn stores(&self) -> Stores {
        if self.shared.is_some() { Stores::External } else { Stores::Embedded }
    }
}

impl Storage {
    /// Reaches the stores, and makes there what this run needs.
    ///
    /// # Errors
    /// What cannot be reached, or is not allowed.
    pub(crate) async fn open(stores: Stores, settings: &Settings) -> anyhow::Result<Self> {
        Ok(match stores {
            Stores::Embedded => Self::Embedded,
            Stores::External => Self::External(Box::new(External::open(settings).await?)),
        })
    }

    /// Which kind it is.
    pub(crate) fn stores(&self) -> Stores {
        match self {
            Self::Embedded => Stores::Embedded,
            Self::External(_) => Stores::External,
        }
    }

    /// The data of a server called `name`, as it is.
    pub(crate) fn data(&self, places: &Places, name: &str) -> Data {
        match self {
            Self::Embedded => Data { directory: places.directory(name), shared: None },
            Self::External(external) => Data {
                directory: places.directory(&format!("external-{name}")),
                shared: Some(external.shared(name)),
            },
        }
    }

    /// The data of a server called `name`: empty, with a schema where the server makes none.
    pub(crate) async fn fresh(&self, places: &Places, name: &str) -> anyhow::Result<Data> {
        let data = self.data(places, name);
        remove(&data)?;
        fs::create_dir_all(&data.directory)
            .with_context(|| data.directory.display().to_string())?;
        if let (Self::External(external), Some(shared)) = (self, &data.shared) {
            external.make(places, shared).await?;
        }
        Ok(data)
    }

    /// Removes data of which there is much.
    pub(crate) async fn remove(&self, data: &Data) -> anyhow::Result<()> {
        remove(data)?;
        if let (Self::External(external), Some(shared)) = (self, &data.shared) {
            external.remove(shared).await?;
        }
        Ok(())
    }

    /// Removes what is not in files.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self {
            Self::Embedded => Ok(()),
            Self::External(external) => external.close().await,
        }
    }
}

fn remove(data: &Data) -> anyhow::Result<()> {
    match fs::remove_dir_all(&data.directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| data.directory.display().to_string())
        }
        _ => Ok(()),
    }
}
