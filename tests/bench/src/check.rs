//! The proof that a comparison is fair: the baseline and both placements answer the same
//! requests with the same headers and the same bodies.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

/// What a server answered.
#[derive(PartialEq, Eq)]
struct Answers(Vec<(&'static str, Vec<String>, String)>);

/// Compares the servers with the first of them.
///
/// # Errors
/// The first difference.
pub(crate) async fn same_answers(servers: &[Server], seed: &Seed) -> anyhow::Result<()> {
    let mut expected: Option<Answers> = None;
    for server in servers {
        let name = server.kind.name();
        let answers = ask(server.address(), seed).await.context(name)?;
        let Some(expected) = &expected else {
            expected = Some(answers);
            continue;
        };
        for (theirs, ours) in answers.0.iter().zip(&expected.0) {
            let (what, headers, body) = theirs;
            ensure!(
                *headers == ours.1,
                "{name}, {what}: headers\n{headers:?}\ninstead of\n{:?}",
                ours.1
            );
            ensure!(*body == ours.2, "{name}, {what}: body\n{body}\ninstead of\n{}", ours.2);
        }
    }
    Ok(())
}

async fn ask(address: SocketAddr, seed: &Seed) -> anyhow::Result<Answers> {
    let mut connection = Connection::open(address).await?;
    let mut answers = Vec::new();
    let mut request = Vec::new();
    for operation in Operation::ALL {
        operation.request(seed, 7, &mut request);
        let answer = connection.exchange(&request).await?;
        let headers = answer.header_names();
        let body = answer.json(operation.status()).context(operation.name())?;
        // What is created has ids and times of its own; its members must be the same.
        let body = match (operation, body) {
            (Operation::Create, Value::Object(members)) => format!("{:?}", members.keys()),
            (_, body) => body.to_string(),
        };
        answers.push((operation.name(), headers, body));
    }

    let get = |target: &str| format!("GET {target}{}\r\n", seed.headers);
    let first =
        connection.exchange(get("/api/v1/projects?limit=20").as_bytes()).await?.json(200)?;
    let cursor = first["next_cursor"].as_str().context("the list has no next page")?;
    let target = format!("/api/v1/projects?limit=20&cursor={cursor}");
    let answer = connection.exchange(get(&target).as_bytes()).await?;
    answers.push(("second page", answer.header_names(), answer.json(200)?.to_string()));

    let missing = get("/api/v1/projects/prj_0");
    connection.exchange(missing.as_bytes()).await?.expect(404).context("missing project")?;
    let stranger =
        "GET /api/v1/projects HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer x.y.z\r\n\r\n";
    connection.exchange(stranger.as_bytes()).await?.expect(401).context("forged token")?;

    let body = r#"{"name":"Once"}"#;
    let once = format!(
        "POST /api/v1/projects{}content-type: application/json\r\nidempotency-key: once\r\n\
         content-length: {}\r\n\r\n{body}",
        seed.headers,
        body.len()
    );
    let first = connection.exchange(once.as_bytes()).await?.json(201)?;
    let again = connection.exchange(once.as_bytes()).await?.json(201)?;
    ensure!(first == again, "an idempotency key made two projects");
    Ok(Answers(answers))
}
