//! The stores of the servers of the tests. They are files of their own. With
//! `TENANTRY_TEST_STORES=external` they are a PostgreSQL database and a Redis key prefix of their
//! own, on the servers that `DATABASE_URL` and `REDIS_URL` name.
//!
//! `scripts/test` runs each test with the stores that its word names, and deletes what a run has
//! made.

use std::future::Future;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Whether this run uses PostgreSQL and Redis.
pub fn external() -> bool {
    match std::env::var("TENANTRY_TEST_STORES").as_deref() {
        Ok("external") => true,
        Ok("embedded") | Err(_) => false,
        Ok(other) => panic!("TENANTRY_TEST_STORES={other}: is embedded or external"),
    }
}

/// The URL of the role that may make databases.
pub fn admin_url() -> String {
    let default = || "postgres://postgres@127.0.0.1:5432/postgres".to_owned();
    std::env::var("DATABASE_URL").unwrap_or_else(|_| default())
}

/// The URL of the Redis server.
pub fn redis_url() -> String {
    std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// The id of this run: the second in which it began, and a number of its own.
pub fn run() -> String {
    RUN["tenantry_test_".len()..].to_owned()
}

/// The beginning of every name that this run makes.
static RUN: LazyLock<String> = LazyLock::new(|| {
    let run = std::env::var("TENANTRY_TEST_RUN").unwrap_or_else(|_| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        format!("{now}_{}", std::process::id())
    });
    format!("tenantry_test_{run}")
});

/// Makes the roles of this run, and a database with the schema. The other databases are copies of
/// it.
static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    wait(async {
        let (run, admin) = (&*RUN, connect(&admin_url()).await);
        let template = format!("{run}_{}", std::process::id());
        for role in ["owner", "app"] {
            // Another process of this run may have made the role.
            let _ = admin
                .batch_execute(&format!("CREATE ROLE {run}_{role} LOGIN PASSWORD 'test'"))
                .await;
        }
        // A role that is not a superuser can make databases for a role only if it is a member of
        // it.
        let _ = admin.batch_execute(&format!("GRANT {run}_owner TO CURRENT_USER")).await;
        let sql = format!("CREATE DATABASE {template} OWNER {run}_owner");
        admin.batch_execute(&sql).await.unwrap();
        host::migrate(&url("owner", &template), &format!("{run}_app"), |_| {}).await.unwrap();
        template
    })
});

/// The URL of a database for one of the run's roles.
pub fn url(role: &str, database: &str) -> String {
    let admin = admin_url();
    let (scheme, rest) = admin.split_once("://").expect("DATABASE_URL is a URL");
    let (_, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (place, _) = rest.split_once('/').unwrap_or((rest, ""));
    format!("{scheme}://{}_{role}:test@{place}/{database}?sslmode=disable", &*RUN)
}

/// The `host:port` of a URL.
pub fn host(url: &str) -> &str {
    let (_, rest) = url.split_once('@').unwrap_or(("", url));
    rest.split_once('/').unwrap_or((rest, "")).0
}

/// Makes a new database with the schema. Returns its name.
pub fn database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let template = &*TEMPLATE;
    let name = format!("{template}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    wait(async {
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER {}_owner", &*RUN);
        connect(&admin_url()).await.batch_execute(&sql).await.unwrap();
    });
    name
}

/// Makes an empty database. Returns its name.
pub fn empty() -> String {
    let name = format!("{}_empty", database());
    wait(async {
        let owner = url("owner", "");
        let owner = owner.split("://").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
        let sql = format!("CREATE DATABASE {name} OWNER {owner}");
        connect(&admin_url()).await.batch_execute(&sql).await.unwrap();
    });
    name
}

/// The name of one of the run's roles.
pub fn role(of: &str) -> String {
    let url = url(of, "");
    let (_, rest) = url.split_once("://").unwrap();
    rest.split(':').next().unwrap().to_owned()
}

/// Makes the stores of a server with this data directory, or finds the existing ones. Returns the
/// name of the database. The directory gets the runtime config.
pub fn of(data: &Path) -> String {
    let noted = data.join("database");
    if let Ok(name) = std::fs::read_to_string(&noted) {
        return name;
    }
    let name = database();
    let config = format!(
        "[key_value_store.default]\ntype = \"redis\"\nurl = {:?}\nprefix = {:?}\n\n\
         [outbound_pg]\nmax_connections = 8\n",
        redis_url(),
        format!("{name}:"),
    );
    std::fs::write(data.join("runtime-config.toml"), config).unwrap();
    std::fs::write(noted, &name).unwrap();
    name
}

