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
    /// Targets of pages of the sorted list, once [`Seed::find_pages`] has found them.
    pub(crate) pages: Vec<String>,
    /// The rest of the request line, and the headers of every request.
    pub(crate) headers: String,
    /// The data directory.
    pub(crate) data: PathBuf,
}

/// The database of a data directory, as `tenantry` calls it.
pub(crate) fn database(data: &Path) -> PathBuf {
    data.join("sqlite.db")
}

impl Seed {
    /// Registers a tenant with the runner and gives it `count` projects, in the data
    /// directory called `name`.
    pub(crate) async fn make(places: &Places, name: &str, count: u64) -> anyhow::Result<Self> {
        let data = places.fresh(name)?;
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
        Ok(Self { projects, pages: Vec::new(), headers, data })
    }

    /// Asks the server, over this data, for cursors that lead to `count` pages of the list,
    /// latest first, all over its middle half.
    pub(crate) async fn find_pages(&mut self, server: &Server, count: usize) -> anyhow::Result<()> {
        const LIST: &str = "/api/v1/projects?limit=20&sort=created_at:desc";
        let mut connection = Connection::open(server.address()).await?;
        let (begin, length) = (self.projects.len() / 4, self.projects.len() / 2);
        for number in 0..count {
            let id = &self.projects[begin + length * number / count];
            let request = format!("GET {LIST}&after_id={id}{}\r\n", self.headers);
            let page = connection.exchange(request.as_bytes()).await?.json(200)?;
            let cursor = page["next_cursor"].as_str().context("the page has no next one")?;
            self.pages.push(format!("{LIST}&cursor={cursor}"));
        }
        Ok(())
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

/// Signs the cursors of every server, so that each reads those of the others.
const CURSOR_KEY: &str = "the cursors of the benchmark, whichever server makes them";
/// The projects were made in this time, at even distances.
const AGE_MS: i64 = 3 * 365 * 86_400_000;
/// How often the progress is told.
const TOLD: u64 = 250_000;

const PLACES: [&str; 8] =
    ["Harbour", "Mill Lane", "Northfield", "Airport", "Old Quarry", "Depot", "Campus", "Ridge"];
const WORKS: [&str; 5] =
    ["BESS Retrofit", "PV Extension", "Grid Connection", "Inverter Exchange", "Survey"];
const STATUSES: [&str; 8] =
    ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "PAUSED", "COMPLETED", "COMPLETED", "ARCHIVED"];
const LABELS: [&str; 4] = [
    r#"{"region":"north"}"#,
    r#"{"region":"south"}"#,
    r#"{"phase":"2","region":"east"}"#,
    r#"{"region":"west"}"#,
];
const TAGS: [&str; 3] = [r#"["battery"]"#, r#"["battery","solar"]"#, "[]"];

/// Writes the projects and the key of the cursors, all of it to where a copy finds it.
fn fill(file: &Path, tenant: &str, owner: &str, count: u64) -> anyhow::Result<Vec<String>> {
    let mut sqlite = Sqlite::open(file)?;
    // Nothing else has the file open, and whatever breaks off here begins anew.
    sqlite.pragma_update(None, "journal_mode", "OFF")?;
    sqlite.pragma_update(None, "synchronous", "OFF")?;
    sqlite.pragma_update(None, "cache_size", -(512 << 10))?;
    let transaction = sqlite.transaction()?;
    let now = i64::try_from(crate::native::now())?;
    transaction.execute(
        "INSERT INTO secrets (name, value, created_at) VALUES ('cursor', ?1, ?2)",
        params![CURSOR_KEY, now],
    )?;
    // Sorted at once, an index is made in less time than row by row.
    let indexes = indexes(&transaction)?;
    for (name, _) in &indexes {
        transaction.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    let ids = insert(&transaction, tenant, owner, count, now)?;
    for (name, sql) in &indexes {
        if count >= TOLD {
            eprintln!("  index {name}");
        }
        transaction.execute_batch(sql)?;
    }
    transaction.commit()?;
    sqlite.pragma_update(None, "journal_mode", "WAL")?;
    Ok(ids)
}

/// The indexes of projects: names, and what makes them.
fn indexes(sqlite: &Sqlite) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = sqlite.prepare(
        "SELECT name, sql FROM sqlite_master \
         WHERE type = 'index' AND tbl_name = 'projects' AND sql IS NOT NULL",
    )?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn insert(
    sqlite: &Sqlite,
    tenant: &str,
    owner: &str,
    count: u64,
    now: i64,
) -> anyhow::Result<Vec<String>> {
    let mut insert = sqlite.prepare(
        "INSERT INTO projects (tenant_id, id, owner_id, name, description, status, labels, tags, \
         version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10)",
    )?;
    let mut random = Random(count);
    let step = (AGE_MS / i64::try_from(count)?).max(1);
    let mut ids = Vec::new();
    for number in 0..count {
        let created = now - AGE_MS + i64::try_from(number)? * step + random.below(step)?;
        let updated = created + random.below((now - created).max(1))?;
        // As real ids are made, so before any that is made later.
        let tail = u128::from(random.next()) << 40 | u128::from(random.next()) >> 20;
        let id = u128::from(created.cast_unsigned()) << 80 | tail;
        let id = format!("prj_{:0>22}", base62::encode(id));
        let name = format!("{} {number} – {}", random.one(&PLACES), random.one(&WORKS));
        let description = "Replacement of the storage and of its controls";
        insert.execute(params![
            tenant,
            id,
            owner,
            name,
            description,
            random.one(&STATUSES),
            random.one(&LABELS),
            random.one(&TAGS),
            created,
            updated
        ])?;
        ids.push(id);
        if (number + 1) % TOLD == 0 {
            eprintln!("  {} rows", number + 1);
        }
    }
    Ok(ids)
}

/// Knuth's MMIX generator: the same choices in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next 31 bits.
    pub(crate) fn next(&mut self) -> u32 {
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32
    }

    fn below(&mut self, end: i64) -> anyhow::Result<i64> {
        let number = u64::from(self.next()) << 31 | u64::from(self.next());
        Ok(i64::try_from(number)? % end)
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.next() as usize % of.len()]
    }
}
