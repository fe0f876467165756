//! The proof that all servers refuse alike. Each server words its messages itself, except those
//! about limits.

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::{Answers, RecordedAnswer, same, told};
use crate::client::{Answer, Connection};
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

impl RecordedAnswer {
    /// A refusal: its headers, and its code.
    pub(super) fn refusal(
        what: &'static str,
        status: u16,
        answer: &Answer<'_>,
    ) -> anyhow::Result<Self> {
        let body = answer.json(status).context(what)?;
        let headers = told(answer, |name| matches!(name, "content-length" | "retry-after"));
        Ok(Self { what, headers, body: json!({ "error": body["error"] }) })
    }

    /// A refusal of a request for which a bucket has no units, with the message that tells the size
    /// of the bucket.
    fn too_many(answer: &Answer<'_>) -> anyhow::Result<Self> {
        let refusal = Self::refusal("one too many", 429, answer)?;
        let body = answer.json(429)?;
        let waits = answer.headers().into_iter().find(|(name, _)| name == "retry-after");
        let (_, seconds) = waits.context("a 429 without retry-after")?;
        let told = body["details"]["retry_after"].as_u64();
        ensure!(told.is_some() && told == seconds.parse().ok(), "{body} after {seconds}");
        let message = body["message"].as_str().context("no message")?;
        let message = message.replace(&format!("in {seconds} seconds"), "in some seconds");
        let error = &body["error"];
        Ok(Self { body: json!({ "error": error, "message": message }), ..refusal })
    }
}

/// Compares servers that refuse the third request.
///
/// # Errors
/// The first difference.
pub(crate) async fn same_refusals(servers: &[Server], seed: &Seed) -> anyhow::Result<()> {
    same(servers, async |server| ask(server, seed).await).await
}

async fn ask(server: &Server, seed: &Seed) -> anyhow::Result<Answers> {
    let mut connection = Connection::open(server.address()).await?;
    let mut request = Vec::new();
    Operation::PointRead.request(seed, 7, &mut request);
    let mut answers = Vec::new();
    for what in ["the first of two", "the second of two"] {
        answers.push(RecordedAnswer::new(what, 200, &connection.exchange(&request).await?)?);
    }
    answers.push(RecordedAnswer::too_many(&connection.exchange(&request).await?)?);
    Ok(Answers(answers))
}
