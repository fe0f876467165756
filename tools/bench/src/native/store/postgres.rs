//! PostgreSQL: a pool of connections that keep their prepared statements.
//!
//! Row-level security shows a transaction only the rows of the tenant that it names. Statements
//! that do not need each other's answers are sent together (futures that are polled together are
//! sent in their order). So a read, and a create without a key, is one round trip.

use std::time::Duration;

use anyhow::Context as _;
use deadpool_postgres::{
    Client, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime,
};
use tokio::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Error, NoTls, Row, Statement};

use super::statements;
use crate::native::creation::Creation;
use crate::native::external::External;
use crate::native::moment::now;
use crate::native::problem::{Problem, internal};
use crate::native::project::Columns;
use crate::native::receipt::{Answer, Receipt};

/// The longest wait of a request for a connection.
const WAIT: Duration = Duration::from_secs(5);
const READ: &str = "SELECT set_config('tenantry.tenant_id', $1, true)";
/// The writers of a tenant wait for each other, so that its events are numbered in the order of
/// their commits.
const WRITE: &str = "SELECT set_config('lock_timeout', '10s', true), \
     set_config('idle_in_transaction_session_timeout', '10s', true), \
     set_config('tenantry.tenant_id', $1, true), \
     pg_advisory_xact_lock(hashtextextended($1, 0))";

/// The database.
pub(in crate::native) struct Database(Pool);

impl Database {
    /// Connects at the first use.
    pub(super) fn open(external: &External) -> anyhow::Result<Self> {
        let config: Config = external.postgres_url.parse().context("--postgres-url")?;
        let recycling_method = RecyclingMethod::Fast;
        let manager = Manager::from_config(config, NoTls, ManagerConfig { recycling_method });
        let pool = Pool::builder(manager)
            .max_size(external.connections)
            .wait_timeout(Some(WAIT))
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()?;
        Ok(Self(pool))
    }

    pub(super) async fn cursor_key(&self) -> Result<String, Problem> {
        let client = self.0.get().await?;
        Ok(client.query_one(statements::CURSOR_KEY, &[]).await?.try_get(0)?)
    }

    pub(super) async fn signing_keys(&self) -> Result<Vec<(String, String)>, Problem> {
        let client = self.0.get().await?;
        let statement = client.prepare_cached(statements::SIGNING_KEYS).await?;
        let rows = client.query(&statement, &[]).await?;
        let pairs = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(pairs.collect::<Result<_, Error>>()?)
    }

    pub(super) async fn project(&self, tenant: &str, id: &str) -> Result<Option<Columns>, Problem> {
        let rows = self.read(tenant, statements::PROJECT, &[&tenant, &id]).await?;
        Ok(rows.first().map(columns).transpose()?)
    }

    pub(super) async fn page(
        &self,
        sql: &str,
        tenant: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<Columns>, Problem> {
        let rows = self.read(tenant, sql, &[&tenant, &id, &limit]).await?;
        Ok(rows.iter().map(columns).collect::<Result<_, Error>>()?)
    }

    /// Creates a project in a task of its own, so that a client that goes away leaves no open
    /// transaction.
    pub(super) async fn create(&self, new: Creation) -> Result<Answer, Problem> {
        let pool = self.0.clone();
        let created = tokio::spawn(async move {
            let client = pool.get().await?;
            let outcome = create(&client, new).await;
            if outcome.is_err() && client.batch_execute("ROLLBACK").await.is_err() {
                drop(Object::take(client));
            }
            outcome
        });
        created.await.map_err(internal)?
    }

    /// Reads the rows of one statement, in a transaction that names the tenant.
    async fn read(
        &self,
        tenant: &str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Problem> {
        let client = self.0.get().await?;
        let name = client.prepare_cached(READ).await?;
        let select = client.prepare_cached(sql).await?;
        let named: [&(dyn ToSql + Sync); 1] = [&tenant];
        let (_, _, rows, _) = try_join!(biased;
            client.batch_execute("BEGIN READ ONLY"),
            client.execute(&name, &named),
            client.query(&select, parameters),
            client.batch_execute("COMMIT"),
        )?;
        Ok(rows)
    }
}

async fn create(client: &Client, new: Creation) -> Result<Answer, Problem> {
    let tenant = &new.caller.tenant;
    let prepared = Prepared::on(client).await?;
    let named: [&(dyn ToSql + Sync); 1] = [tenant];
    let begin = async {
        try_join!(biased; client.batch_execute("BEGIN"), client.execute(&prepared.name, &named))?;
        Ok(())
    };
    let insert = insert(client, &prepared, &new);
    if new.key.is_none() && new.other_owner().is_none() {
        // If one of these fails, COMMIT is a ROLLBACK.
        try_join!(biased; begin, insert)?;
        return Ok(new.answer);
    }
    let (_, answered) = try_join!(biased; begin, answered(client, &prepared, &new))?;
    if let Some(answer) = answered {
        client.batch_execute("ROLLBACK").await?;
        return Ok(answer);
    }
    if let Some(owner) = new.other_owner() {
        let found = client.query_opt(&prepared.owner, &[tenant, &owner]).await?;
        found.ok_or_else(Creation::no_owner)?;
    }
    insert.await?;
    Ok(new.answer)
}

/// The statements of a creation, which each connection prepares once.
struct Prepared {
    name: Statement,
    receipt: Statement,
    owner: Statement,
    project: Statement,
    audit: Statement,
    events: Statement,
    announce: Statement,
    keep: Statement,
}

impl Prepared {
    async fn on(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            name: client.prepare_cached(WRITE).await?,
            receipt: client.prepare_cached(statements::RECEIPT).await?,
            owner: client.prepare_cached(statements::OWNER).await?,
            project: client.prepare_cached(statements::INSERT_PROJECT).await?,
            audit: client.prepare_cached(statements::INSERT_AUDIT).await?,
            events: client.prepare_cached(statements::INSERT_EVENTS).await?,
            announce: client.prepare_cached(statements::ANNOUNCE).await?,
            keep: client.prepare_cached(statements::KEEP).await?,
        })
    }
}