/// Deletes the key-value store of a server. If the store is embedded, the server must not run.
pub fn lose_key_values(data: &Path) {
    if !external() {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(data.join(format!("key_value.db{suffix}")));
        }
        return;
    }
    let (pattern, client) = (format!("{}:*", of(data)), redis::Client::open(redis_url()).unwrap());
    wait(async {
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys = redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await;
        let keys: Vec<String> = keys.unwrap();
        redis::cmd("DEL").arg(keys).query_async::<i64>(&mut connection).await.unwrap();
    });
}

/// Runs statements in the database of a server, without its policies.
pub fn execute(data: &Path, sql: &str) {
    if external() {
        let url = url("owner", &of(data));
        return wait(async { connect(&url).await.batch_execute(sql).await.unwrap() });
    }
    sqlite(data).execute_batch(sql).unwrap();
}

/// The rows of a query as text. NULL is an empty text.
pub fn rows(data: &Path, sql: &str) -> Vec<Vec<String>> {
    if external() {
        let url = url("owner", &of(data));
        return wait(async { rows_of(&connect(&url).await, sql).await });
    }
    let connection = sqlite(data);
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let found = statement.query_map([], |row| {
        let text = |index| {
            Ok(match row.get_ref(index)? {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Null => String::new(),
                other => other.as_str().unwrap().to_owned(),
            })
        };
        (0..width).map(text).collect()
    });
    found.unwrap().map(Result::unwrap).collect()
}

/// The rows of a query as text. NULL is an empty text.
pub async fn rows_of(client: &Client, sql: &str) -> Vec<Vec<String>> {
    let messages = client.simple_query(sql).await.unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| (0..row.len()).map(|n| row.get(n).unwrap_or_default().to_owned()).collect())
        .collect()
}

/// Empties the key-value store of a server that is not running.
pub fn forget_key_values(data: &Path) {
    if external() {
        return wait(forget(&format!("{}:", of(data))));
    }
    let file = rusqlite::Connection::open(data.join("key_value.db")).unwrap();
    file.execute("DELETE FROM key_value", []).unwrap();
}

async fn forget(prefix: &str) {
    let client = redis::Client::open(redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let pattern = format!("{prefix}*");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await.unwrap();
    if !keys.is_empty() {
        let _: i64 = redis::cmd("DEL").arg(keys).query_async(&mut connection).await.unwrap();
    }
}

/// Makes the embedded database of a server that has not started yet, as its first function would
/// make it.
pub fn with_schema(data: &Path) {
    let mut database = sqlite(data);
    let new = database.prepare("SELECT 1 FROM schema_migrations").is_err();
    if !new {
        return;
    }
    let transaction = database.transaction().unwrap();
    let versions =
        "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";
    transaction.execute_batch(versions).unwrap();
    for (version, migration) in (1..).zip(&migrations::ALL) {
        for statement in migration.statements(migrations::Dialect::Sqlite) {
            transaction.execute_batch(&statement).unwrap();
        }
        transaction.execute("INSERT INTO schema_migrations VALUES (?, 0)", [version]).unwrap();
    }
    transaction.commit().unwrap();
}

fn sqlite(data: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(data.join("sqlite.db")).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection
}

/// A connection to PostgreSQL.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| {
        panic!("{}: {error}; scripts/test starts what the tests need", host(url))
    });
    tokio::spawn(connection);
    client
}

/// The SQLSTATE of a statement that the server has run.
pub const DONE: &str = "00000";
/// The SQLSTATE of a statement for which the role lacks a right.
pub const FORBIDDEN: &str = "42501";

/// Runs a statement. Returns the SQLSTATE of its end.
pub async fn state(client: &Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => DONE.to_owned(),
        Err(error) => error.code().unwrap_or_else(|| panic!("{sql}: {error}")).code().to_owned(),
    }
}

/// Waits for the work on a thread of its own, so that any caller can wait.
pub fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        scope.spawn(move || runtime.block_on(work)).join().unwrap()
    })
}

/// Not a test: deletes what this run has made, and what runs of some hours ago have left.
#[test]
#[ignore = "what scripts/test does at its end"]
fn sweep() {
    wait(async {
        let admin = connect(&admin_url()).await;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let old = |name: &str| {
            let began = name.split('_').nth(2).and_then(|text| text.parse::<u64>().ok());
            name.starts_with(&*RUN) || began.is_some_and(|began| began + 3 * 3600 < now)
        };
        let databases = "SELECT datname FROM pg_database WHERE datname LIKE 'tenantry_test_%'";
        for row in rows_of(&admin, databases).await.iter().filter(|row| old(&row[0])) {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", row[0]);
            admin.batch_execute(&sql).await.unwrap();
            forget(&format!("{}:", row[0])).await;
        }
        let roles = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tenantry_test_%'";
        for row in rows_of(&admin, roles).await.iter().filter(|row| old(&row[0])) {
            admin.batch_execute(&format!("DROP ROLE IF EXISTS {}", row[0])).await.unwrap();
        }
    });
}
