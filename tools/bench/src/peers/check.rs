//! The proof that a peer does what is measured: it serves the projects of the tenant, only with a
//! token, and a created project is there afterwards.

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

/// Checks the answers of a peer. `foreign` is a project of another tenant, if there is one.
///
/// # Errors
/// The answer that is not the expected one.
pub(super) async fn answers(
    server: &Server,
    seed: &Seed,
    foreign: Option<&str>,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(server.address()).await?;
    let read = ask(&mut connection, seed, Operation::PointRead).await?;
    let id = seed.projects.first().context("no projects")?;
    ensure!(read["id"] == **id, "a read of {id} is answered\n{read}");

    let list = ask(&mut connection, seed, Operation::List).await?;
    let items = list["items"].as_array().context("a list without items")?;
    let ids: Vec<_> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    ensure!(ids.len() == 20, "{} projects in a list of 20", ids.len());
    ensure!(ids.iter().all(|id| seed.projects.iter().any(|own| own == id)), "foreign: {ids:?}");

    let made = ask(&mut connection, seed, Operation::Create).await?;
    let id = made["id"].as_str().context("no id")?;
    let found = ask(&mut connection, &only(seed, id), Operation::PointRead).await?;
    ensure!(
        found["id"] == made["id"] && found["name"] == made["name"],
        "{made}\nis read as\n{found}"
    );

    let (own, _) = seed.headers.split_once("authorization: ").context("no token")?;
    let anonymous = Seed { headers: own.to_owned(), ..only(seed, id) };
    let foreign = foreign.map(|id| ("a foreign project", only(seed, id)));
    for (what, seed) in foreign.into_iter().chain([("no token", anonymous)]) {
        let mut request = Vec::new();
        Operation::PointRead.request(&seed, 0, &mut request);
        let status = connection.exchange(&request).await?.status;
        ensure!(matches!(status, 401 | 404), "{what}: answered {status}");
    }
    Ok(())
}

/// The same data, of which only one project is known.
fn only(seed: &Seed, id: &str) -> Seed {
    Seed { projects: vec![id.to_owned()], ..seed.clone() }
}

async fn ask(
    connection: &mut Connection,
    seed: &Seed,
    operation: Operation,
) -> anyhow::Result<Value> {
    let mut request = Vec::new();
    operation.request(seed, 0, &mut request);
    let answer = connection.exchange(&request).await?;
    answer.json(operation.success(seed.api)).context(operation.name())
}
