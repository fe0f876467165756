//! PostgreSQL as a source and as a target. The role is the one that owns the tables, because the
//! row-level security policies show it the rows of all tenants.

use super::format::{Reader, Row, Value, Writer};
use super::survey::Survey;
use crate::stores::postgres::schema::{not_newer, version};
use crate::stores::postgres::{self, Client};
use crate::system::progress::Progress;
use anyhow::{Context as _, anyhow, bail, ensure};
use futures_util::TryStreamExt as _;
use indexmap::IndexMap;
use migrations::{TABLES, VERSION};
use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Statement};

/// The beginning of every message.
const OPTION: &str = "--database-url";
/// The most bytes of rows that one statement inserts.
const BATCH: usize = 1 << 20;
/// Turns off limits of the role or the database that are meant for servers.
const WITHOUT_TIMEOUTS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
/// Selects the tables of `$1` that the role may not read, or whose policies hide rows from it.
const HIDDEN: &str = "\
    SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ($1) AND ( \
        NOT has_table_privilege(c.oid, 'SELECT') \
        OR row_security_active(c.oid) AND NOT EXISTS ( \
            SELECT 1 FROM pg_policy p CROSS JOIN unnest(p.polroles) AS shown (role) \
            WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*' \
            AND pg_get_expr(p.polqual, p.polrelid) = 'true' \
            AND (shown.role = 0 OR pg_has_role(shown.role, 'usage'))))";
/// Selects all tables but partitions, and those that belong to an extension.
const ALL_TABLES: &str = "\
    SELECT relname::TEXT FROM pg_class c \
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') \
    AND NOT relispartition AND NOT EXISTS ( \
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
        AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1";
/// Selects whether the role has the rights of an owner on all tables of `$1`.
const OWNED: &str = "\
    SELECT bool_and(pg_has_role(c.relowner, 'usage')) FROM pg_class c \
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ($1)";

/// Writes all rows as they are at one moment. Writers are not blocked meanwhile.
pub(super) async fn export(url: &str, out: &mut Writer) -> anyhow::Result<()> {
    let client = connect(url).await.context(OPTION)?;
    let tables = client.query(ALL_TABLES, &[]).await.map_err(with_option)?;
    super::tables::complete(tables.iter().map(|row| row.get(0))).context(OPTION)?;
    // The tables are locked before the snapshot is taken. Otherwise retention could drop a month's
    // partition in between, and the snapshot would not have its rows.
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {WITHOUT_TIMEOUTS}; \
         LOCK TABLE {} IN ACCESS SHARE MODE",
        TABLES.join(", ")
    );
    client.batch_execute(&begin).await.map_err(with_option)?;
    let numbered =
        "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM events_seq";
    out.head(client.query_one(numbered, &[]).await.map_err(with_option)?.get(0))?;
    for table in TABLES {
        let statement =
            client.prepare(&format!("SELECT * FROM {table}")).await.map_err(with_option)?;
        let none: [&(dyn ToSql + Sync); 0] = [];
        let mut rows = pin!(client.query_raw(&statement, none).await.map_err(with_option)?);
        while let Some(row) = rows.try_next().await.map_err(with_option)? {
            let columns = statement.columns().iter().enumerate();
            out.row(
                table,
                columns.map(|(index, column)| Ok((column.name(), value(&row, index)?))),
            )?;
        }
    }
    Ok(())
}