/// The earlier answer to the key of a creation, if there is one.
async fn answered(
    client: &Client,
    prepared: &Prepared,
    new: &Creation,
) -> Result<Option<Answer>, Problem> {
    let Some(key) = &new.key else { return Ok(None) };
    let now = now().cast_signed();
    let found = client.query_opt(&prepared.receipt, &[&new.caller.tenant, &key.key, &now]).await?;
    let Some(row) = found else { return Ok(None) };
    let receipt =
        Receipt { fingerprint: row.try_get(0)?, headers: row.try_get(1)?, body: row.try_get(2)? };
    key.replay(receipt).map(Some)
}

/// Sends all inserts and the COMMIT at once.
async fn insert(client: &Client, prepared: &Prepared, new: &Creation) -> Result<(), Problem> {
    let Creation { project, caller, answer, trace_id, audit_id, event_ids, key } = new;
    let (tenant, now) = (&caller.tenant, now().cast_signed());
    let made = project.updated_ms.cast_signed();
    let (labels, tags) = (project.labels.get(), project.tags.get());
    let row: [&(dyn ToSql + Sync); 9] = [
        tenant,
        &project.id,
        &project.owner_id,
        &project.name,
        &project.description,
        &project.status,
        &labels,
        &tags,
        &made,
    ];
    let audit: [&(dyn ToSql + Sync); 7] =
        [tenant, audit_id, &caller.id, &project.id, &answer.body, trace_id, &now];
    let audited = new.audited(now);
    let events: [&(dyn ToSql + Sync); 9] = [
        tenant,
        &event_ids[0],
        &project.id,
        &answer.body,
        trace_id,
        &now,
        &event_ids[1],
        audit_id,
        &audited,
    ];
    let of: [&(dyn ToSql + Sync); 1] = [tenant];
    let headers = answer.headers()?;
    let keep = async {
        let Some(key) = key else { return Ok(0) };
        let (key, fingerprint, until) = (&key.key, &key.fingerprint, key.until());
        let receipt: [&(dyn ToSql + Sync); 6] =
            [tenant, key, fingerprint, &headers, &answer.body, &until];
        client.execute(&prepared.keep, &receipt).await
    };
    try_join!(biased;
        client.execute(&prepared.project, &row),
        client.execute(&prepared.audit, &audit),
        client.execute(&prepared.events, &events),
        client.execute(&prepared.announce, &of),
        keep,
        client.batch_execute("COMMIT"),
    )?;
    Ok(())
}

fn columns(row: &Row) -> Result<Columns, Error> {
    Ok(Columns {
        id: row.try_get(0)?,
        tenant_id: row.try_get(1)?,
        owner_id: row.try_get(2)?,
        name: row.try_get(3)?,
        description: row.try_get(4)?,
        status: row.try_get(5)?,
        labels: row.try_get(6)?,
        tags: row.try_get(7)?,
        version: row.try_get(8)?,
        created_at: row.try_get(9)?,
        updated_at: row.try_get(10)?,
        deleted_at: row.try_get(11)?,
    })
}
