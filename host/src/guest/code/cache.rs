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
        if let Ok(component) = open(engine, &file) {
            // The time says when the file was last used.
            let used = File::options().append(true).open(&file);
            let _ = used.and_then(|file| file.set_modified(SystemTime::now()));
            return Ok(component);
        }
        // The file is not there, or it is damaged.
        write_whole(&file, make)?;
        self.prune(&file);
        open(engine, &file)
    }

    /// Removes files if there are too many, but not `new`. Folders are removed, too: older releases
    /// kept other files in them.
    fn prune(&self, new: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let about = entry.metadata().ok()?;
                if about.is_dir() {
                    let _ = fs::remove_dir_all(entry.path());
                    return None;
                }
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

/// Maps a file, or reads it if no file may be mapped as code here (`noexec`).
fn open(engine: &Engine, file: &Path) -> anyhow::Result<Component> {
    machine_code::map(engine, file).or_else(|_| {
        let code = fs::read(file).with_context(|| file.display().to_string())?;
        machine_code::load(engine, &code)
    })
}

/// The name of the file: it differs for every source, version of Wasmtime, and settings.
fn name(engine: &Engine, source: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{}-{:016x}.cwasm", hex::encode(Sha256::digest(source)), settings.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// The smallest component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    /// A cache, and the folder that goes with it.
    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::of(folder.path());
        (folder, cache)
    }

    /// Loads code for `source`; returns whether it was made for that.
    fn is_made(cache: &Cache, source: &[u8]) -> bool {
        let mut is_made = false;
        let engine = Engine::new(&crate::guest::engine::config()).expect("an engine");
        let loaded = cache.load(&engine, source, |mut to| {
            is_made = true;
            Ok(to.write_all(&engine.precompile_component(EMPTY)?)?)
        });
        loaded.expect("loaded");
        is_made
    }

    fn files(cache: &Cache) -> Vec<PathBuf> {
        let entries = fs::read_dir(&cache.folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    #[test]
    fn code_is_made_once() {
        let (_folder, cache) = cache();
        assert!(is_made(&cache, b"a") && is_made(&cache, b"b"), "of other sources");
        assert!(!is_made(&cache, b"a") && !is_made(&cache, b"b"));
        assert_eq!(files(&cache).len(), 2, "no part of a file stays");
    }

    #[test]
    fn damaged_code_is_made_again() {
        let (_folder, cache) = cache();
        assert!(is_made(&cache, b"a"));
        let [file] = &files(&cache)[..] else { panic!("one file") };
        let whole = fs::read(file).expect("read");
        for damaged in [&whole[..whole.len() / 2], b"nothing of the kind", b""] {
            fs::write(file, damaged).expect("written");
            assert!(is_made(&cache, b"a"));
            assert_eq!(fs::read(file).expect("read"), whole);
        }
    }

    #[test]
    fn what_cannot_be_made_leaves_no_file() {
        let (_folder, cache) = cache();
        let engine = Engine::new(&crate::guest::engine::config()).expect("an engine");
        let failed = cache.load(&engine, b"a", |mut to| {
            to.write_all(b"half")?;
            anyhow::bail!("it cannot be made")
        });
        assert_eq!(
            failed.err().map(|error| error.to_string()).as_deref(),
            Some("it cannot be made")
        );
        assert_eq!(files(&cache).len(), 0);
    }

    #[test]
    fn the_oldest_files_make_room() {
        let (_folder, cache) = cache();
        for source in [b"a", b"b", b"c"] {
            assert!(is_made(&cache, source));
        }
        let [old, ..] = &files(&cache)[..] else { panic!("files") };
        fs::create_dir_all(cache.folder.join("modules").join("older")).expect("a folder");
        let large = File::options().append(true).open(old).expect("opened");
        large.set_len(SIZE).expect("a hole");
        large.set_modified(SystemTime::UNIX_EPOCH).expect("old");
        assert!(is_made(&cache, b"d"));
        assert!(!old.exists() && files(&cache).len() == 3);
    }
}
