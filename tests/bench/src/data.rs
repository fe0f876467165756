//! The data: one tenant, registered over HTTP as a client would, and its projects, written
//! into the database file, of which every server gets a copy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rusqlite::{Connection as Sqlite, params};
use serde_json::Value;

use crate::client::Connection;
use crate::process::{Kind, Places, Server};

/// What the clients need to know.
pub(crate) struct Seed {
    /// The ids of the projects, in order.
    pub(crate) projects: Vec<String>,
    /// The rest of the request line, and the headers of every request.
    pub(crate) headers: String,
    /// The data directory to copy.
    data: PathBuf,
}

/// The database of a data directory, as `tenantry` calls it.
pub(crate) fn database(data: &Path) -> PathBuf {
    data.join("sqlite.db")
}

impl Seed {
    /// Registers a tenant with the runner and gives it `count` projects.
    pub(crate) async fn make(places: &Places, count: u64) -> anyhow::Result<Self> {
        let data = places.fresh("seed")?;
        let mut server = Server::start(places, Kind::Fused, &data)?;
        server.ready().await?;
        let account = register(&server).await.context("POST /api/v1/auth/register")?;
        server.stop().await?;
        let text = |pointer: &str| {
            let value = account.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned).with_context(|| format!("the registration has no {pointer}"))
        };
        let headers = format!(
            " HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nauthorization: Bearer {}\r\n",
            text("/access_token")?
        );
        let database = database(&data);
        let projects = fill(&database, &text("/tenant/id")?, &text("/user/id")?, count)
            .with_context(|| database.display().to_string())?;
        Ok(Self { projects, headers, data })
    }

    /// Puts a copy into a data directory, in place of what was there; caches stay.
    pub(crate) fn copy_to(&self, data: &Path) -> anyhow::Result<()> {
        for file in ["sqlite.db", "key_value.db", "limits.db"] {
            for suffix in ["", "-wal", "-shm"] {
                match fs::remove_file(data.join(format!("{file}{suffix}"))) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(error.into());
                    }
                    _ => {}
                }
            }
        }
        fs::create_dir_all(data)?;
        // The key-value store has the published verification keys.
        for file in ["sqlite.db", "key_value.db"] {
            fs::copy(self.data.join(file), data.join(file)).with_context(|| file.to_owned())?;
        }
        Ok(())
    }
}

async fn register(server: &Server) -> anyhow::Result<Value> {
    let body = r#"{"email":"owner@bench.test","password":"a long and dull passphrase","tenant_name":"Bench"}"#;
    let request = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Connection::open(server.address()).await?.exchange(request.as_bytes()).await?.json(201)
}

/// Writes the projects, and all of the file to where a copy finds it.
fn fill(file: &Path, tenant: &str, owner: &str, count: u64) -> anyhow::Result<Vec<String>> {
    let mut sqlite = Sqlite::open(file)?;
    let transaction = sqlite.transaction()?;
    let mut ids = Vec::new();
    {
        let mut insert = transaction.prepare(
            "INSERT INTO projects \
             (tenant_id, id, owner_id, name, description, status, version, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, 'ACTIVE', 1, ?6, ?6)",
        )?;
        let now = i64::try_from(crate::native::now())?;
        for number in 0..count {
            // In the form of a real id, and before any that is made later.
            let id = format!("prj_{:0>22}", base62::encode(u128::from(number) << 64 | 1));
            let name = format!("Site {number} – BESS Retrofit");
            let description = "Replacement of the storage and of its controls";
            insert.execute(params![tenant, id, owner, name, description, now])?;
            ids.push(id);
        }
    }
    transaction.commit()?;
    sqlite.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(ids)
}
