//! `tenantry backup`: copies the embedded database while a server serves it.
//!
//! The copy has no key-value data, because that data expires or can be made again
//! (ARCHITECTURE.md).

use crate::config::runtime_config::RuntimeConfig;
use crate::stores::sqlite::copy;
use crate::system::atomic_file::{AtomicFile, refuse_existing};
use crate::system::progress::Progress;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The result of a backup.
#[derive(Clone, Debug)]
pub struct BackedUp {
    /// The file of the database that was copied.
    pub database: PathBuf,
    /// The size of the copy, in bytes.
    pub bytes: u64,
    /// How long the backup took.
    pub took: Duration,
}

/// Copies the database of the label `default` into the new file `file`. The copy has the state at
/// the moment when copying begins; later writes are not in it. If the copy takes longer than two
/// seconds, then `progress` gets lines that say how far it is.
///
/// # Errors
///
/// There is no database, `file` exists, or the copy cannot be written or is damaged. A failed copy
/// leaves no `file`.
pub fn backup(
    file: &Path,
    data: &Path,
    runtime_config: Option<&Path>,
    progress: fn(&str),
) -> anyhow::Result<BackedUp> {
    let config = RuntimeConfig::read(runtime_config, data)?;
    let database = config.default_database()?;
    let named = || database.display().to_string();
    ensure!(
        database.is_file(),
        "{}: there is no database; say where it is with --data or --runtime-config",
        named()
    );
    refuse_existing(file)?;
    let partial = AtomicFile::create(file)?;
    // The partial file rules out a concurrent backup. But one may have finished this file just
    // before.
    refuse_existing(file)?;
    let mut progress = Progress::new(progress);
    let copied = copy::open(database)
        .and_then(|source| copy::copy(&source, partial.path(), &mut progress))
        .with_context(|| format!("{}: cannot be copied to {}", named(), file.display()));
    let mut copied = copied?;
    copy::verify(&mut copied, progress).with_context(named)?;
    drop(copied);
    let bytes = partial.sync()?;
    partial.finish()?;
    Ok(BackedUp { database: database.to_owned(), bytes, took: progress.elapsed() })
}
