//! PostgreSQL and Redis: the databases, roles and keys of one run. All their names begin with the
//! name of the run, and all of them are removed at its end.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use redis::aio::MultiplexedConnection;
use tokio::process::Command;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::Settings;
use crate::places::Places;

/// The password of both roles. They live as long as the run, and can only use its databases.
const PASSWORD: &str = "bench";
/// The most connections of a server to PostgreSQL. All servers of a round together, and other
/// users, must fit into the 100 connections that PostgreSQL allows by default.
pub(crate) const CONNECTIONS: usize = 24;
/// The number of keys that one `SCAN` checks.
const BATCH: usize = 1000;

/// The PostgreSQL and the Redis of this run.
pub(crate) struct External {
    /// The connection as a role that may make databases and roles.
    admin: Config,
    /// `host:port` of PostgreSQL.
    host: String,
    redis: redis::Client,
    redis_url: String,
    /// The prefix of every name.
    run: String,
}

/// The stores of servers that work on the same data.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The name of the database.
    database: String,
    /// The URL of the database, with the role that owns the tables.
    owner_url: String,
    /// The URL of the database, with the role of the functions.
    pub(crate) postgres_url: String,
    /// `host:port` of the database.
    pub(crate) postgres_host: String,
    /// The URL of Redis.
    pub(crate) redis_url: String,
    /// The prefix of every key in Redis.
    pub(crate) redis_prefix: String,
}

