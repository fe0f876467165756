//! Checks of the files of the embedded stores. The files are read in place. The checks neither
//! create nor change any.

use super::database::NEWEST_KEY;
use super::finding::Finding;
use super::keys;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::Variables;
use crate::stores::sqlite::copy;
use crate::system::private;
use migrations::VERSION;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;

/// Reports a data folder whose rights a start does not narrow, because it holds other things too.
pub(super) fn folder(data: &Path) -> Option<Finding> {
    let mode = private::not_narrowed(data)?;
    let place = data.display();
    Some(Finding::warn(
        "data",
        format!("{place} is open to other users of this machine (mode {mode:o})"),
        &format!("chmod 700 {place}, or name a directory of its own with --data"),
    ))
}

pub(super) fn key_value(label: &str, path: &Path) -> Finding {
    let place = path.display();
    if path.exists() && !has_wal(path) {
        let pairs =
            open_read_only(path).and_then(|file| count(&file, "SELECT count(*) FROM key_value"));
        if let Err(error) = pairs {
            return Finding::fail(
                "key-value",
                format!("{label:?}: {place}: {error}"),
                "move the file away: its content expires, or the server makes it again",
            );
        }
    }
    Finding::pass("key-value", format!("{label:?} is the file {place}, for one server"))
}

pub(super) fn database(config: &RuntimeConfig, variables: &Variables) -> Vec<Finding> {
    let Ok(path) = config.default_database() else { return Vec::new() };
    let place = path.display();
    if !path.exists() {
        let text = format!("SQLite: {place} is made by the first request");
        return vec![Finding::pass("database", text)];
    }
    let bad = |text: String, remedy| vec![Finding::fail("database", text, remedy)];
    let other = "name another directory with --data";
    let looked = open_read_only(path).and_then(|database| Ok((version(&database)?, database)));
    match looked {
        Err(error) => {
            let damaged = [ErrorCode::NotADatabase, ErrorCode::DatabaseCorrupt];
            let is_damaged = error.sqlite_error_code().is_some_and(|code| damaged.contains(&code));
            let remedy = match is_damaged {
                true => {
                    "restore a backup with `tenantry restore`, or name another directory with --data"
                }
                false => "run this as the user that the server runs as",
            };
            bad(format!("SQLite: {place}: {error}"), remedy)
        }
        Ok((None, _)) => bad(format!("SQLite: {place} is not a database of Tenantry"), other),
        Ok((Some(version), _)) if version > VERSION => bad(
            format!("SQLite: {place} has schema version {version}, this release knows {VERSION}"),
            "use the newer release",
        ),
        Ok((Some(version), database)) => {
            let rest =
                if version < VERSION { "; the first request brings it up to date" } else { "" };
            let text = format!("SQLite: {place} has schema version {version} of {VERSION}{rest}");
            let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let key = database.query_row(NEWEST_KEY, [], read).ok();
            vec![Finding::pass("database", text), keys::signing(variables, key)]
        }
    }
}

/// The version of the schema; 0 for an empty database, and `None` for a database of another
/// program.
fn version(database: &Connection) -> rusqlite::Result<Option<i64>> {
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
    let ours = format!("{tables} AND name = 'schema_migrations'");
    Ok(match (count(database, &ours)?, count(database, tables)?) {
        (0, 0) => Some(0),
        (0, _) => None,
        _ => Some(count(database, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations")?),
    })
}

fn count(database: &Connection, sql: &str) -> rusqlite::Result<i64> {
    database.query_row(sql, [], |row| row.get(0))
}

/// Opens a file to look into it. A file that nobody has open is opened as immutable. Otherwise
/// SQLite would make a WAL beside it and leave it there.
fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    if has_wal(path) {
        return copy::open(path);
    }
    let mut name = String::new();
    for c in path.to_string_lossy().chars() {
        match c {
            '%' | '?' | '#' => name.push_str(&format!("%{:02X}", u32::from(c))),
            c => name.push(c),
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)
}

fn has_wal(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    Path::new(&wal).exists()
}
