//! The data of a benchmark: one tenant, registered over HTTP as a client would, and its projects,
//! written into the database. Every server gets a copy.

mod plan;
mod postgres;
mod rows;
pub(crate) mod sqlite;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::client::Connection;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::storage::{Data, Storage};
use plan::Plan;
pub(crate) use rows::{DESCRIPTION, Random, rows};

/// Events of a page of the feed.
pub(crate) const FEED_PAGE: usize = 100;

/// The API that serves the data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// That of Tenantry and of the native server.
    Tenantry,
    /// That of PocketBase, where a client names the tenant of what it creates.
    PocketBase {
        /// The tenant of the data.
        tenant: &'static str,
    },
}

impl Api {
    /// The files of the stores.
    fn files(self) -> &'static [&'static str] {
        match self {
            // The key-value store has the published verification keys.
            Self::Tenantry => &["sqlite.db", "key_value.db"],
            Self::PocketBase { .. } => &["data.db", "auxiliary.db"],
        }
    }
}

/// The data that the clients need to know.
#[derive(Clone)]
pub(crate) struct Seed {
    /// The API of the server that has this data.
    pub(crate) api: Api,
    /// The ids of the projects, in order.
    pub(crate) projects: Vec<String>,
    /// The targets of pages, once [`Seed::find_pages`] or [`Seed::find_feed`] has found them.
    pub(crate) pages: Vec<String>,
    /// The rest of the request line, and the headers of every request.
    pub(crate) headers: String,
    /// The place of the data.
    pub(crate) data: Data,
}

impl Seed {
    /// Registers a tenant with the runner and gives it `count` projects, in the data called `name`.
    pub(crate) async fn make(
        storage: &Storage,
        places: &Places,
        name: &str,
        count: u64,
    ) -> anyhow::Result<Self> {
        Self::make_with(Kind::Fused, storage, places, name, count).await
    }

    /// The same with another server than the runner.
    pub(crate) async fn make_with(
        kind: Kind,
        storage: &Storage,
        places: &Places,
        name: &str,
        count: u64,
    ) -> anyhow::Result<Self> {
        let data = storage.fresh(places, name).await?;
        let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
        server.ready().await?;
        let account = register(&server, "owner").await.context("POST /api/v1/auth/register")?;
        server.stop().await?;
        let text = |pointer: &str| {
            let value = account.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned).with_context(|| format!("the registration has no {pointer}"))
        };
        let headers = headers(&text("/access_token")?);
        let (tenant, owner) = (text("/tenant/id")?, text("/user/id")?);
        if kind == Kind::Spin {
            // Spin may end without closing its files.
            sqlite::settle(&data.directory.join("key_value.db"))?;
        }
        let now = i64::try_from(crate::native::moment::now())?;
        let plan = Plan { tenant: &tenant, owner: &owner, count, now };
        let file = sqlite::file(&data.directory);
        let projects = match &data.shared {
            None => sqlite::fill(&file, &plan).with_context(|| file.display().to_string()),
            Some(shared) => postgres::fill(shared, &plan).await.context("PostgreSQL"),
        }?;
        Ok(Self { api: Api::Tenantry, projects, pages: Vec::new(), headers, data })
    }

    /// Asks the server, which works on this data, for cursors to `count` pages of the list, latest
    /// first. The pages are spread over the middle half of the list.
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

    /// Reads the feed to its end, and collects the targets of all full pages.
    pub(crate) async fn find_feed(&mut self, server: &Server) -> anyhow::Result<()> {
        let first = format!("/api/v1/events?limit={FEED_PAGE}");
        let mut connection = Connection::open(server.address()).await?;
        let (mut target, mut last) = (first.clone(), String::new());
        loop {
            let request = format!("GET {target}{}\r\n", self.headers);
            let page = connection.exchange(request.as_bytes()).await?.json(200)?;
            let items = page["items"].as_array().context("a page has no items")?;
            let begin = items.first().map(|event| event["id"].to_string()).unwrap_or_default();
            ensure!(begin != last, "{target}: the page before begins with {begin} too");
            if items.len() < FEED_PAGE {
                return Ok(());
            }
            let cursor = page["next_cursor"].as_str().context("the page has no cursor")?;
            let next = format!("{first}&cursor={cursor}");
            self.pages.push(std::mem::replace(&mut target, next));
            last = begin;
        }
    }

    /// Adds events to the feed. All are like the first project that was created over HTTP, each
    /// with an id and a subject of its own. No server may use the data meanwhile.
    pub(crate) async fn add_events(&self, count: u64) -> anyhow::Result<()> {
        let file = sqlite::file(&self.data.directory);
        match &self.data.shared {
            None => sqlite::add_events(&file, count).with_context(|| file.display().to_string()),
            Some(shared) => postgres::add_events(shared, count).await.context("PostgreSQL"),
        }
    }

    /// Replaces the data of a server by a copy. Caches stay.
    pub(crate) async fn copy_to(&self, storage: &Storage, data: &Data) -> anyhow::Result<()> {
        fs::create_dir_all(&data.directory)?;
        match (storage, &self.data.shared, &data.shared) {
            (Storage::External(external), Some(from), Some(to)) => external.copy(from, to).await,
            _ => copy_files(self.api, &self.data.directory, &data.directory),
        }
    }
}

fn copy_files(api: Api, from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in api.files().iter().chain(&["limits.db"]) {
        for suffix in ["", "-wal", "-shm"] {
            match fs::remove_file(to.join(format!("{file}{suffix}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
    }
    for file in api.files() {
        fs::copy(from.join(file), to.join(file)).with_context(|| (*file).to_owned())?;
    }
    Ok(())
}

/// The rest of the request line, and the headers of every request with this token.
pub(crate) fn headers(token: &str) -> String {
    format!(
        " HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nauthorization: Bearer {token}\r\n"
    )
}

/// Registers a tenant and its first user, called `name`. Returns the answer.
pub(crate) async fn register(server: &Server, name: &str) -> anyhow::Result<Value> {
    let body = format!(
        r#"{{"email":"{name}@bench.test","password":"a long and dull passphrase","tenant_name":"Bench"}}"#
    );
    let request = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Connection::open(server.address()).await?.exchange(request.as_bytes()).await?.json(201)
}
