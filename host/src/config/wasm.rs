//! A WebAssembly file that a manifest names. It is on the disk or in the running file.

use crate::config::bundle::Bundle;
use anyhow::{Context as _, ensure};
use std::fmt;
use std::path::{Path, PathBuf};

/// A WebAssembly file that existed when the manifest was read.
pub(crate) struct Wasm {
    /// The name that the manifest gives it.
    name: String,
    source: WasmSource,
}

enum WasmSource {
    Disk(PathBuf),
    Bundled(Bundle),
}

impl Wasm {
    /// Finds the file `name` below `directory`, or in `bundle` if there is one.
    pub(crate) fn find(
        name: &Path,
        directory: &Path,
        bundle: Option<&Bundle>,
    ) -> anyhow::Result<Self> {
        let text = name.to_str().with_context(|| format!("{}: is not UTF-8", name.display()))?;
        let source = match bundle {
            Some(bundle) => {
                ensure!(bundle.has(text), "{text} is not in this program");
                WasmSource::Bundled(bundle.clone())
            }
            None => {
                let path = directory.join(name);
                ensure!(
                    path.is_file(),
                    "{} does not exist; run `tenantry build` or `tenantry up --build`",
                    path.display()
                );
                WasmSource::Disk(path)
            }
        };
        Ok(Self { name: text.to_owned(), source })
    }

    /// The name that the manifest gives it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its content.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<u8>> {
        match &self.source {
            WasmSource::Disk(path) => {
                std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
            }
            WasmSource::Bundled(bundle) => bundle.read(&self.name),
        }
    }
}

impl fmt::Display for Wasm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            WasmSource::Disk(path) => path.display().fmt(f),
            WasmSource::Bundled(_) => self.name.fmt(f),
        }
    }
}
