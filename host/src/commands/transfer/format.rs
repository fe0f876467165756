//! The format of an export: JSON Lines. The first line says what the file is. Then there is one
//! line for each row. The last line has the number of rows and a checksum of all lines before it.
//! So a file that was cut off or changed is not taken for a whole one.
//!
//! ```text
//! {"tenantry_export":1,"schema":5,"exported_at":"2026-03-01T09:30:00Z","events_seq":117}
//! {"table":"users","row":{"id":"usr_…","email":"a@example.com","name":null,…}}
//! {"end":true,"rows":1,"sha256":"…"}
//! ```

use crate::system::atomic_file::{AtomicFile, refuse_existing};
use crate::system::progress::Progress;
use anyhow::{Context as _, anyhow, bail, ensure};
use indexmap::IndexMap;
use migrations::{TABLES, VERSION};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The version of this format.
const FORMAT: u32 = 1;
/// The longest line, in bytes. A row is far shorter. The limit is needed because a file that is no
/// export may have no line breaks.
const MAX_LINE: u64 = 64 << 20;
/// The beginning of a last line.
const END: &[u8] = br#"{"end":"#;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    tenantry_export: u32,
    /// The version of the schema of the rows.
    schema: i64,
    exported_at: String,
    /// The last number that an event got, even if that event does not exist any more. Followers of
    /// a feed may have read up to this number, so the next event must get a higher one.
    events_seq: i64,
}

/// One row. Its columns have the order of the store that it comes from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) table: String,
    pub(super) row: IndexMap<String, Value>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: bool,
    rows: u64,
    sha256: String,
}

/// The values that a column can have on both stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Text(String),
}

/// Writes an export. The file appears when it is finished.
pub(super) struct Writer {
    name: PathBuf,
    partial: AtomicFile,
    out: BufWriter<File>,
    line: Vec<u8>,
    hash: Sha256,
    rows: Vec<(&'static str, u64)>,
    progress: Progress,
}

impl Writer {
    pub(super) fn create(file: &Path, progress: Progress) -> anyhow::Result<Self> {
        refuse_existing(file)?;
        let partial = AtomicFile::create(file)?;
        // The partial file rules out a concurrent export. But one may have finished this file just
        // before.
        refuse_existing(file)?;
        let out = BufWriter::new(partial.writer()?);
        let rows = TABLES.map(|table| (table, 0)).to_vec();
        let (line, hash) = (Vec::new(), Sha256::new());
        Ok(Self { name: file.to_owned(), partial, out, line, hash, rows, progress })
    }

    /// Writes the first line. `events_seq` is the last number that an event got.
    pub(super) fn head(&mut self, events_seq: i64) -> anyhow::Result<()> {
        let exported_at = OffsetDateTime::now_utc().replace_nanosecond(0)?.format(&Rfc3339)?;
        let head = Head { tenantry_export: FORMAT, schema: VERSION, exported_at, events_seq };
        serde_json::to_writer(&mut self.line, &head)?;
        self.put()
    }