fn value(row: &tokio_postgres::Row, index: usize) -> anyhow::Result<Value> {
    let value = match *row.columns()[index].type_() {
        Type::INT8 => row.try_get::<_, Option<_>>(index).map_err(with_option)?.map(Value::Integer),
        _ => row.try_get::<_, Option<_>>(index).map_err(with_option)?.map(Value::Text),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Connects. Checks that the schema is that of this release and that the role sees every row.
async fn connect(url: &str) -> anyhow::Result<Client> {
    let client = postgres::connect(url).await?;
    let found = version(&client).await?;
    not_newer(found)?;
    ensure!(
        found == VERSION,
        "the database has schema version {found}, this release needs {VERSION}; run `tenantry migrate`"
    );
    let hidden = client.query_one(HIDDEN, &[&TABLES.as_slice()]).await.map_err(server_message)?;
    if let Some(hidden) = hidden.get::<_, Option<String>>(0) {
        let role = role(&client).await?;
        bail!(
            "role {role} does not see the rows of all tenants in {hidden}; \
             use the role that owns the tables, which ran `tenantry migrate`"
        );
    }
    Ok(client)
}

async fn role(client: &Client) -> anyhow::Result<String> {
    Ok(client.query_one("SELECT current_user::TEXT", &[]).await.map_err(server_message)?.get(0))
}

/// A database with the schema and without rows, in a transaction that ends with the client.
pub(super) struct Target(Client);

impl Target {
    /// Checks that no data would be lost, and locks the tables against other writers.
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        let opened = async {
            let client = connect(url).await?;
            let owned =
                client.query_one(OWNED, &[&TABLES.as_slice()]).await.map_err(server_message)?;
            if !owned.get::<_, bool>(0) {
                let role = role(&client).await?;
                bail!(
                    "role {role} does not own the tables; use the one that ran `tenantry migrate`"
                );
            }
            client
                .batch_execute(&format!(
                    "BEGIN; {WITHOUT_TIMEOUTS}; SET LOCAL lock_timeout = '10s'"
                ))
                .await
                .map_err(server_message)?;
            let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", TABLES.join(", "));
            let locked = client.batch_execute(&lock).await.map_err(server_message);
            locked.context("the tables are in use; stop the servers that use them")?;
            for table in TABLES {
                let any = format!("SELECT EXISTS (SELECT 1 FROM {table})");
                let any: bool = client.query_one(&any, &[]).await.map_err(server_message)?.get(0);
                ensure!(
                    !any,
                    "table {table} has rows already; import into an empty database: make one \
                     with CREATE DATABASE … OWNER …, then run `tenantry migrate`"
                );
            }
            Ok(Self(client))
        };
        opened.await.context(OPTION)
    }

    /// Inserts all rows, then commits.
    pub(super) async fn fill(
        self,
        file: &Path,
        survey: &Survey,
        progress: &mut Progress,
    ) -> anyhow::Result<()> {
        let client = &self.0;
        let add = "SELECT tenantry_add_partitions($1, $2, 1)";
        for ((table, ..), moment) in &survey.months {
            let added = client.execute(add, &[table, moment]).await.map_err(server_message);
            added.with_context(|| format!("{OPTION}: {table} gets no partition"))?;
        }
        let mut tables = BTreeMap::new();
        for table in TABLES {
            tables.insert(table, Table::prepare(client, table).await.context(OPTION)?);
        }
        let mut batch = Batch::default();
        let (mut reader, mut number) = (Reader::open(file)?, 0_u64);
        while let Some(row) = reader.next()? {
            if batch.is_full_for(&row) {
                batch.insert(client, &tables).await.context(OPTION)?;
            }
            batch.add(&reader, &tables, row)?;
            number += 1;
            progress.report(|_| format!("Imported {number} of {} rows", survey.total()));
        }
        batch.insert(client, &tables).await.context(OPTION)?;
        // The numbering continues after the last number that was ever given. The event with that
        // number may not exist any more. Unlike setval, this is undone if the transaction is rolled
        // back.
        let restart = format!("ALTER SEQUENCE events_seq RESTART WITH {}", survey.events_seq + 1);
        for end in [&restart, "COMMIT"] {
            client.batch_execute(end).await.map_err(with_option)?;
        }
        Ok(())
    }
}

struct Table {
    columns: Vec<String>,
    insert: Statement,
}

impl Table {
    async fn prepare(client: &Client, table: &str) -> anyhow::Result<Self> {
        let all =
            client.prepare(&format!("SELECT * FROM {table}")).await.map_err(server_message)?;
        let columns: Vec<_> = all.columns().iter().map(|column| column.name().to_owned()).collect();
        let names = columns.join(", ");
        // PostgreSQL would refuse COPY, because the tables have row-level security policies.
        let insert = format!(
            "INSERT INTO {table} ({names}) \
             SELECT {names} FROM json_populate_recordset(NULL::{table}, $1::TEXT::JSON)"
        );
        let insert = client.prepare(&insert).await.map_err(server_message)?;
        Ok(Self { columns, insert })
    }
}

/// Rows of one table that are not sent yet, as a JSON array without its end.
#[derive(Default)]
struct Batch {
    table: String,
    rows: String,
}

impl Batch {
    /// Whether the rows must be sent before `row` is added.
    fn is_full_for(&self, row: &Row) -> bool {
        self.table != row.table || self.rows.len() >= BATCH
    }

    fn add(
        &mut self,
        reader: &Reader,
        tables: &BTreeMap<&str, Table>,
        row: Row,
    ) -> anyhow::Result<()> {
        let table = tables.get(row.table.as_str()).ok_or_else(|| reader.wrong("names no table"))?;
        let values = reader.values(&row, &table.columns)?;
        for (column, value) in table.columns.iter().zip(values) {
            if matches!(value, Value::Text(text) if text.contains('\0')) {
                let place = format!("{}.{column}", row.table);
                return Err(reader.wrong(&format!(
                    "{place} has the character U+0000, which PostgreSQL cannot keep; \
                     remove it where the export comes from, then export again"
                )));
            }
        }
        self.rows.push(if self.rows.is_empty() { '[' } else { ',' });
        self.rows.push_str(&serde_json::to_string::<IndexMap<_, _>>(&row.row)?);
        self.table = row.table;
        Ok(())
    }

    /// Sends the rows, if there are any.
    async fn insert(
        &mut self,
        client: &Client,
        tables: &BTreeMap<&str, Table>,
    ) -> anyhow::Result<()> {
        if let Some(table) = tables.get(self.table.as_str())
            && !self.rows.is_empty()
        {
            self.rows.push(']');
            let inserted =
                client.execute(&table.insert, &[&self.rows]).await.map_err(server_message);
            inserted.with_context(|| format!("table {}", self.table))?;
            self.rows.clear();
        }
        Ok(())
    }
}

/// The server's message in one line, without the details, which would show the row.
fn server_message(error: Error) -> anyhow::Error {
    match error.as_db_error() {
        Some(failed) => anyhow!("{}", failed.message().replace('\n', " ")),
        None => error.into(),
    }
}

/// The same, with the name of the option.
fn with_option(error: Error) -> anyhow::Error {
    server_message(error).context(OPTION)
}
