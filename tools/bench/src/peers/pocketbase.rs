//! The data of PocketBase: a user of a tenant, and a collection whose rules show each user only the
//! projects of its tenant.

use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::rows;
use crate::client::Connection;
use crate::data::{Api, Seed};
use crate::kind::Kind;
use crate::launch::Limits;
use crate::places::Places;
use crate::process::Server;
use crate::storage::Storage;

const TENANT: &str = "ten_bench";
const EMAIL: &str = "owner@bench.test";
const PASSWORD: &str = "a long and dull passphrase";
/// Only the rows of the tenant, for reads and for writes.
const RULE: &str = "tenant = @request.auth.tenant";

/// Makes the collections, the user and the projects.
///
/// # Errors
/// The program that fails, or the request that is refused.
pub(super) async fn make(storage: &Storage, places: &Places, count: u64) -> anyhow::Result<Seed> {
    let data = storage.fresh(places, "pocketbase-seed").await?;
    let mut superuser = Command::new(&places.pocketbase);
    superuser.args(["superuser", "upsert", EMAIL, PASSWORD, "--dir"]).arg(&data.directory);
    let output = superuser.output().with_context(|| places.pocketbase.display().to_string())?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let mut server = Server::start(places, Kind::PocketBase, &data, Limits::AMPLE)?;
    server.ready().await?;
    let mut connection = Connection::open(server.address()).await?;
    let root = sign_in(&mut connection, "_superusers").await?;
    for (path, body) in [
        ("collections", members()),
        ("collections", projects()),
        ("collections/members/records", member()),
    ] {
        post(&mut connection, path, &root, &body).await?;
    }
    let token = sign_in(&mut connection, "members").await?;
    server.stop().await?;

    let now = i64::try_from(crate::native::moment::now())?;
    let projects = rows::fill(&data.directory.join("data.db"), TENANT, count, now)?;
    let headers = headers(&token);
    Ok(Seed { api: Api::PocketBase { tenant: TENANT }, projects, pages: Vec::new(), headers, data })
}

fn members() -> Value {
    let tenant = json!({ "name": "tenant", "type": "text", "required": true });
    json!({ "name": "members", "type": "auth", "fields": [tenant] })
}

fn projects() -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    json!({
        "name": "projects",
        "type": "base",
        "listRule": RULE,
        "viewRule": RULE,
        "createRule": RULE,
        "fields": [
            { "name": "tenant", "type": "text", "required": true },
            { "name": "name", "type": "text", "required": true, "max": 200 },
            { "name": "description", "type": "text", "max": 2000 },
            field("status", "text"),
            field("labels", "json"),
            field("tags", "json"),
            { "name": "created", "type": "autodate", "onCreate": true },
            { "name": "updated", "type": "autodate", "onCreate": true, "onUpdate": true },
        ],
        // The others have such an index too.
        "indexes": ["CREATE INDEX projects_of_tenant ON projects (tenant, id)"],
    })
}

fn member() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD, "tenant": TENANT })
}

/// Signs in to a collection. Returns the token.
async fn sign_in(connection: &mut Connection, collection: &str) -> anyhow::Result<String> {
    let path = format!("collections/{collection}/auth-with-password");
    let body = json!({ "identity": EMAIL, "password": PASSWORD });
    let signed_in = post(connection, &path, "", &body).await?;
    Ok(signed_in["token"].as_str().context("a sign-in without a token")?.to_owned())
}

async fn post(
    connection: &mut Connection,
    path: &str,
    token: &str,
    body: &Value,
) -> anyhow::Result<Value> {
    let body = body.to_string();
    let request = format!(
        "POST /api/{path}{}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        headers(token),
        body.len()
    );
    let answer = connection.exchange(request.as_bytes()).await?;
    answer.json(200).with_context(|| format!("POST /api/{path}"))
}

fn headers(token: &str) -> String {
    format!(
        " HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\nauthorization: {token}\r\n"
    )
}
