//! The version of the schema that a database has.

use super::Client;
use anyhow::ensure;
use migrations::VERSION;

/// The version of the schema; 0 if the database has none.
pub(crate) async fn version(client: &Client) -> anyhow::Result<i64> {
    let there = "SELECT to_regclass('schema_migrations') IS NOT NULL";
    if !client.query_one(there, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_migrations";
    Ok(client.query_one(newest, &[]).await?.get(0))
}

/// Refuses a schema that a newer release has made.
pub(crate) fn not_newer(found: i64) -> anyhow::Result<()> {
    ensure!(
        found <= VERSION,
        "the database has schema version {found}, this release knows {VERSION}; use the newer release"
    );
    Ok(())
}
