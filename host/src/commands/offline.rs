//! Work on the embedded stores while no server runs, and the checks that no server runs.

use crate::stores::key_value::File as KeyValueFile;
use crate::system::atomic_file::{beside, sync_directory};
use anyhow::{Context as _, anyhow};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

/// The suffixes of the files that SQLite keeps beside a database while it is in use.
const SIDE_FILE_SUFFIXES: [&str; 3] = ["-journal", "-wal", "-shm"];

/// The key-value stores. While they are held open, no server can start on them.
#[derive(Default)]
pub(crate) struct Stores(BTreeMap<PathBuf, KeyValueFile>);

impl Stores {
    /// Opens these stores. Fails if a server has one of them open.
    pub(crate) fn open_all<'a>(
        &mut self,
        paths: impl Iterator<Item = &'a PathBuf>,
    ) -> anyhow::Result<()> {
        for path in paths {
            if !self.0.contains_key(path) {
                let file = KeyValueFile::open(path).map_err(|error| {
                    if error.downcast_ref().is_some_and(is_busy) {
                        return in_use(path);
                    }
                    let name = path.display();
                    error.context(format!("{name}: cannot be emptied; remove it if it is damaged"))
                });
                self.0.insert(path.clone(), file?);
            }
        }
        Ok(())
    }

    /// Empties all of them, because their content belongs to another state of the database.
    pub(crate) fn empty(&mut self) -> anyhow::Result<()> {
        for (path, file) in &mut self.0 {
            chown_like(path.parent().unwrap_or(Path::new(".")), path);
            file.clear().with_context(|| {
                format!("{}: cannot be emptied; remove it and try again", path.display())
            })?;
        }
        Ok(())
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn in_use(path: &Path) -> anyhow::Error {
    anyhow!("{}: in use; stop the server that uses it, then try again", path.display())
}

/// Gives the file to the owner of `place`, so that the server can use it even if root has made it.
pub(crate) fn chown_like(place: &Path, file: &Path) {
    let owners = std::fs::metadata(place).and_then(|place| Ok((place, std::fs::metadata(file)?)));
    if let Ok((place, file_now)) = owners
        && place.uid() != file_now.uid()
    {
        // Only root may change the owner. Other users write into directories of their own.
        let _ = chown(file, Some(place.uid()), Some(place.gid()));
    }
}

/// Merges the WAL of the old database into its file, and fails if another process has it open. A
/// damaged database stays as it is.
pub(crate) fn merge_wal(database: &Path) -> anyhow::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let merged = Connection::open_with_flags(database, flags).and_then(|old| {
        // SQLite merges the WAL when the last connection closes. That stays off until it is certain
        // that no other process has the database open.
        old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        old.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        old.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        old.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
    });
    match merged {
        Err(error) if is_busy(&error) => Err(in_use(database)),
        _ => Ok(()),
    }
}

/// Moves or removes the files that are left beside the old database. If they stayed, then SQLite
/// would take them for a part of the new one.
pub(crate) fn remove_side_files(database: &Path, kept: Option<&Path>) -> anyhow::Result<()> {
    for suffix in SIDE_FILE_SUFFIXES {
        let path = beside(database, suffix);
        if path.exists() {
            match kept {
                Some(kept) => std::fs::rename(&path, beside(kept, suffix)),
                None => std::fs::remove_file(&path),
            }
            .with_context(|| format!("{}: cannot be moved away", path.display()))?;
        }
    }
    sync_directory(database)
}
