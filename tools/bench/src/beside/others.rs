//! Those that disturb: their requests, and the tenant of a flood.

use anyhow::Context as _;

use crate::client::Connection;
use crate::data::{self, Seed};
use crate::load::Operation;
use crate::process::Server;

/// The requests of those that disturb.
#[derive(Clone, Copy, Default)]
pub(super) struct Others {
    pub(super) requests: u64,
    /// Those that were told to come again.
    pub(super) refused: u64,
}

/// Registers another tenant with the server, which works on data like `seed`, and gives the tenant a
/// project.
pub(super) async fn tenant(seed: &Seed, server: &Server) -> anyhow::Result<Seed> {
    let account = data::register(server, "other").await.context("POST /api/v1/auth/register")?;
    let token = account["access_token"].as_str().context("the registration has no token")?;
    let mut other = Seed { headers: data::headers(token), ..seed.clone() };
    let mut request = Vec::new();
    Operation::Create.request(&other, 0, &mut request);
    let mut connection = Connection::open(server.address()).await?;
    let project = connection.exchange(&request).await?.json(Operation::Create.status())?;
    other.projects = vec![project["id"].as_str().context("a project has no id")?.to_owned()];
    Ok(other)
}
