//! Where the programs and the data of a run are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::Settings;

/// The places of files.
pub(crate) struct Places {
    /// The root of the workspace.
    pub(crate) workspace: PathBuf,
    /// The runner.
    pub(crate) host: PathBuf,
    /// Spin, if it is to be measured.
    pub(crate) spin: Option<PathBuf>,
    /// PocketBase, if it is to be measured.
    pub(crate) pocketbase: PathBuf,
    directory: PathBuf,
}

impl Places {
    /// Checks that everything that must be built exists.
    pub(crate) fn find(settings: &Settings) -> anyhow::Result<Self> {
        let places = Self::of(&settings.workspace, settings.host.as_deref())?;
        let spin = settings.spin.as_ref().map(std::path::absolute).transpose()?;
        if let Some(spin) = &spin {
            ensure!(spin.is_file(), "SPIN_BIN: {} is no file", spin.display());
        }
        let there = !settings.peers || places.pocketbase.is_file();
        ensure!(there, "{}: not found; run scripts/bench --peers", places.pocketbase.display());
        Ok(Self { spin, ..places })
    }

    /// The same without peers.
    pub(crate) fn of(workspace: &Path, host: Option<&Path>) -> anyhow::Result<Self> {
        let workspace = workspace.to_owned();
        let manifest = workspace.join("spin.toml");
        ensure!(manifest.is_file(), "{}: not found; run scripts/bench", manifest.display());
        let beside = std::env::current_exe()?.with_file_name("tenantry");
        let host = host.map_or(beside, Path::to_owned);
        ensure!(host.is_file(), "{}: not found; run scripts/bench, or give --host", host.display());
        let host = std::path::absolute(host)?;
        let directory = std::path::absolute(workspace.join("target").join("bench"))?;
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        let pocketbase = directory.join("peers").join("bin").join("pocketbase");
        Ok(Self { workspace, host, spin: None, pocketbase, directory })
    }

    /// The data directory called `name`.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
