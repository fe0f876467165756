//! `tenantry migrate`: brings the schema of PostgreSQL up to date. It needs the role that owns the
//! tables. The functions never get that role: their roles can neither change tables nor see rows
//! that the row-level security policies hide.

use crate::stores::postgres::schema::{not_newer, version};
use crate::stores::postgres::{self, Client};
use anyhow::{Context as _, bail, ensure};
use migrations::rights::{self, FUNCTIONS};
use migrations::{ALL, Dialect, Fill, GRANTS, VERSION};
use tokio_postgres::types::ToSql;

/// The PostgreSQL roles that the functions use.
#[derive(Clone, Debug)]
pub enum Roles {
    /// One role for all functions.
    One(String),
    /// One role for each function. Its name is this prefix, `_`, and the name of the function.
    Each(String),
}

impl From<&str> for Roles {
    fn from(role: &str) -> Self {
        Self::One(role.to_owned())
    }
}

impl From<&String> for Roles {
    fn from(role: &String) -> Self {
        Self::One(role.clone())
    }
}

impl Roles {
    /// The names of the roles, each with its function; `None` means all functions.
    fn names(&self) -> Vec<(String, Option<&'static str>)> {
        match self {
            Self::One(role) => vec![(role.clone(), None)],
            Self::Each(prefix) => {
                FUNCTIONS.map(|function| (format!("{prefix}_{function}"), Some(function))).into()
            }
        }
    }
}

/// Applies the missing migrations, each in one transaction. If several processes start at once,
/// then one works and the others wait. Afterwards the roles get the rights of the functions. `progress`
/// gets a line for each step.
///
/// # Errors
///
/// One sentence that says what was found and what to do. The schema is then in the state after the
/// last migration that `progress` was told of.
pub async fn migrate(
    url: &str,
    roles: impl Into<Roles>,
    progress: impl Fn(&str),
) -> anyhow::Result<()> {
    let client = postgres::connect(url).await?;
    let roles = roles.into();
    let option = match &roles {
        Roles::One(_) => "--app-role",
        Roles::Each(_) => "--function-roles: role",
    };
    for (role, _) in roles.names() {
        check_role(&client, option, &role).await?;
    }
    lock(&client, &progress).await?;
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
            if number == VERSION {
                postgres::policies::hold(&client).await?;
            }
            let end = format!(
                "INSERT INTO schema_migrations VALUES \
                 ({number}, (extract(epoch FROM now()) * 1000)::BIGINT); COMMIT"
            );
            anyhow::Ok(client.batch_execute(&end).await?)
        };
        // If this fails, then the connection ends, and the server rolls the transaction back.
        apply.await.with_context(|| format!("migration {} failed", migration.name))?;
        progress(&format!("Applied {}", migration.name));
    }
    postgres::policies::hold(&client).await?;
    for (role, function) in roles.names() {
        match function {
            None => grant(&client, &role).await?,
            Some(function) => grant_own(&client, function, &role).await?,
        }
        let whose = function.unwrap_or("the functions");
        progress(&format!("Schema version {VERSION}; role {role} has the rights of {whose}"));
    }
    Ok(())
}

/// Rewrites rows in batches.
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

/// Refuses a role that the row-level security policies do not restrict: a superuser, a role with
/// BYPASSRLS, or the role that owns the tables. The functions must not have such a role.
async fn check_role(client: &Client, option: &str, role: &str) -> anyhow::Result<()> {
    let row = client
        .query_opt(
            "SELECT rolsuper OR rolbypassrls, rolname = current_user FROM pg_roles WHERE rolname = $1",
            &[&role],
        )
        .await?;
    let Some(row) = row else {
        bail!(
            "{option} {role}: there is no such role; make it with: \
             CREATE ROLE \"{role}\" LOGIN PASSWORD '…'"
        );
    };
    let (above, own): (bool, bool) = (row.get(0), row.get(1));
    ensure!(
        !above,
        "{option} {role}: is a superuser or has BYPASSRLS, so no policy holds for it; \
         make another with: CREATE ROLE … LOGIN PASSWORD '…'"
    );
    ensure!(
        !own,
        "{option} {role}: is the role that owns the tables; the functions need another, \
         make it with: CREATE ROLE … LOGIN PASSWORD '…'"
    );
    Ok(())
}

/// Takes the lock of migrations. It is held until the connection ends.
async fn lock(client: &Client, progress: &impl Fn(&str)) -> anyhow::Result<()> {
    let name = "hashtextextended('tenantry migrate', 0)";
    let free = format!("SELECT pg_try_advisory_lock({name})");
    if !client.query_one(&free, &[]).await?.get::<_, bool>(0) {
        progress("Waiting for another migration of this database");
        client.batch_execute(&format!("SELECT pg_advisory_lock({name})")).await?;
    }
    Ok(())
}

/// Grants a function's own role its rights, all in one transaction: a function whose role has lost
/// its rights stops working.
async fn grant_own(client: &Client, function: &str, role: &str) -> anyhow::Result<()> {
    let sql = "SELECT quote_ident($1), quote_ident(current_schema())";
    let row = client.query_one(sql, &[&role]).await?;
    let (quoted, schema): (String, String) = (row.get(0), row.get(1));
    let statements = rights::grants(function, &quoted, &schema).join(";\n");
    let granted = client.batch_execute(&format!("BEGIN; {statements}; COMMIT")).await;
    granted.with_context(|| format!("role {role}: rights cannot be granted"))
}

async fn grant(client: &Client, role: &str) -> anyhow::Result<()> {
    client.execute("SELECT set_config('tenantry.app_role', $1, false)", &[&role]).await?;
    let granted = client.batch_execute(GRANTS).await;
    granted.with_context(|| format!("--app-role {role}: rights cannot be granted"))
}
