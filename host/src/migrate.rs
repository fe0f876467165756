//! `tenantry migrate`: brings the schema of PostgreSQL up to date. It needs the role that
//! owns the tables, which the functions never get: theirs can neither change tables nor see
//! rows past the policies.

use crate::postgres::{self, Client};
use anyhow::{Context as _, bail, ensure};
use migrations::{ALL, Dialect, Fill, GRANTS, VERSION};
use tokio_postgres::types::ToSql;

/// Applies what is missing, one transaction for each migration. Of several that start at
/// once one works and the others wait. `app_role` then gets the rights of the functions.
/// `tell` gets a line for each thing that is done.
///
/// # Errors
/// One sentence that names what was found and what to do; then the schema is as the last
/// migration that was told has left it.
pub async fn migrate(url: &str, app_role: &str, tell: impl Fn(&str)) -> anyhow::Result<()> {
    let client = postgres::connect(url).await?;
    check_role(&client, app_role).await?;
    lock(&client, &tell).await?;
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations \
             (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
        )
        .await
        .context("the role may not create tables; use the one that owns the database")?;
    let found = version(&client).await?;
    not_newer(found)?;
    for (number, migration) in (1..).zip(&ALL).skip(usize::try_from(found)?) {
        let statements = migration.statements(Dialect::Postgres).join(";\n");
        let apply = async {
            client.batch_execute(&format!("BEGIN; {statements}")).await?;
            for fill in migration.fills() {
                run(&client, fill).await?;
            }
            let end = format!(
                "INSERT INTO schema_migrations VALUES \
                 ({number}, (extract(epoch FROM now()) * 1000)::BIGINT); COMMIT"
            );
            client.batch_execute(&end).await
        };
        // The connection ends with an error, and with it the transaction.
        apply.await.with_context(|| format!("migration {} failed", migration.name))?;
        tell(&format!("Applied {}", migration.name));
    }
    grant(&client, app_role).await?;
    tell(&format!("Schema version {VERSION}; role {app_role} has what the functions need"));
    Ok(())
}

/// Writes rows anew, piece by piece.
async fn run(client: &Client, fill: &Fill) -> Result<(), tokio_postgres::Error> {
    let mut place = (String::new(), String::new());
    loop {
        let rows = client.query(fill.select, &[&place.0, &place.1]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            place = (row.get(0), row.get(1));
            let columns: Vec<Option<String>> = (2..row.len()).map(|at| row.get(at)).collect();
            let written = (fill.change)(&columns);
            let written = written.iter().map(|text| text as &(dyn ToSql + Sync));
            let key: [&(dyn ToSql + Sync); 2] = [&place.0, &place.1];
            client
                .execute(fill.update, &key.into_iter().chain(written).collect::<Vec<_>>())
                .await?;
        }
    }
}

/// The version of the schema; 0 of an empty database.
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

/// What the policies do not hold for must not be what the functions are.
async fn check_role(client: &Client, role: &str) -> anyhow::Result<()> {
    let row = client
        .query_opt(
            "SELECT rolsuper OR rolbypassrls, rolname = current_user FROM pg_roles WHERE rolname = $1",
            &[&role],
        )
        .await?;
    let Some(row) = row else {
        bail!(
            "--app-role {role}: there is no such role; make it with: \
             CREATE ROLE \"{role}\" LOGIN PASSWORD '…'"
        );
    };
    let (above, own): (bool, bool) = (row.get(0), row.get(1));
    ensure!(
        !above,
        "--app-role {role}: is a superuser or has BYPASSRLS, so no policy holds for it; \
         make another with: CREATE ROLE … LOGIN PASSWORD '…'"
    );
    ensure!(
        !own,
        "--app-role {role}: is the role that owns the tables; the functions need another, \
         make it with: CREATE ROLE … LOGIN PASSWORD '…'"
    );
    Ok(())
}

/// Held until the connection ends.
async fn lock(client: &Client, tell: &impl Fn(&str)) -> anyhow::Result<()> {
    let name = "hashtextextended('tenantry migrate', 0)";
    let free = format!("SELECT pg_try_advisory_lock({name})");
    if !client.query_one(&free, &[]).await?.get::<_, bool>(0) {
        tell("Waiting for another migration of this database");
        client.batch_execute(&format!("SELECT pg_advisory_lock({name})")).await?;
    }
    Ok(())
}

async fn grant(client: &Client, role: &str) -> anyhow::Result<()> {
    client.execute("SELECT set_config('tenantry.app_role', $1, false)", &[&role]).await?;
    let granted = client.batch_execute(GRANTS).await;
    granted.with_context(|| format!("--app-role {role}: rights cannot be granted"))
}
