//! Where the programs and the data of a run are.

use std::fs;
use std::path::PathBuf;

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
        let workspace = settings.workspace.clone();
        let manifest = workspace.join("spin.toml");
        ensure!(manifest.is_file(), "{}: not found; run scripts/bench", manifest.display());
        let beside = std::env::current_exe()?.with_file_name("tenantry");
        let host = settings.host.clone().unwrap_or(beside);
        ensure!(host.is_file(), "{}: not found; run scripts/bench, or give --host", host.display());
        let host = std::path::absolute(host)?;
        let directory = std::path::absolute(workspace.join("target").join("bench"))?;
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        let spin = settings.spin.as_ref().map(std::path::absolute).transpose()?;
        if let Some(spin) = &spin {
            ensure!(spin.is_file(), "SPIN_BIN: {} is no file", spin.display());
        }
        let pocketbase = directory.join("peers").join("bin").join("pocketbase");
        let there = !settings.peers || pocketbase.is_file();
        ensure!(there, "{}: not found; run scripts/bench --peers", pocketbase.display());
        Ok(Self { workspace, host, spin, pocketbase, directory })
    }

    /// The data directory called `name`.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
