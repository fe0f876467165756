//! `tenantry export` and `tenantry import`: move all data of one store into a file, which the other
//! kind of store reads as well.
//!
//! `format.rs` has the file format; `embedded.rs` and `postgres.rs` have the two kinds of stores.
//! The file has no key-value data, because that data expires or can be made again
//! (ARCHITECTURE.md).

mod embedded;
mod format;
mod postgres;
mod survey;
mod tables;

use crate::system::progress::Progress;
use anyhow::ensure;
use format::Writer;
use std::path::{Path, PathBuf};
use std::time::Duration;
use survey::Survey;

/// The place of a service's data.
#[derive(Clone, Debug)]
pub enum Store {
    /// In the SQLite file of the label `default`.
    Embedded {
        /// The directory of databases and key-value data.
        data: PathBuf,
        /// A Spin runtime-config file.
        runtime_config: Option<PathBuf>,
    },
    /// In PostgreSQL. The URL must be that of the role that owns the tables.
    Postgres(String),
}

/// The result of an export or an import.
#[derive(Clone, Debug)]
pub struct TransferResult {
    /// The number of rows of each table, in the order of the file.
    pub rows: Vec<(&'static str, u64)>,
    /// The size of the file, in bytes.
    pub bytes: u64,
    /// How long the export or import took.
    pub took: Duration,
}

impl TransferResult {
    /// The number of rows of all tables together.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}

/// Writes all rows of `from`, as they are at one moment, into the new file `file`. Servers may go
/// on writing. If it takes longer than two seconds, then `progress` gets lines that say how far it
/// is.
///
/// # Errors
///
/// `file` exists or cannot be written, or `from` cannot be read as a whole: it is not there, has
/// another schema or other tables, or the role would not see every row. A failed export leaves no
/// `file`.
pub async fn export(
    file: &Path,
    from: &Store,
    progress: fn(&str),
) -> anyhow::Result<TransferResult> {
    let progress = Progress::new(progress);
    let mut writer = Writer::create(file, progress)?;
    match from {
        Store::Embedded { data, runtime_config } => {
            embedded::export(data, runtime_config.as_deref(), &mut writer)?;
        }
        Store::Postgres(url) => postgres::export(url, &mut writer).await?,
    }
    let (rows, bytes) = writer.finish()?;
    Ok(TransferResult { rows, bytes, took: progress.elapsed() })
}

/// Inserts all rows of an export into `into`, which must have no rows. If it takes longer than two
/// seconds, then `progress` gets lines that say how far it is.
///
/// # Errors
///
/// The file is damaged, cut off or of another schema; or `into` has rows or another schema, is in
/// use, or the role may not fill it. Then `into` stays unchanged.
pub async fn import(
    file: &Path,
    into: &Store,
    progress: fn(&str),
) -> anyhow::Result<TransferResult> {
    let mut progress = Progress::new(progress);
    ensure!(file.exists(), "{}: there is no such file", file.display());
    ensure!(
        file.is_file(),
        "{}: is not a regular file; name one, because the import reads it twice",
        file.display()
    );
    let survey = match into {
        Store::Embedded { data, runtime_config } => {
            let target = embedded::Target::open(data, runtime_config.as_deref())?;
            let survey = Survey::of(file, &mut progress)?;
            target.fill(file, &survey, &mut progress)?;
            survey
        }
        Store::Postgres(url) => {
            let target = postgres::Target::open(url).await?;
            let survey = Survey::of(file, &mut progress)?;
            target.fill(file, &survey, &mut progress).await?;
            survey
        }
    };
    Ok(TransferResult { rows: survey.rows, bytes: survey.bytes, took: progress.elapsed() })
}
