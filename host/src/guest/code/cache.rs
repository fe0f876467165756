//! Files of compiled code in the data folder. They are mapped and not read: 9 functions are 25 MB of
//! code, of which a server uses a part.

use super::machine_code;
use crate::system::atomic_file::write_whole;
use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The most bytes of all files. Beyond that, those that were used longest ago are removed.
const SIZE: u64 = 512 << 20;

/// The files in a data folder.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this data folder. It is made when the first file is.
    pub(super) fn of(data: &Path) -> Self {
        Self { folder: data.join("cache").join("compiled") }
    }

    /// Loads the compiled code of `source`, which is any bytes that determine the code. If the cache
    /// does not have it, then `make` writes it.
    ///
    /// # Errors
    ///
    /// `make` fails, or the code that it made does not fit.
    pub(super) fn load(
        &self,
        engine: &Engine,
        source: &[u8],
        make: impl FnOnce(&File) -> anyhow::Result<()>,
    ) -> anyhow::Result<Component> {
        let file = self.folder.join(name(engine, source));
        if let Ok(component) = machine_code::map(engine, &file) {
            // The time says when the file was last used.
            let used = File::options().append(true).open(&file);
            let _ = used.and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(component);
        }
        // The file is not there, it is damaged, or no file may be mapped as code here (`noexec`).
        write_whole(&file, make)?;
        self.prune(&file);
        machine_code::map(engine, &file).or_else(|_| {
            let code = fs::read(&file).with_context(|| file.display().to_string())?;
            machine_code::load(engine, &code)
        })
    }

    /// Removes files if there are too many, but not `new`.
    fn prune(&self, new: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        files.sort_unstable_by(|one, other| other.cmp(one));
        let mut size = 0;
        for (_, length, path) in files {
            size += length;
            if size > SIZE && path != new {
                // A server that has mapped the file keeps it.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// The name of the file: it differs for every source, version of Wasmtime, and settings.
fn name(engine: &Engine, source: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{}-{:016x}.cwasm", hex::encode(Sha256::digest(source)), settings.finish())
}
