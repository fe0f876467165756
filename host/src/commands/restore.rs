//! `tenantry restore`: makes a backup the embedded database again.
//!
//! All checks come before the first change. A crash at any later point is safe: until the last
//! rename the old database is still in place.

use crate::commands::offline::{Stores, chown_like, merge_wal, remove_side_files};
use crate::config::runtime_config::RuntimeConfig;
use crate::stores::sqlite::copy;
use crate::system::atomic_file::{AtomicFile, beside, directory, refuse_existing};
use crate::system::progress::Progress;
use anyhow::{Context as _, bail, ensure};
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What to restore, and where to.
#[derive(Clone, Debug)]
pub struct Restore {
    /// The backup.
    pub file: PathBuf,
    /// The directory of databases and key-value data. It is made if it does not exist.
    pub data: PathBuf,
    /// A Spin runtime-config file.
    pub runtime_config: Option<PathBuf>,
    /// Whether an existing database is moved aside.
    pub force: bool,
    /// The newest schema version to accept.
    pub newest_schema: i64,
}

/// The result of a restore.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The path of the database.
    pub database: PathBuf,
    /// The new path of the previous database, if there was one.
    pub kept: Option<PathBuf>,
    /// The version of the backup's schema.
    pub schema: i64,
    /// Its size, in bytes.
    pub bytes: u64,
    /// How long the restore took.
    pub took: Duration,
}

/// Puts a backup in the place that the label `default` names, and empties the key-value stores,
/// because their content belongs to another state. If it takes longer than two seconds, then
/// `progress` gets lines that say how far it is.
///
/// # Errors
///
/// The file is not an intact database of this release or an older one, a server is using the
/// directory, or there is a database and `force` is not set. Then nothing is changed.
pub fn restore(options: &Restore, progress: fn(&str)) -> anyhow::Result<Restored> {
    let config = RuntimeConfig::read(options.runtime_config.as_deref(), &options.data)?;
    let database = config.default_database()?;
    // This comes before the complaint about an existing database. Otherwise somebody might move the
    // database of a running server away.
    let mut stores = Stores::default();
    stores.open_all(config.key_value_files().filter(|path| path.exists()))?;
    let kept = to_keep(database, options.force)?;
    let mut progress = Progress::new(progress);
    refuse_itself(&options.file, database)?;
    let (mut backup, schema) = open(&options.file, options.newest_schema)?;
    copy::verify(&mut backup, progress)
        .with_context(|| format!("{}: not restored, use another backup", options.file.display()))?;

    let place = directory(database);
    crate::system::private::folder(place)
        .with_context(|| format!("{}: cannot be made", place.display()))?;
    stores.open_all(config.key_value_files())?;
    if kept.is_some() {
        merge_wal(database)?;
    }
    let partial = AtomicFile::create(database)?;
    let copied = copy::copy(&backup, partial.path(), &mut progress).with_context(|| {
        format!("{}: cannot be copied to {}", options.file.display(), partial.path().display())
    });
    drop(copied?);
    let bytes = partial.sync()?;
    chown_like(place, partial.path());
    stores.empty()?;
    match &kept {
        Some(kept) => keep(database, kept)?,
        None => refuse_existing(database)?,
    }
    remove_side_files(database, kept.as_deref())?;
    partial.finish()?;
    Ok(Restored { database: database.to_owned(), kept, schema, bytes, took: progress.elapsed() })
}

/// The path to which the existing database is moved, if there is one.
fn to_keep(database: &Path, force: bool) -> anyhow::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    let kept = beside(database, ".before-restore");
    ensure!(
        force,
        "{}: there is a database already; move it away, or give --force, which keeps it as {}",
        database.display(),
        kept.display()
    );
    ensure!(
        !kept.exists(),
        "{}: an earlier restore kept its database here; move it away first",
        kept.display()
    );
    Ok(Some(kept))
}

fn refuse_itself(file: &Path, database: &Path) -> anyhow::Result<()> {
    let same = matches!((file.canonicalize(), database.canonicalize()), (Ok(a), Ok(b)) if a == b);
    ensure!(!same, "{}: is the database itself, not a backup of it", file.display());
    Ok(())
}

/// Opens the backup; also returns the version of its schema.
fn open(file: &Path, newest: i64) -> anyhow::Result<(Connection, i64)> {
    let name = file.display();
    ensure!(file.exists(), "{name}: there is no such file");
    let query =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
    let opened = copy::open(file).and_then(|backup| {
        let tables: i64 = backup.query_row(query, [], |row| row.get(0))?;
        Ok((backup, tables))
    });
    let (backup, tables) = match opened {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            bail!("{name}: not a SQLite database; name a file that `tenantry backup` made")
        }
        opened => opened.with_context(|| format!("{name}: not restored, use another backup"))?,
    };
    ensure!(
        tables == 1,
        "{name}: not a database of Tenantry, it has no table schema_migrations; \
         name a file that `tenantry backup` made"
    );
    let newest_applied = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    let schema = backup
        .query_row(newest_applied, [], |row| row.get(0))
        .with_context(|| format!("{name}: not restored, use another backup"))?;
    ensure!(
        schema <= newest,
        "{name}: its schema has version {schema}, this release knows {newest}; \
         restore it with the release that made it or a newer one"
    );
    Ok((backup, schema))
}

/// Gives the old database a second name. It keeps this name when the new database takes the first.
fn keep(database: &Path, kept: &Path) -> anyhow::Result<()> {
    std::fs::hard_link(database, kept)
        .with_context(|| format!("{}: cannot be kept as {}", database.display(), kept.display()))
}
