//! Whether a server may start on PostgreSQL: what would otherwise go wrong at the first
//! request is said before it, with what to do.

use crate::hosts::AllowedHosts;
use crate::manifest::Manifest;
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
pub(crate) async fn check(
    manifest: &Manifest,
    components: &[String],
    variables: &Variables,
) -> anyhow::Result<()> {
    if let Some(url) = set(variables, WRITER) {
        let checked = async { usable(&postgres::connect(url).await?).await };
        checked.await.with_context(|| format!("variable {WRITER}"))?;
    }
    writer_too(variables)?;
    if let Some(url) = set(variables, READER) {
        // A replica may be away: reads then go to the writer.
        if let Ok(client) = postgres::connect(url).await {
            usable(&client).await.with_context(|| format!("variable {READER}"))?;
        }
    }
    reachable(manifest, components, variables)
}

/// Refuses a replica of nothing.
pub(crate) fn writer_too(variables: &Variables) -> anyhow::Result<()> {
    let alone = set(variables, READER).is_some() && set(variables, WRITER).is_none();
    ensure!(!alone, "variable {READER}: is set, and {WRITER} is not; set both or none");
    Ok(())
}

/// Refuses a database that the functions may not reach: the manifest grants them the hosts
/// that stand in variables of their own.
pub(crate) fn reachable(
    manifest: &Manifest,
    components: &[String],
    variables: &Variables,
) -> anyhow::Result<()> {
    for (id, component) in manifest.components(components)? {
        let expanded = component.allowed_outbound_hosts.iter().map(|entry| variables.expand(entry));
        let hosts = AllowedHosts::parse(&expanded.collect::<Result<Vec<_>, _>>()?)?;
        for (name, host) in [(WRITER, "postgres_host"), (READER, "postgres_reader_host")] {
            let url = set(variables, name).filter(|_| component.variables.contains_key(name));
            let permitted = url.map_or(Ok(()), |url| postgres::permitted(&hosts, url));
            permitted.map_err(|why| {
                anyhow::anyhow!(
                    "variable {name}: component {id}: {why}; set the variable {host} to the \
                     host:port of the URL"
                )
            })?;
        }
    }
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
