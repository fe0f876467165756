//! The proof that a comparison is fair: the baseline and both placements give the same answers to
//! the same requests, with the same headers and the same bodies.

mod refusals;

use std::borrow::Cow;
use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::client::{Answer, Connection};
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;
pub(crate) use refusals::same_refusals;

/// Headers of which only the names are compared, because their values differ for each exchange.
const OF_ITS_OWN: [&str; 6] = [
    "date",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-correlation-id",
    "x-ratelimit-reset",
    "x-request-id",
];

/// The answers of a server.
struct Answers(Vec<RecordedAnswer>);

/// One answer, without the values that differ for each exchange.
struct RecordedAnswer {
    what: &'static str,
    headers: Vec<String>,
    /// The body as JSON, in which the order of members does not matter.
    body: Value,
}

impl RecordedAnswer {
    fn new(what: &'static str, status: u16, answer: &Answer<'_>) -> anyhow::Result<Self> {
        if status == 304 {
            answer.expect(status).context(what)?;
            let headers = told(answer, |_| false);
            return Ok(Self { what, headers, body: Value::Null });
        }
        let json = answer.json(status).context(what)?;
        let mut body = String::from_utf8(answer.body.to_vec())?;
        let mut headers = told(answer, |name| status == 201 && name == "last-modified");
        // A created project has an id and times of its own.
        if status == 201 {
            for member in ["id", "created_at", "updated_at"] {
                let own = json[member].as_str().with_context(|| format!("{what}: no {member}"))?;
                body = body.replace(own, member);
                headers.iter_mut().for_each(|header| *header = header.replace(own, member));
            }
        }
        Ok(Self { what, headers, body: serde_json::from_str(&body)? })
    }
}

/// The headers, without the values that differ for each exchange.
fn told(answer: &Answer<'_>, own: impl Fn(&str) -> bool) -> Vec<String> {
    let headers = answer.headers().into_iter();
    let told = headers.map(|(name, value)| match OF_ITS_OWN.contains(&&*name) || own(&name) {
        true => name,
        false => format!("{name}: {}", untimed(&name, &value)),
    });
    told.collect()
}

/// A value without the part that depends on the time of its exchange: the seconds of `RateLimit`.
fn untimed<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if name != "ratelimit" {
        return value.into();
    }
    let policies = value.split(", ").map(|policy| policy.rsplit_once(";t="));
    policies
        .map(|policy| policy.map_or("no seconds", |(rest, _)| rest))
        .collect::<Vec<_>>()
        .join(", ")
        .into()
}

/// Compares the servers with the first of them.
///
/// # Errors
/// The first difference.
pub(crate) async fn same_answers(servers: &[Server], seed: &Seed) -> anyhow::Result<()> {
    same(servers, async |server| ask(server.address(), seed).await).await
}

async fn same(
    servers: &[Server],
    ask: impl AsyncFn(&Server) -> anyhow::Result<Answers>,
) -> anyhow::Result<()> {
    let mut expected: Option<Answers> = None;
    for server in servers {
        let name = server.kind.name();
        let answers = ask(server).await.context(name)?;
        match &expected {
            None => expected = Some(answers),
            Some(expected) => answers.same(expected, name)?,
        }
    }
    Ok(())
}

impl Answers {
    /// Checks that these answers, of the server `name`, are the expected ones.
    fn same(&self, expected: &Self, name: &str) -> anyhow::Result<()> {
        ensure!(self.0.len() == expected.0.len(), "{name}: not as many answers");
        for (theirs, ours) in self.0.iter().zip(&expected.0) {
            let RecordedAnswer { what, headers, body } = theirs;
            ensure!(
                *headers == ours.headers,
                "{name}, {what}: headers\n{headers:#?}\ninstead of\n{:#?}",
                ours.headers
            );
            ensure!(*body == ours.body, "{name}, {what}: body\n{body}\nand not\n{}", ours.body);
        }
        Ok(())
    }
}

async fn ask(address: SocketAddr, seed: &Seed) -> anyhow::Result<Answers> {
    let mut connection = Connection::open(address).await?;
    let mut answers = Vec::new();
    let mut request = Vec::new();
    for operation in Operation::COMPARED {
        operation.request(seed, 7, &mut request);
        let answer = connection.exchange(&request).await?;
        answers.push(RecordedAnswer::new(operation.name(), operation.status(), &answer)?);
    }

    let get = |target: &str| format!("GET {target}{}\r\n", seed.headers);
    let mut target = "/api/v1/projects?limit=20".to_owned();
    for (what, rel) in [("list", "next"), ("second page", "prev"), ("back again", "next")] {
        let answer = connection.exchange(get(&target).as_bytes()).await?;
        answers.push(RecordedAnswer::new(what, 200, &answer)?);
        let links = answer.headers().into_iter().find(|(name, _)| name == "link");
        target = links.and_then(|(_, links)| linked(&links, rel)).context("a page lacks a link")?;
    }

    let missing = get("/api/v1/projects/prj_0");
    let answer = connection.exchange(missing.as_bytes()).await?;
    answers.push(RecordedAnswer::refusal("missing project", 404, &answer)?);
    let stranger =
        "GET /api/v1/projects HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer x.y.z\r\n\r\n";
    let answer = connection.exchange(stranger.as_bytes()).await?;
    answers.push(RecordedAnswer::refusal("forged token", 401, &answer)?);

    let body = r#"{"name":"Once","labels":{"b":"2","a":"1","c":null},"tags":["new"]}"#;
    let once = format!(
        "POST /api/v1/projects{}content-type: application/json\r\nidempotency-key: once\r\n\
         content-length: {}\r\n\r\n{body}",
        seed.headers,
        body.len()
    );
    let answer = connection.exchange(once.as_bytes()).await?;
    let first = answer.json(201)?;
    answers.push(RecordedAnswer::new("with a key", 201, &answer)?);
    let answer = connection.exchange(once.as_bytes()).await?;
    ensure!(first == answer.json(201)?, "an idempotency key made two projects");
    answers.push(RecordedAnswer::new("with the key again", 201, &answer)?);
    Ok(Answers(answers))
}

/// The target of a link.
fn linked(links: &str, rel: &str) -> Option<String> {
    let rel = format!("rel=\"{rel}\"");
    let link = links.split(", ").find(|link| link.ends_with(&rel))?;
    Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned())
}
