//! The embedded store as a source and as a target.

use super::format::{Reader, Value, Writer};
use super::survey::Survey;
use crate::commands::offline::{Stores, chown_like, merge_wal, remove_side_files};
use crate::config::runtime_config::RuntimeConfig;
use crate::stores::sqlite::{copy, migrate};
use crate::system::atomic_file::{AtomicFile, directory};
use crate::system::progress::Progress;
use anyhow::{Context as _, bail, ensure};
use migrations::{TABLES, VERSION};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Statement, ToSql, params_from_iter};
use std::collections::BTreeMap;
use std::path::Path;

/// Writes all rows as they are at one moment. Writers are not blocked meanwhile.
pub(super) fn export(
    data: &Path,
    runtime_config: Option<&Path>,
    out: &mut Writer,
) -> anyhow::Result<()> {
    let config = RuntimeConfig::read(runtime_config, data)?;
    let database = config.default_database()?;
    let name = database.display();
    ensure!(
        database.is_file(),
        "{name}: there is no database; say where it is with --data, --runtime-config or --database-url"
    );
    let unreadable = || format!("{name}: cannot be read");
    let connection = copy::open(database).with_context(unreadable)?;
    // One transaction reads everything. It begins with its first read, that of the version.
    let snapshot = connection.unchecked_transaction().with_context(unreadable)?;
    let found = migrate::version(&snapshot).with_context(unreadable)?;
    ensure!(
        found <= VERSION,
        "{name}: has schema version {found}, this release knows {VERSION}: use the newer release"
    );
    ensure!(
        found == VERSION,
        "{name}: has schema version {found}, this release needs {VERSION}; the first request to \
         a server of this release brings it up to date"
    );
    let tables = tables(&snapshot).with_context(unreadable)?;
    super::tables::complete(tables.into_iter()).with_context(|| name.to_string())?;
    let numbered = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
    let events_seq = snapshot.query_row(numbered, [], |row| row.get(0)).optional();
    out.head(events_seq.with_context(unreadable)?.unwrap_or(0))?;
    for table in TABLES {
        let all = format!("SELECT * FROM {table}");
        let mut statement = snapshot.prepare(&all).with_context(unreadable)?;
        let columns = columns(&statement);
        let mut rows = statement.query([]).with_context(unreadable)?;
        while let Some(row) = rows.next().with_context(unreadable)? {
            let column = |(index, column)| {
                let value = row.get_ref(index).map_err(anyhow::Error::from).and_then(value);
                let value = value.with_context(|| format!("{name}: {table}.{column}"))?;
                Ok((column, value))
            };
            out.row(table, columns.iter().enumerate().map(column))?;
        }
    }
    Ok(())
}

fn columns(statement: &Statement<'_>) -> Vec<String> {
    statement.column_names().map(str::to_owned).collect()
}

fn value(value: ValueRef<'_>) -> anyhow::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text)?.to_owned()),
        other => bail!("has a value of type {}, which Tenantry never writes", other.data_type()),
    })
}

/// A database that does not exist yet, or that has no rows.
pub(super) struct Target {
    config: RuntimeConfig,
    /// Held until the end, so that no server starts meanwhile.
    stores: Stores,
}

impl Target {
    /// Checks that no data would be lost and that no server runs.
    pub(super) fn open(data: &Path, runtime_config: Option<&Path>) -> anyhow::Result<Self> {
        let config = RuntimeConfig::read(runtime_config, data)?;
        let mut stores = Stores::default();
        stores.open_all(config.key_value_files().filter(|path| path.exists()))?;
        let database = config.default_database()?;
        if database.exists() {
            let named = || format!("{}: cannot be read", database.display());
            let found = copy::open(database).and_then(|old| first_table_with_rows(&old));
            if let Some(table) = found.with_context(named)? {
                bail!(
                    "{}: table {table} has rows already; import into an empty database: \
                     name another directory with --data, or move this database away",
                    database.display()
                );
            }
        }
        Ok(Self { config, stores })
    }

    /// Makes the whole database under another name, then renames it.
    pub(super) fn fill(
        mut self,
        file: &Path,
        survey: &Survey,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let database = self.config.default_database()?;
        let place = directory(database);
        crate::system::private::folder(place)
            .with_context(|| format!("{}: cannot be made", place.display()))?;
        self.stores.open_all(self.config.key_value_files())?;
        if database.exists() {
            merge_wal(database)?;
        }
        let partial = AtomicFile::create(database)?;
        insert(partial.path(), file, survey, progress)?;
        partial.sync()?;
        chown_like(place, partial.path());
        self.stores.empty()?;
        remove_side_files(database, None)?;
        partial.finish()
    }
}

/// The names of all tables in the file but those of SQLite itself.
fn tables(database: &Connection) -> rusqlite::Result<Vec<String>> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' \
                  AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    database.prepare(tables)?.query_map([], |row| row.get(0))?.collect()
}

/// The first table that has a row. All tables of the file are checked, also unknown ones.
fn first_table_with_rows(database: &Connection) -> rusqlite::Result<Option<String>> {
    for name in tables(database)?.into_iter().filter(|name| name != "schema_migrations") {
        let any = format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", name.replace('"', "\"\""));
        if database.query_row(&any, [], |row| row.get(0))? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Makes the database in the empty file `path`.
fn insert(
    path: &Path,
    file: &Path,
    survey: &Survey,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let named = || format!("{}: cannot be written", path.display());
    let mut database = open(path).with_context(named)?;
    let transaction = database.transaction().with_context(named)?;
    migrate::create(&transaction).context("the schema cannot be made")?;
    let mut statements = BTreeMap::new();
    for table in TABLES {
        let all = transaction.prepare(&format!("SELECT * FROM {table}")).with_context(named)?;
        let columns = columns(&all);
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", "));
        statements.insert(table, (columns, transaction.prepare(&sql).with_context(named)?));
    }
    let (mut reader, mut number) = (Reader::open(file)?, 0_u64);
    while let Some(row) = reader.next()? {
        let Some((columns, statement)) = statements.get_mut(row.table.as_str()) else {
            return Err(reader.wrong("names no table"));
        };
        let values = reader.values(&row, columns)?;
        let inserted = statement.execute(params_from_iter(values));
        inserted.map_err(|error| reader.wrong(&format!("table {}: {error}", row.table)))?;
        number += 1;
        progress.report(|_| format!("Imported {number} of {} rows", survey.total()));
    }
    drop(statements);
    // The numbering continues after the last number that was ever given. The event with that number
    // may not exist any more.
    let sequence = "INSERT INTO sqlite_sequence SELECT 'events', ?1 WHERE ?1 > 0";
    transaction
        .execute("DELETE FROM sqlite_sequence WHERE name = 'events'", [])
        .and_then(|_| transaction.execute(sequence, [survey.events_seq]))
        .and_then(|_| transaction.commit())
        .and_then(|()| database.pragma_update(None, "journal_mode", "DELETE"))
        .with_context(named)
}

/// Opens the database without a journal. Nobody else uses the file yet, and it is removed if
/// anything fails.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    database.pragma_update(None, "journal_mode", "OFF")?;
    database.pragma_update(None, "synchronous", "OFF")?;
    database.pragma_update(None, "foreign_keys", "ON")?;
    Ok(database)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
