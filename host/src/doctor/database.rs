//! PostgreSQL: whether it can be used, its schema, its clock and its keys.

use super::{Finding, clock, keys};
use crate::postgres;
use crate::site::{self, usable};
use crate::variables::Variables;
use migrations::VERSION;

/// The key that signs.
pub(super) const NEWEST_KEY: &str = "SELECT id, sealed FROM signing_keys \
                                     WHERE retired_at IS NULL ORDER BY created_at DESC LIMIT 1";

pub(super) async fn postgres(url: &str, variables: &Variables) -> Vec<Finding> {
    let remedy = "correct the variable postgres_url, or what it leads to; \
                  docs/guides/scaling.md shows how to set it up";
    let client = match postgres::connect(url).await {
        Ok(client) => client,
        Err(error) => return vec![Finding::bad("database", format!("{error:#}"), remedy)],
    };
    if let Err(error) = usable(&client).await {
        return vec![Finding::refused("database", &error, remedy)];
    }
    let text =
        format!("PostgreSQL: schema version {VERSION}, and a role that the policies hold for");
    let mut found = vec![Finding::good("database", text)];
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

/// A replica that is away costs time; one that cannot be used keeps a server from starting.
async fn reader(url: &str) -> Finding {
    let client = match postgres::connect(url).await {
        Ok(client) => client,
        Err(error) => {
            let remedy = "correct the variable postgres_reader_url, or leave it empty; until \
                          then each read tries the replica before it goes to the writer";
            return Finding::doubtful("replica", format!("{error:#}"), remedy);
        }
    };
    match usable(&client).await {
        Ok(()) => Finding::good("replica", "answers, and has the schema"),
        Err(error) => Finding::refused("replica", &error, "see docs/guides/scaling.md"),
    }
}
