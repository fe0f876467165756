//! Whether a server may start on PostgreSQL: what would otherwise go wrong at the first
//! request is said before it, with what to do.

use crate::migrate::{not_newer, version};
use crate::postgres::{self, Client};
use crate::variables::Variables;
use anyhow::{Context as _, ensure};
use migrations::VERSION;
use tokio_postgres::Row;

/// The variables that name databases.
pub(crate) const WRITER: &str = "postgres_url";
pub(crate) const READER: &str = "postgres_reader_url";

/// Checks the databases that the variables name, if they name any.
///
/// # Errors
/// One sentence that begins with the variable.
pub(crate) async fn check(variables: &Variables) -> anyhow::Result<()> {
    consistent(variables)?;
    if let Some(url) = set(variables, WRITER) {
        let checked = async { usable(&postgres::connect(url).await?).await };
        checked.await.with_context(|| format!("variable {WRITER}"))?;
    }
    if let Some(url) = set(variables, READER) {
        // A replica may be away: reads then go to the writer.
        if let Ok(client) = postgres::connect(url).await {
            usable(&client).await.with_context(|| format!("variable {READER}"))?;
        }
    }
    Ok(())
}

/// Refuses variables that contradict each other, which can be told without a database.
pub(crate) fn consistent(variables: &Variables) -> anyhow::Result<()> {
    for (url, host) in [(WRITER, "postgres_host"), (READER, "postgres_reader_host")] {
        reachable(variables, url, host)?;
    }
    let alone = set(variables, READER).is_some() && set(variables, WRITER).is_none();
    ensure!(!alone, "variable {READER}: is set, and {WRITER} is not; set both or none");
    Ok(())
}

/// The manifest lets functions reach the host that one variable names, and they go to the one
/// in the URL of another.
fn reachable(variables: &Variables, url: &str, host: &str) -> anyhow::Result<()> {
    let (Some(address), Some(granted)) = (set(variables, url), set(variables, host)) else {
        return Ok(());
    };
    let Some(place) = postgres::place(address) else { return Ok(()) };
    ensure!(
        place == granted || place == format!("{granted}:5432"),
        "variable {host}: is {granted}, and {url} leads to {place}, which the functions may not \
         reach; set SPIN_VARIABLE_{}={place}",
        host.to_ascii_uppercase()
    );
    Ok(())
}

/// The value of a variable, unless it is empty.
pub(crate) fn set<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(str::trim).filter(|value| !value.is_empty())
}

/// Refuses a database that the functions could not use, or that would not guard its rows.
pub(crate) async fn usable(client: &Client) -> anyhow::Result<()> {
    let role = client
        .query_one(
            "SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user",
            &[],
        )
        .await?;
    let name: String = role.get(0);
    ensure!(
        !role.get::<_, bool>(1),
        "role {name} is a superuser or has BYPASSRLS, so no policy would guard tenants from \
         each other; use the role that `tenantry migrate --app-role` has prepared"
    );
    let found = version(client).await?;
    not_newer(found)?;
    ensure!(
        found == VERSION,
        "the database has schema version {found}, this release needs {VERSION}; run `tenantry migrate`"
    );
    let rights = client
        .query_one(
            "SELECT pg_has_role(current_user, c.relowner, 'member'), \
                 has_table_privilege('projects', 'INSERT') AND has_table_privilege('events', 'INSERT') \
                 AND has_sequence_privilege('events_seq', 'USAGE') \
             FROM pg_class c WHERE c.oid = 'projects'::regclass",
            &[],
        )
        .await?;
    let right = |row: &Row, index| row.get::<_, bool>(index);
    ensure!(
        !right(&rights, 0),
        "role {name} owns the tables and could take their policies away; use the role that \
         `tenantry migrate --app-role` has prepared"
    );
    ensure!(
        right(&rights, 1),
        "role {name} lacks rights; run `tenantry migrate --app-role {name}` as the owner of the tables"
    );
    Ok(())
}