impl External {
    /// Connects to both, and makes the roles.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let run = format!("tenantry_bench_{}", std::process::id());
        let mut admin: Config = settings.database_url.parse().context("--database-url")?;
        admin.application_name(&run);
        let host = match admin.get_hosts() {
            [Host::Tcp(name)] => name.clone(),
            _ => anyhow::bail!("--database-url: must name one host, and no socket"),
        };
        let port = admin.get_ports().first().copied().unwrap_or(5432);
        let redis = redis::Client::open(&*settings.redis_url).context("--redis-url")?;
        let external = Self {
            admin,
            host: format!("{host}:{port}"),
            redis,
            redis_url: settings.redis_url.clone(),
            run,
        };
        external.keys().await?;
        let client = external.connect().await?;
        if let Err(error) = external.make_roles(&client).await {
            // If anything is left to be dropped, it belongs to the roles that could not be made.
            let _ = external.drop_all().await;
            return Err(error.context("--database-url: the role may not make roles"));
        }
        Ok(external)
    }

    async fn make_roles(&self, client: &Client) -> anyhow::Result<()> {
        for role in [self.owner(), self.app()] {
            let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'");
            client.batch_execute(&make).await?;
            client.batch_execute(&format!("GRANT {role} TO CURRENT_USER")).await?;
        }
        Ok(())
    }

    /// The names that belong to the data called `name`.
    pub(crate) fn shared(&self, name: &str) -> Shared {
        let Self { run, host, .. } = self;
        let database = format!("{run}_{}", name.replace('-', "_"));
        let url = |role: String| {
            format!("postgres://{role}:{PASSWORD}@{host}/{database}?sslmode=disable")
        };
        Shared {
            owner_url: url(self.owner()),
            postgres_url: url(self.app()),
            postgres_host: host.clone(),
            redis_url: self.redis_url.clone(),
            redis_prefix: format!("{run}:{name}:"),
            database,
        }
    }

    /// Makes a database that has only the schema.
    pub(crate) async fn make(&self, places: &Places, shared: &Shared) -> anyhow::Result<()> {
        self.create(shared, "template0").await?;
        let mut command = Command::new(&places.host);
        command.args(["migrate", "--database-url", &shared.owner_url, "--app-role", &self.app()]);
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "tenantry migrate: {}", said.trim_end());
        Ok(())
    }

    /// Makes `to` a copy of `from`, and replaces what was there. Nobody may use either of them
    /// meanwhile.
    pub(crate) async fn copy(&self, from: &Shared, to: &Shared) -> anyhow::Result<()> {
        self.remove(to).await?;
        self.create(to, &from.database).await?;
        let mut keys = self.keys().await?;
        for key in self.find(&from.redis_prefix).await? {
            let copy = key.replacen(&from.redis_prefix, &to.redis_prefix, 1);
            redis::cmd("COPY").arg(&key).arg(copy).exec_async(&mut keys).await?;
        }
        Ok(())
    }

    async fn create(&self, shared: &Shared, template: &str) -> anyhow::Result<()> {
        let (database, owner) = (&shared.database, self.owner());
        let create = format!("CREATE DATABASE {database} OWNER {owner} TEMPLATE {template}");
        self.connect().await?.batch_execute(&create).await.context(create)
    }

    /// Removes a database and the keys below a prefix.
    pub(crate) async fn remove(&self, shared: &Shared) -> anyhow::Result<()> {
        self.drop_database(&self.connect().await?, &shared.database).await?;
        self.forget(&shared.redis_prefix).await
    }

    async fn drop_database(&self, client: &Client, database: &str) -> anyhow::Result<()> {
        let drop = format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        client.batch_execute(&drop).await.context(drop)
    }

    /// Removes everything that the run has made.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.drop_all().await.context("what this run has made in PostgreSQL and Redis is not gone")
    }

    async fn drop_all(&self) -> anyhow::Result<()> {
        let client = self.connect().await?;
        // An interrupted run may be in the middle of making a database.
        let end = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
             WHERE application_name = $1 AND pid <> pg_backend_pid()";
        client.execute(end, &[&self.run]).await?;
        let find = "SELECT datname::text FROM pg_database WHERE starts_with(datname::text, $1)";
        for row in client.query(find, &[&format!("{}_", self.run)]).await? {
            self.drop_database(&client, row.try_get(0)?).await?;
        }
        for role in [self.app(), self.owner()] {
            client.batch_execute(&format!("DROP ROLE IF EXISTS {role}")).await?;
        }
        self.forget(&format!("{}:", self.run)).await
    }

    async fn forget(&self, prefix: &str) -> anyhow::Result<()> {
        let mut keys = self.keys().await?;
        for key in self.find(prefix).await? {
            redis::cmd("UNLINK").arg(key).exec_async(&mut keys).await?;
        }
        Ok(())
    }

    async fn find(&self, prefix: &str) -> anyhow::Result<Vec<String>> {
        let mut keys = self.keys().await?;
        let (mut found, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(BATCH);
            let (next, mut some): (u64, Vec<String>) = scan.query_async(&mut keys).await?;
            found.append(&mut some);
            if next == 0 {
                return Ok(found);
            }
            cursor = next;
        }
    }

    /// The versions of the servers.
    pub(crate) async fn versions(&self) -> anyhow::Result<[(String, String); 2]> {
        let version = self.connect().await?.query_one("SHOW server_version", &[]).await?;
        let info: String =
            redis::cmd("INFO").arg("server").query_async(&mut self.keys().await?).await?;
        let redis = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        Ok([
            ("postgresql server".to_owned(), version.try_get(0)?),
            ("redis server".to_owned(), redis.unwrap_or_default().to_owned()),
        ])
    }

    async fn connect(&self) -> anyhow::Result<Client> {
        connect(&self.admin).await.context("--database-url")
    }

    async fn keys(&self) -> anyhow::Result<MultiplexedConnection> {
        self.redis.get_multiplexed_async_connection().await.context("--redis-url")
    }

    fn owner(&self) -> String {
        format!("{}_owner", self.run)
    }

    fn app(&self) -> String {
        format!("{}_app", self.run)
    }
}

impl Shared {
    /// Connects with the role that owns the tables.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        connect(&self.owner_url.parse()?).await
    }

    /// Writes the runtime config of a runner that uses these stores, beside its data.
    pub(crate) fn runtime_config(&self, directory: &Path) -> anyhow::Result<PathBuf> {
        let file = directory.with_extension("toml");
        let text = format!(
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"{}\"\nprefix = \"{}\"\n\n\
             [outbound_pg]\nmax_connections = {CONNECTIONS}\n",
            self.redis_url, self.redis_prefix
        );
        std::fs::write(&file, text).with_context(|| file.display().to_string())?;
        Ok(file)
    }
}

async fn connect(config: &Config) -> anyhow::Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    // The task ends with the client.
    tokio::spawn(connection);
    Ok(client)
}
