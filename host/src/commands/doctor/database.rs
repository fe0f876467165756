//! Checks of PostgreSQL: whether it can be used, its schema, its clock and its keys.

use super::finding::{Finding, clock};
use super::keys;
use crate::config::variables::Variables;
use crate::preflight::databases::{self, Access, check_usable};
use crate::stores::postgres;
use migrations::VERSION;

/// Selects the newest signing key.
pub(super) const NEWEST_KEY: &str = "SELECT id, sealed FROM signing_keys \
                                     WHERE retired_at IS NULL ORDER BY created_at DESC LIMIT 1";

pub(super) async fn postgres(variables: &Variables) -> Vec<Finding> {
    let mut found = Vec::new();
    for access in databases::writers(variables) {
        found.extend(writer(&access, variables, found.is_empty()).await);
    }
    for access in databases::readers(variables) {
        found.push(reader(&access).await);
    }
    found
}

/// Checks a writer. All functions share one server and its clock, so only the first check looks at
/// the clock.
async fn writer(access: &Access<'_>, variables: &Variables, first: bool) -> Vec<Finding> {
    let remedy = format!(
        "correct the variable {}, or what it leads to; docs/guides/scaling.md shows how to set it \
         up",
        access.variable
    );
    let client = match postgres::connect(access.url).await {
        Ok(client) => client,
        Err(error) => return vec![Finding::fail("database", format!("{error:#}"), &remedy)],
    };
    if let Err(error) = check_usable(&client, access.function).await {
        return vec![Finding::refused("database", &error, &remedy)];
    }
    let whose = access.function.map(|function| format!(" of {function}")).unwrap_or_default();
    let text = format!(
        "PostgreSQL: schema version {VERSION}, and a role{whose} that the policies hold for"
    );
    let mut found = vec![Finding::pass("database", text)];
    let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT";
    if first && let Ok(row) = client.query_one(now, &[]).await {
        found.push(clock("PostgreSQL", row.get(0)));
    }
    // If the role may not read the keys, then there is no finding about them.
    if let Ok(row) = client.query_opt(NEWEST_KEY, &[]).await {
        let key = row.map(|row| (row.get::<_, String>(0), row.get::<_, String>(1)));
        found.push(keys::signing(variables, key));
    }
    found
}

/// Checks a replica. An unavailable replica costs time. One that cannot be used keeps a server from
/// starting.
async fn reader(access: &Access<'_>) -> Finding {
    let client = match postgres::connect(access.url).await {
        Ok(client) => client,
        Err(error) => {
            let remedy = format!(
                "correct the variable {}, or leave it empty; until then each read tries the \
                 replica before it goes to the writer",
                access.variable
            );
            return Finding::warn("replica", format!("{error:#}"), &remedy);
        }
    };
    match check_usable(&client, access.function).await {
        Ok(()) => Finding::pass("replica", "answers, and has the schema"),
        Err(error) => Finding::refused("replica", &error, "see docs/guides/scaling.md"),
    }
}
