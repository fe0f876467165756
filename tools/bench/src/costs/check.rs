//! The proof that the servers and operations of a pair differ in what is measured, and in nothing
//! else.

use anyhow::ensure;

use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

/// The parts of an answer that the proof compares.
struct RecordedAnswer {
    body: serde_json::Value,
    /// The names of the headers about limits.
    limits: Vec<String>,
    replayed: bool,
}

/// Checks that one server counts and the other does not, that a fresh key creates, and that a known
/// key is replayed. Afterwards the key of all replays is known.
pub(super) async fn servers(
    limited: &Server,
    unlimited: &Server,
    seed: &Seed,
) -> anyhow::Result<()> {
    let read = ask(limited, seed, Operation::PointRead).await?;
    ensure!(read.limits.len() == 5, "limits are told by {:?}", read.limits);
    let free = ask(unlimited, seed, Operation::PointRead).await?;
    ensure!(free.limits.is_empty(), "without limits there are {:?}", free.limits);
    ensure!(read.body == free.body, "one read\n{}\nand the other\n{}", read.body, free.body);

    let first = ask(limited, seed, Operation::CreateOnce).await?;
    let second = ask(limited, seed, Operation::CreateOnce).await?;
    ensure!(!first.replayed && !second.replayed, "a fresh key was answered again");
    ensure!(first.body["id"] != second.body["id"], "two fresh keys made one project");

    let made = ask(limited, seed, Operation::Replay).await?;
    let again = ask(limited, seed, Operation::Replay).await?;
    ensure!(!made.replayed && again.replayed, "a known key was not answered again");
    ensure!(made.body == again.body, "one made\n{}\nand told\n{}", made.body, again.body);
    Ok(())
}

async fn ask(server: &Server, seed: &Seed, operation: Operation) -> anyhow::Result<RecordedAnswer> {
    let mut request = Vec::new();
    operation.request(seed, 7, &mut request);
    let mut connection = Connection::open(server.address()).await?;
    let answer = connection.exchange(&request).await?;
    let body = answer.json(operation.status())?;
    let names: Vec<String> = answer.headers().into_iter().map(|(name, _)| name).collect();
    let replayed = names.iter().any(|name| name == "idempotent-replayed");
    let limits = names.into_iter().filter(|name| name.contains("ratelimit")).collect();
    Ok(RecordedAnswer { body, limits, replayed })
}
