//! A server with a tenant, its endpoints, and the receiver of their deliveries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::sink::{Receipt, Sink};
use crate::client::Connection;
use crate::data::{Random, Seed};
use crate::load::Operation;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::storage::{Data, Storage};

/// The projects that exist before the measurement. The figures do not depend on them.
pub(super) const PROJECTS: u64 = 21;
const ENDPOINTS: &str = "/api/v1/webhook-endpoints";

/// Everything that a measurement needs.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) seed: Arc<Seed>,
    pub(super) sink: Sink,
    /// The ids of the endpoints. The sink identifies an endpoint by its index here.
    endpoints: Vec<String>,
}

impl World {
    /// A server over its own copy of the data.
    pub(super) async fn start(
        places: &Places,
        storage: &Storage,
        seed: &Arc<Seed>,
        kind: Kind,
    ) -> anyhow::Result<Self> {
        let data = storage.data(places, &format!("deliveries-{}", kind.name()));
        seed.copy_to(storage, &data).await?;
        Self::new(serve(places, &data, kind).await?, seed.clone()).await
    }

    /// A server that works on the data itself.
    pub(super) async fn over(places: &Places, seed: Arc<Seed>, kind: Kind) -> anyhow::Result<Self> {
        Self::new(serve(places, &seed.data, kind).await?, seed).await
    }

    async fn new(server: Server, seed: Arc<Seed>) -> anyhow::Result<Self> {
        Ok(Self { server, seed, sink: Sink::open().await?, endpoints: Vec::new() })
    }

    /// Stops the server that works on the data itself, applies `between` to the data, and starts
    /// the server again.
    pub(super) async fn restart(
        mut self,
        places: &Places,
        between: impl AsyncFnOnce(&Seed) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let kind = self.server.kind;
        self.server.stop().await?;
        between(&self.seed).await?;
        self.server = serve(places, &self.seed.data, kind).await?;
        Ok(self)
    }

    /// Adds endpoints for the creation of projects, until there are this many.
    pub(super) async fn add_endpoints(&mut self, count: usize) -> anyhow::Result<()> {
        while self.endpoints.len() < count {
            let url = self.sink.url(self.endpoints.len());
            let body = json!({ "url": url, "event_types": ["project.created"] });
            let made = self.post(ENDPOINTS, Some(&body), 201).await?;
            self.endpoints.push(made["id"].as_str().context("an endpoint has no id")?.to_owned());
        }
        Ok(())
    }

    /// The number of endpoints.
    pub(super) fn endpoints(&self) -> usize {
        self.endpoints.len()
    }

    /// Makes every endpoint rest: events that happen from now on wait in the feed.
    pub(super) async fn rest(&self) -> anyhow::Result<()> {
        self.sink.rest(self.endpoints.len());
        self.append(1, 1).await?;
        self.sink.settled().await
    }

    /// Ends the rest of every endpoint, as their owner would.
    pub(super) async fn wake(&self) -> anyhow::Result<()> {
        for id in &self.endpoints {
            self.post(&format!("{ENDPOINTS}/{id}/test"), None, 202).await?;
        }
        Ok(())
    }

    /// Creates this many projects.
    pub(super) async fn append(&self, count: u64, connections: u64) -> anyhow::Result<()> {
        let next = Arc::new(AtomicU64::new(0));
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..connections.min(count) {
            let (next, seed, address) = (next.clone(), self.seed.clone(), self.server.address());
            clients.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut request = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(());
                    }
                    Operation::Create.request(&seed, number, &mut request);
                    connection.exchange(&request).await?.expect(Operation::Create.status())?;
                }
            });
        }
        while let Some(client) = clients.join_next().await {
            client??;
        }
        Ok(())
    }

    /// Creates this many projects on one connection, one in each `gap`. The times vary by up to
    /// half a gap, so that no timer of the server keeps step. Returns the time of each answer by
    /// the id of the project.
    pub(super) async fn append_steadily(
        &self,
        count: u32,
        gap: Duration,
    ) -> anyhow::Result<HashMap<String, Instant>> {
        let mut connection = Connection::open(self.server.address()).await?;
        let mut random = Random(count.into());
        let (mut request, mut answered) = (Vec::new(), HashMap::new());
        let mut at = Instant::now();
        for number in 0..count {
            Operation::Create.request(&self.seed, number.into(), &mut request);
            let made = connection.exchange(&request).await?;
            let moment = Instant::now();
            let made = made.json(Operation::Create.status())?;
            answered.insert(made["id"].as_str().context("no id")?.to_owned(), moment);
            at += gap.mul_f64(0.5 + f64::from(random.next()) / f64::from(1_u32 << 31));
            tokio::time::sleep_until(at.into()).await;
        }
        Ok(answered)
    }

    /// Waits until `events` have come to all endpoints, and takes them.
    ///
    /// # Errors
    /// A delivery that does not come, or one that comes twice, because it belongs to another
    /// measurement.
    pub(super) async fn receive(&self, events: usize) -> anyhow::Result<Vec<Receipt>> {
        let count = events * self.endpoints.len();
        self.sink.wait(count).await?;
        let receipts = self.sink.take();
        let told: HashSet<_> = receipts.iter().map(|it| (it.endpoint, &*it.subject)).collect();
        ensure!(
            receipts.len() == count && told.len() == count,
            "{} deliveries came, {} different ones, and not {count}",
            receipts.len(),
            told.len()
        );
        Ok(receipts)
    }

    async fn post(&self, path: &str, body: Option<&Value>, status: u16) -> anyhow::Result<Value> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let (headers, length) = (&self.seed.headers, body.len());
        let request = format!("POST {path}{headers}{kind}content-length: {length}\r\n\r\n{body}");
        let mut connection = Connection::open(self.server.address()).await?;
        let answer = connection.exchange(request.as_bytes()).await?;
        answer.json(status).with_context(|| format!("POST {path}"))
    }
}

async fn serve(places: &Places, data: &Data, kind: Kind) -> anyhow::Result<Server> {
    let mut server = Server::start(places, kind, data, Limits::AMPLE)?;
    server.ready().await?;
    Ok(server)
}
