//! The stores of the servers: files of their own, or PostgreSQL and Redis.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::Settings;
use crate::external::{External, Shared};
use crate::places::Places;
use crate::stores::Stores;

/// Stores of a kind, ready for use.
pub(crate) enum Storage {
    /// Files.
    Embedded,
    /// The databases and keys of this run.
    External(Box<External>),
}

/// The data of one server.
#[derive(Clone)]
pub(crate) struct Data {
    /// The directory of caches, and of the files of the embedded stores.
    pub(crate) directory: PathBuf,
    /// The external stores that replace those files.
    pub(crate) shared: Option<Shared>,
}

impl Data {
    /// The kind of these stores.
    pub(crate) fn stores(&self) -> Stores {
        if self.shared.is_some() { Stores::External } else { Stores::Embedded }
    }
}

impl Storage {
    /// Connects to the stores, and makes what this run needs there.
    ///
    /// # Errors
    /// A store that cannot be reached, or that denies access.
    pub(crate) async fn open(stores: Stores, settings: &Settings) -> anyhow::Result<Self> {
        Ok(match stores {
            Stores::Embedded => Self::Embedded,
            Stores::External => Self::External(Box::new(External::open(settings).await?)),
        })
    }

    /// The kind of these stores.
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

    /// Empty data for a server called `name`, with a schema if the server makes none.
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

    /// Removes the data of a server, if it is too large to stay.
    pub(crate) async fn remove(&self, data: &Data) -> anyhow::Result<()> {
        remove(data)?;
        if let (Self::External(external), Some(shared)) = (self, &data.shared) {
            external.remove(shared).await?;
        }
        Ok(())
    }

    /// Removes everything that is not in files.
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
