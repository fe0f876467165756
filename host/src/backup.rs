//! `tenantry backup`: a copy of the embedded database, taken while a server serves it.
//!
//! Key-value data is not in it: that expires or is made again (ARCHITECTURE.md).

use crate::pace::Pace;
use crate::partial::{Partial, refuse_existing};
use crate::runtime_config::RuntimeConfig;
use crate::sqlite::copy;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was copied.
#[derive(Clone, Debug)]
pub struct BackedUp {
    /// The database.
    pub database: PathBuf,
    /// The size of the copy.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// Copies the database that the label `default` leads to into the new file `file`: as it is
/// at the moment when the copy begins, whatever is written meanwhile. `progress` is told how
/// far it is when it takes longer than two seconds.
///
/// # Errors
///
/// There is no database, `file` exists, or the copy cannot be written or is damaged. Then
/// there is no `file`.
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
    let partial = Partial::create(file)?;
    // Another process may have finished this file while no partial one was in its way.
    refuse_existing(file)?;
    let mut pace = Pace::new(progress);
    let copied = copy::open(database)
        .and_then(|source| copy::copy(&source, partial.path(), &mut pace))
        .with_context(|| format!("{}: cannot be copied to {}", named(), file.display()));
    let mut copied = copied?;
    copy::verify(&mut copied, pace).with_context(named)?;
    drop(copied);
    let bytes = partial.sync()?;
    partial.finish()?;
    Ok(BackedUp { database: database.to_owned(), bytes, took: pace.elapsed() })
}