    /// Writes a row of a table of [`TABLES`].
    pub(super) fn row(
        &mut self,
        table: &str,
        columns: impl Iterator<Item = anyhow::Result<(impl AsRef<str>, Value)>>,
    ) -> anyhow::Result<()> {
        write!(self.line, r#"{{"table":"{table}","row":{{"#)?;
        for (index, column) in columns.enumerate() {
            let (name, value) = column?;
            if index > 0 {
                self.line.push(b',');
            }
            serde_json::to_writer(&mut self.line, name.as_ref())?;
            self.line.push(b':');
            serde_json::to_writer(&mut self.line, &value)?;
        }
        self.line.extend_from_slice(b"}}");
        let length = self.line.len() as u64;
        ensure!(length < MAX_LINE, "table {table}: has a row of {length} bytes, which is too long");
        if let Some((_, rows)) = self.rows.iter_mut().find(|(name, _)| *name == table) {
            *rows += 1;
        }
        let rows = &self.rows;
        self.progress.report(|_| format!("Exported {} rows", total(rows)));
        self.put()
    }

    /// Writes the last line and renames the file to its final name. Returns the number of rows of
    /// each table, and the size of the file in bytes.
    pub(super) fn finish(mut self) -> anyhow::Result<(Vec<(&'static str, u64)>, u64)> {
        let sha256 = hex::encode(std::mem::take(&mut self.hash).finalize());
        let end = End { end: true, rows: total(&self.rows), sha256 };
        serde_json::to_writer(&mut self.line, &end)?;
        self.put()?;
        self.out.flush().with_context(|| unwritable(&self.name))?;
        let bytes = self.partial.sync()?;
        self.partial.finish()?;
        Ok((self.rows, bytes))
    }

    fn put(&mut self) -> anyhow::Result<()> {
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.out.write_all(&self.line).with_context(|| unwritable(&self.name))?;
        self.line.clear();
        Ok(())
    }
}

/// Reads an export row by row. If the end is reached without an error, then everything was read as
/// it was written.
pub(super) struct Reader {
    name: PathBuf,
    input: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    hash: Sha256,
    /// The last number that an event got.
    pub(super) events_seq: i64,
}

impl Reader {
    /// Opens an export of the schema of this release.
    pub(super) fn open(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let input = File::open(file).with_context(|| format!("{name}: cannot be read"))?;
        let mut reader = Self {
            name: file.to_owned(),
            input: BufReader::with_capacity(1 << 16, input),
            line: Vec::new(),
            number: 0,
            hash: Sha256::new(),
            events_seq: 0,
        };
        let whole = reader.fill()?;
        let head = serde_json::from_slice::<Head>(&reader.line).ok().filter(|_| whole);
        let head = head.with_context(|| {
            format!("{name}: not an export of Tenantry; name a file that `tenantry export` made")
        })?;
        let (found, schema) = (head.tenantry_export, head.schema);
        ensure!(
            found == FORMAT,
            "{name}: is of format {found}, this release reads {FORMAT}; import it with the release that made it"
        );
        ensure!(
            schema == VERSION,
            "{name}: its schema has version {schema}, this release has {VERSION}; import it with \
             the release that made it, then upgrade that database"
        );
        reader.hash.update(&reader.line);
        reader.events_seq = head.events_seq;
        Ok(reader)
    }

    /// The next row. `None` after the last row, if the number of rows and the checksum are right.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row>> {
        ensure!(
            self.fill()?,
            "{}: is cut off in line {}; copy it again, or export again",
            self.name.display(),
            self.number
        );
        if self.line.starts_with(END) {
            self.end()?;
            return Ok(None);
        }
        self.hash.update(&self.line);
        let row: Row = serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error))?;
        Ok(Some(row))
    }

    /// The values of a row in the order of `columns`. These must be exactly the row's columns.
    pub(super) fn values<'a>(
        &self,
        row: &'a Row,
        columns: &'a [String],
    ) -> anyhow::Result<Vec<&'a Value>> {
        let values: Option<Vec<_>> = columns.iter().map(|name| row.row.get(name)).collect();
        values.filter(|values| values.len() == row.row.len()).ok_or_else(|| {
            let columns = columns.join(", ");
            self.wrong(&format!("table {} has other columns: {columns}", row.table))
        })
    }

    /// Makes an error that names the line that was read last.
    pub(super) fn wrong(&self, what: &str) -> anyhow::Error {
        anyhow!("{}: line {}: {what}", self.name.display(), self.number)
    }

    /// Reads a line; false if the line has no end.
    fn fill(&mut self) -> anyhow::Result<bool> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut self.line);
        read.with_context(|| format!("{}: cannot be read", self.name.display()))?;
        Ok(self.line.ends_with(b"\n"))
    }

    fn end(&mut self) -> anyhow::Result<()> {
        let end: End = serde_json::from_slice(&self.line).map_err(|error| self.damaged(&error))?;
        let sha256 = hex::encode(std::mem::take(&mut self.hash).finalize());
        if end.sha256 != sha256 || end.rows != self.number - 2 {
            bail!(
                "{}: was changed: it does not have the checksum of its last line; \
                 copy it again, or export again",
                self.name.display()
            );
        }
        self.fill()?;
        let over = self.line.is_empty();
        ensure!(over, "{}: has lines after its end; export again", self.name.display());
        Ok(())
    }

    fn damaged(&self, error: &serde_json::Error) -> anyhow::Error {
        self.wrong(&format!(
            "was changed, so this line is not a row ({error}); copy it again, or export again"
        ))
    }
}

fn total(rows: &[(&'static str, u64)]) -> u64 {
    rows.iter().map(|(_, rows)| rows).sum()
}

fn unwritable(file: &Path) -> String {
    format!("{}: cannot be written", file.display())
}
