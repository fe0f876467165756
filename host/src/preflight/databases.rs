//! Checks whether a server may start on PostgreSQL. A problem that would otherwise appear at the
//! first request is reported before the start, with what to do.

use crate::config::variables::Variables;
use crate::stores::postgres::schema::{not_newer, version};
use crate::stores::postgres::{self, Client};
use anyhow::{Context as _, ensure};
use migrations::VERSION;
use migrations::rights::FUNCTIONS;

/// The variables that name databases.
pub(crate) const WRITER: &str = "postgres_url";
pub(crate) const READER: &str = "postgres_reader_url";

/// Checks the databases that the variables name, if they name any.
///
/// # Errors
/// One sentence that begins with the name of the variable.
pub(crate) async fn check(variables: &Variables) -> anyhow::Result<()> {
    check_consistent(variables)?;
    for Access { variable, function, url } in writers(variables) {
        let checked = async { check_usable(&postgres::connect(url).await?, function).await };
        checked.await.with_context(|| format!("variable {variable}"))?;
    }
    for Access { variable, function, url } in readers(variables) {
        // A replica may be unavailable, because reads then go to the writer.
        if let Ok(client) = postgres::connect(url).await {
            check_usable(&client, function)
                .await
                .with_context(|| format!("variable {variable}"))?;
        }
    }
    Ok(())
}

/// A variable that leads to a database, and the one function that uses it; `None` means all
/// functions.
pub(crate) struct Access<'a> {
    pub(crate) variable: String,
    pub(crate) function: Option<&'static str>,
    pub(crate) url: &'a str,
}

/// The databases that functions write to: one for all functions, one for each function, or none.
/// None means SQLite.
pub(crate) fn writers(variables: &Variables) -> Vec<Access<'_>> {
    accesses(variables, WRITER)
}

/// The databases that functions read from, if there are replicas.
pub(crate) fn readers(variables: &Variables) -> Vec<Access<'_>> {
    accesses(variables, READER)
}

fn accesses<'a>(variables: &'a Variables, name: &str) -> Vec<Access<'a>> {
    let common = [(name.to_owned(), None)];
    let own = FUNCTIONS.map(|function| (format!("{name}_{function}"), Some(function)));
    let all = common.into_iter().chain(own).filter_map(|(variable, function)| {
        let url = non_empty(variables, &variable)?;
        Some(Access { variable, function, url })
    });
    all.collect()
}

/// Fails unless all functions have one common URL, or each has its own. Mixing both would give a
/// function with its own role the rights of the common role too, because it would have that URL.
fn check_not_mixed(variables: &Variables, name: &str) -> anyhow::Result<()> {
    let found = accesses(variables, name);
    let own = found.iter().filter(|access| access.function.is_some()).count();
    ensure!(
        own == 0 || (own == FUNCTIONS.len() && found.len() == own),
        "variable {name}: is for all functions, and {name}_{{{}}} are for single functions; set \
         only the one, or only all of the others",
        FUNCTIONS.join(",")
    );
    Ok(())
}

/// Refuses variables that contradict each other. This needs no database.
pub(crate) fn check_consistent(variables: &Variables) -> anyhow::Result<()> {
    for (name, host) in [(WRITER, "postgres_host"), (READER, "postgres_reader_host")] {
        check_not_mixed(variables, name)?;
        for access in accesses(variables, name) {
            check_reachable(variables, &access, host)?;
        }
    }
    let alone = !readers(variables).is_empty() && writers(variables).is_empty();
    ensure!(!alone, "variable {READER}: is set, and {WRITER} is not; set both or none");
    Ok(())
}

/// Fails if the host that the manifest lets functions reach is not the host in the URL that they
/// connect to. Two different variables name these hosts.
fn check_reachable(variables: &Variables, access: &Access<'_>, host: &str) -> anyhow::Result<()> {
    let Some(granted) = non_empty(variables, host) else { return Ok(()) };
    let Some(place) = postgres::place(access.url) else { return Ok(()) };
    let url = &access.variable;
    ensure!(
        place == granted || place == format!("{granted}:5432"),
        "variable {host}: is {granted}, and {url} leads to {place}, which the functions may not \
         reach; set SPIN_VARIABLE_{}={place}",
        host.to_ascii_uppercase()
    );
    Ok(())
}

/// The value of a variable, unless it is empty.
pub(crate) fn non_empty<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables.get(name).map(str::trim).filter(|value| !value.is_empty())
}

/// Refuses a database that the functions could not use, or that would not restrict them to the rows
/// that they may see.
pub(crate) async fn check_usable(client: &Client, function: Option<&str>) -> anyhow::Result<()> {
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
    postgres::policies::hold(client).await?;
    let owns = "SELECT pg_has_role(current_user, relowner, 'member') FROM pg_class \
                WHERE oid = 'projects'::regclass";
    ensure!(
        !client.query_one(owns, &[]).await?.get::<_, bool>(0),
        "role {name} owns the tables and could take their policies away; use the role that \
         `tenantry migrate --app-role` has prepared"
    );
    let (missing_rights_query, remedy) = match function {
        None => (
            "SELECT NOT (has_table_privilege('projects', 'INSERT') \
             AND has_table_privilege('events', 'INSERT') \
             AND has_sequence_privilege('events_seq', 'USAGE'))"
                .to_owned(),
            format!("run `tenantry migrate --app-role {name}` as the owner of the tables"),
        ),
        Some(function) => (
            missing_rights_query(function),
            "run `tenantry migrate --function-roles PREFIX` as the owner of the tables".to_owned(),
        ),
    };
    ensure!(
        !client.query_one(&missing_rights_query, &[]).await?.get::<_, bool>(0),
        "role {name} lacks rights; {remedy}"
    );
    Ok(())
}

/// An SQL query that says whether the role lacks the right to read a table that its function reads.
/// Rights to single columns are enough.
fn missing_rights_query(function: &str) -> String {
    let open: Vec<_> = migrations::rights::of(function)
        .map(|(table, _)| format!("has_any_column_privilege('{table}', 'SELECT')"))
        .collect();
    format!("SELECT NOT ({})", open.join(" AND "))
}
