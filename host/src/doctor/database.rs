//! The database: whether it can be used, its schema, its clock and its keys.

use super::{Finding, clock, keys};
use crate::postgres;
use crate::runtime_config::RuntimeConfig;
use crate::site::{self, usable};
use crate::variables::Variables;
use migrations::VERSION;
use rusqlite::{Connection, OpenFlags};

const NEWEST_KEY: &str = "SELECT id, sealed FROM signing_keys WHERE retired_at IS NULL \
                          ORDER BY created_at DESC LIMIT 1";

pub(super) async fn postgres(url: &str, variables: &Variables) -> Vec<Finding> {
    let remedy = "correct the variable postgres_url, or what it leads to; \
                  docs/guides/scaling.md shows how to set it up";
    let client = match postgres::connect(url).await {
        Ok(client) => client,
        Err(error) => return vec![Finding::bad("database", format!("{error:#}"), remedy)],
    };
    let mut found = Vec::new();
    match usable(&client).await {
        Ok(()) => {
            let text =
                format!("PostgreSQL has schema version {VERSION}, and rights as they should be");
            found.push(Finding::good("database", text));
        }
        Err(error) => {
            let (text, remedy) = split(&format!("{error:#}"));
            return vec![Finding::bad("database", text, &remedy)];
        }
    }
    let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT";
    if let Ok(row) = client.query_one(now, &[]).await {
        found.push(clock("PostgreSQL", row.get(0)));
    }
    if let Ok(row) = client.query_opt(NEWEST_KEY, &[]).await {
        let key = row.map(|row| (row.get::<_, String>(0), row.get::<_, String>(1)));
        found.push(keys::signing(variables, key));
    }
    if let Some(url) = site::set(variables, site::READER) {
        found.push(reader(url).await);
    }
    found
}

async fn reader(url: &str) -> Finding {
    let remedy = "correct the variable postgres_reader_url, or leave it empty; until then reads \
                  go to the writer after a time-out";
    let checked = async { usable(&postgres::connect(url).await?).await };
    match checked.await {
        Ok(()) => Finding::good("replica", "answers, and has the schema"),
        Err(error) => Finding::doubtful("replica", format!("{error:#}"), remedy),
    }
}

pub(super) fn sqlite(config: &RuntimeConfig, variables: &Variables) -> Vec<Finding> {
    let Ok(path) = config.default_database() else { return Vec::new() };
    if !path.exists() {
        let text = format!("SQLite: {} is made by the first request", path.display());
        return vec![Finding::good("database", text)];
    }
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let version = opened.as_ref().map_err(ToString::to_string).and_then(|database| {
        let sql = "SELECT COALESCE(MAX(version), 0) FROM schema_migrations";
        database.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| error.to_string())
    });
    let place = path.display();
    match version {
        Err(error) => vec![Finding::bad(
            "database",
            format!("SQLite: {place}: {error}"),
            "restore a backup with `tenantry restore`, or name another directory with --data",
        )],
        Ok(version) if version > VERSION => vec![Finding::bad(
            "database",
            format!("SQLite: {place} has schema version {version}, this release knows {VERSION}"),
            "use the newer release",
        )],
        Ok(version) => {
            let text = format!("SQLite: {place} has schema version {version} of {VERSION}");
            let key = opened.ok().and_then(|database| {
                database.query_row(NEWEST_KEY, [], |row| Ok((row.get(0)?, row.get(1)?))).ok()
            });
            vec![Finding::good("database", text), keys::signing(variables, key)]
        }
    }
}

/// What was found and what to do, which `usable` says in one sentence.
fn split(told: &str) -> (String, String) {
    let (found, remedy) = told.split_once("; ").unwrap_or((told, "see docs/guides/scaling.md"));
    (found.to_owned(), remedy.to_owned())
}
