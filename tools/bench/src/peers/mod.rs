//! Servers that are no part of Tenantry, and Spin: on the same number of the same projects, with
//! the same rule (only the rows of the tenant, and a token).
//!
//! A peer has data of its own, because no other server could read them. So it is checked by itself
//! (`check.rs`): the answers of different products cannot be the same. It works on embedded stores
//! only.

mod check;
mod pocketbase;
mod rows;

use std::sync::Arc;

use anyhow::Context as _;

use crate::Settings;
use crate::data::Seed;
use crate::kind::Kind;
use crate::launch::Limits;
use crate::load::Operation;
use crate::places::Places;
use crate::process::Server;
use crate::storage::Storage;
use crate::stores::Stores;

/// A peer, and its data.
pub(crate) struct Peer {
    kind: Kind,
    /// The data.
    pub(crate) seed: Arc<Seed>,
}

impl Peer {
    /// Makes the data of the peers of this run, which are none on external stores.
    ///
    /// # Errors
    /// A peer that does not start, or that refuses its data.
    pub(crate) async fn all(
        settings: &Settings,
        places: &Places,
        storage: &Storage,
    ) -> anyhow::Result<Vec<Self>> {
        let mut peers = Vec::new();
        if storage.stores() == Stores::External {
            return Ok(peers);
        }
        let count = settings.projects;
        if places.spin.is_some() {
            eprintln!("Making {count} projects for Spin");
            let seed = Seed::make_with(Kind::Spin, storage, places, "spin-seed", count).await;
            let seed = Arc::new(seed.context("the data of Spin")?);
            peers.push(Self { kind: Kind::Spin, seed });
        }
        if settings.peers {
            eprintln!("Making {count} projects for PocketBase");
            let seed = pocketbase::make(storage, places, count).await;
            let seed = Arc::new(seed.context("the data of PocketBase")?);
            peers.push(Self { kind: Kind::PocketBase, seed });
        }
        Ok(peers)
    }

    /// Starts the peer on a fresh copy of its data, and checks its answers.
    ///
    /// # Errors
    /// The answer that is not the expected one.
    pub(crate) async fn start(&self, places: &Places, storage: &Storage) -> anyhow::Result<Server> {
        let data = storage.data(places, self.kind.name());
        self.seed.copy_to(storage, &data).await?;
        let mut server = Server::start(places, self.kind, &data, Limits::AMPLE)?;
        server.ready().await?;
        let foreign = (self.kind == Kind::PocketBase).then_some(rows::FOREIGN);
        check::answers(&server, &self.seed, foreign).await.context(self.kind.name())?;
        Ok(server)
    }
}

/// Whether a server offers an operation. PocketBase has neither entity tags nor idempotency keys.
pub(crate) fn offers(kind: Kind, operation: Operation) -> bool {
    match kind {
        Kind::Native | Kind::Fused | Kind::Composed | Kind::Spin => true,
        Kind::PocketBase => {
            matches!(operation, Operation::PointRead | Operation::List | Operation::Create)
        }
    }
}
