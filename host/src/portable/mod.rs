//! `tenantry export` and `tenantry import`: all data of one store, as a file that the other
//! one reads as well.
//!
//! `format.rs` is the file, `embedded.rs` and `postgres.rs` are the two ends. Key-value data
//! is not in it: that expires or is made again (ARCHITECTURE.md).

mod embedded;
mod format;
mod postgres;
mod survey;

use crate::pace::Pace;
use anyhow::ensure;
use format::Writer;
use std::path::{Path, PathBuf};
use std::time::Duration;
use survey::Survey;

/// Where the data of a service is.
#[derive(Clone, Debug)]
pub enum Store {
    /// In the SQLite file that the label `default` leads to.
    Embedded {
        /// The directory of databases and key-value data.
        data: PathBuf,
        /// A Spin runtime-config file.
        runtime_config: Option<PathBuf>,
    },
    /// In PostgreSQL: a URL of the role that owns the tables.
    Postgres(String),
}

/// What was exported or imported.
#[derive(Clone, Debug)]
pub struct Moved {
    /// How many rows each table has, in the order of the file.
    pub rows: Vec<(&'static str, u64)>,
    /// The size of the file.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

impl Moved {
    /// The rows of all tables.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}

/// Writes all rows of `from`, as they are at one moment, into the new file `file`; servers may
/// go on writing. `progress` is told how far it is when it takes longer than two seconds.
///
/// # Errors
///
/// `file` exists or cannot be written, or `from` cannot be read as a whole: it is not there,
/// has another schema, or the role would not see every row. Then there is no `file`.
pub async fn export(file: &Path, from: &Store, progress: fn(&str)) -> anyhow::Result<Moved> {
    let pace = Pace::new(progress);
    let mut writer = Writer::create(file, pace)?;
    match from {
        Store::Embedded { data, runtime_config } => {
            embedded::export(data, runtime_config.as_deref(), &mut writer)?;
        }
        Store::Postgres(url) => postgres::export(url, &mut writer).await?,
    }
    let (rows, bytes) = writer.finish()?;
    Ok(Moved { rows, bytes, took: pace.elapsed() })
}

/// Puts all rows of an export into `into`, which must have none. `progress` is told how far it
/// is when it takes longer than two seconds.
///
/// # Errors
///
/// The file is damaged, cut off or of another schema; or `into` has rows or another schema, is
/// in use, or the role may not fill it. Then `into` is as it was.
pub async fn import(file: &Path, into: &Store, progress: fn(&str)) -> anyhow::Result<Moved> {
    let mut pace = Pace::new(progress);
    ensure!(file.exists(), "{}: there is no such file", file.display());
    ensure!(file.is_file(), "{}: is not a file; it is read twice", file.display());
    let survey = match into {
        Store::Embedded { data, runtime_config } => {
            let target = embedded::Target::open(data, runtime_config.as_deref())?;
            let survey = Survey::of(file, &mut pace)?;
            target.fill(file, &survey, &mut pace)?;
            survey
        }
        Store::Postgres(url) => {
            let target = postgres::Target::open(url).await?;
            let survey = Survey::of(file, &mut pace)?;
            target.fill(file, &survey, &mut pace).await?;
            survey
        }
    };
    Ok(Moved { rows: survey.rows, bytes: survey.bytes, took: pace.elapsed() })
}
