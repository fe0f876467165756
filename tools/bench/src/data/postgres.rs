//! The projects in PostgreSQL.

use anyhow::{Context as _, ensure};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::plan::{CURSOR_KEY, Plan, TOLD};
use super::rows::{COLUMNS, DESCRIPTION, Row, rows};
use crate::external::Shared;

/// The number of rows in one statement.
const BATCH: usize = 10_000;

/// Writes the projects and the key of the cursors, with the role that owns the tables.
pub(super) async fn fill(shared: &Shared, plan: &Plan<'_>) -> anyhow::Result<Vec<String>> {
    let client = shared.connect().await?;
    let key = "INSERT INTO secrets (name, value, created_at) VALUES ('cursor', $1, $2)";
    client.execute(key, &[&CURSOR_KEY, &plan.now]).await?;
    // An index is made faster by one sort at the end than row by row.
    let indexes = indexes(&client).await?;
    for (name, _) in &indexes {
        client.batch_execute(&format!("DROP INDEX {name}")).await?;
    }
    let ids = insert(&client, plan).await?;
    for (name, sql) in &indexes {
        if plan.count >= TOLD {
            eprintln!("  index {name}");
        }
        client.batch_execute(sql).await?;
    }
    // Autovacuum would otherwise do this some time later, in the middle of a measurement.
    client.batch_execute("VACUUM (ANALYZE)").await?;
    Ok(ids)
}

/// Adds events like the first one of a project.
pub(super) async fn add_events(shared: &Shared, count: u64) -> anyhow::Result<()> {
    let client = shared.connect().await?;
    let sql = "INSERT INTO events (tenant_id, id, type, schema_version, subject, source_agent, \
         data, trace_id, created_at) \
         SELECT tenant_id, 'evt_' || lpad(number::text, 22, '0'), type, schema_version, \
         'prj_' || lpad(number::text, 22, '0'), source_agent, data, trace_id, created_at \
         FROM generate_series(1, $1::bigint) AS number, \
         (SELECT * FROM events WHERE type = 'project.created' ORDER BY seq LIMIT 1) AS first \
         ORDER BY number";
    let added = client.execute(sql, &[&i64::try_from(count)?]).await?;
    ensure!(added == count, "{added} events were added, and not {count}");
    // Autovacuum would otherwise do this some time later, in the middle of a measurement.
    client.batch_execute("VACUUM (ANALYZE)").await?;
    Ok(())
}

/// The indexes of projects except the one of its key: their names, and the statements that make
/// them.
async fn indexes(client: &Client) -> anyhow::Result<Vec<(String, String)>> {
    let find = "SELECT indexname::text, indexdef FROM pg_indexes \
         WHERE tablename = 'projects' AND indexname <> 'projects_pkey'";
    let rows = client.query(find, &[]).await?;
    let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    pairs.collect()
}

/// COPY would be only a little faster, and does not work for tables with row-level security.
async fn insert(client: &Client, plan: &Plan<'_>) -> anyhow::Result<Vec<String>> {
    let insert = client
        .prepare(&format!(
            "INSERT INTO {COLUMNS} SELECT $1, id, $2, name, $3, status, labels, tags, 1, created_at, \
             updated_at FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
             $9::bigint[], $10::bigint[]) \
             AS given (id, name, status, labels, tags, created_at, updated_at)"
        ))
        .await?;
    let mut rows = rows(plan.count, plan.now)?;
    let mut ids = Vec::new();
    loop {
        let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(ids);
        }
        let texts = |of: fn(&Row) -> &str| batch.iter().map(of).collect::<Vec<_>>();
        let times = |of: fn(&Row) -> i64| batch.iter().map(of).collect::<Vec<_>>();
        let columns: [&(dyn ToSql + Sync); 10] = [
            &plan.tenant,
            &plan.owner,
            &DESCRIPTION,
            &texts(|row| &row.id),
            &texts(|row| &row.name),
            &texts(|row| row.status),
            &texts(|row| row.labels),
            &texts(|row| row.tags),
            &times(|row| row.created_at),
            &times(|row| row.updated_at),
        ];
        client.execute(&insert, &columns).await.context("the projects")?;
        ids.extend(batch.into_iter().map(|row| row.id));
        if (ids.len() as u64).is_multiple_of(TOLD) {
            eprintln!("  {} rows", ids.len());
        }
    }
}
