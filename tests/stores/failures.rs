//! What happens to a service of two hosts when a part of it ends, freezes or restarts under
//! load: errors say when to come back, nothing that was acknowledged is lost, nothing is done
//! twice, and service is back within seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use super::Site;
use super::hosts::placed;
use crate::support::Client;
use crate::support::process::Process;
use crate::support::servers::{Postgres, Redis, free_port};

const WRITERS: usize = 8;
/// How long a part is away.
const AWAY: Duration = Duration::from_secs(2);
/// The longest that service may take to be back after the part is: a frozen host keeps its
/// tenant's place for five seconds, a reservation is kept for two.
const BACK: Duration = Duration::from_secs(20);

/// Keys and what was made with them.
type Made = Vec<(String, Option<String>)>;

/// Writers that write to whichever host answers, and what they saw.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    counts: Arc<Counts>,
    writers: Vec<tokio::task::JoinHandle<Made>>,
}

/// What was not acknowledged.
#[derive(Default)]
struct Counts {
    /// All attempts.
    refused: AtomicU64,
    /// Those that a running host answered with 503.
    failed: AtomicU64,
}

impl Load {
    fn start(bases: &[String], owner: &Client) -> Self {
        let clients: Arc<Vec<Client>> =
            Arc::new(bases.iter().map(|base| Client::new(base, Some(owner.token()))).collect());
        let stop = Arc::<AtomicBool>::default();
        let (acknowledged, counts) = (Arc::<AtomicU64>::default(), Arc::<Counts>::default());
        let writers = (0..WRITERS).map(|writer| {
            let (clients, stop) = (clients.clone(), stop.clone());
            let (acknowledged, counts) = (acknowledged.clone(), counts.clone());
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("w{writer}-n{number}");
                    let id = insist(&clients, writer + number, &key, &counts).await;
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    made.push((key, Some(id)));
                }
                made
            })
        });
        let writers = writers.collect();
        Self { stop, acknowledged, counts, writers }
    }

    /// Waits until so many more writes are acknowledged; how long it took.
    async fn goes_on(&self, more: u64) -> Duration {
        let (began, wanted) = (Instant::now(), self.acknowledged.load(Ordering::Relaxed) + more);
        while self.acknowledged.load(Ordering::Relaxed) < wanted {
            assert!(began.elapsed() < Duration::from_secs(60), "the service does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }

    /// Everything that was acknowledged is there, once.
    async fn finish(self, client: &Client) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut made = Vec::new();
        for writer in self.writers {
            made.extend(writer.await.unwrap());
        }
        crate::crash::check(client, &made).await;
        self.counts.refused.load(Ordering::Relaxed)
    }
}

/// Sends until it is acknowledged, as a careful client does: with one key, after the pause
/// that the answer asks for, to the next host.
async fn insist(clients: &[Client], first: usize, key: &str, counts: &Counts) -> String {
    let began = Instant::now();
    for attempt in first.. {
        assert!(began.elapsed() < Duration::from_secs(60), "{key} is never answered");
        let headers = [("idempotency-key", key), ("content-type", "application/json")];
        let body = Some(json!({ "name": key }).to_string());
        let client = &clients[attempt % clients.len()];
        let sent = client.try_send(Method::POST, "/api/v1/projects", &headers, body);
        let pause = match tokio::time::timeout(Duration::from_secs(3), sent).await {
            Ok(Ok(answer)) if answer.status == 201 => return answer.id().to_owned(),
            Ok(Ok(answer)) => {
                assert!(matches!(answer.status, 503 | 409), "{}: {}", answer.status, answer.text);
                // A balancer, which asks /readyz, sends nothing to a host that starts.
                if answer.status == 503 && !answer.text.contains("starting") {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                }
                let after = answer.header("retry-after").expect("Retry-After");
                after.parse::<u64>().unwrap().min(2)
            }
            // No answer: refused, broken off, or frozen.
            _ => 0,
        };
        counts.refused.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100 + 1000 * pause)).await;
    }
    unreachable!()
}

struct Scene {
    site: Site,
    postgres: Postgres,
    redis: Redis,
    one: Process,
    two: Process,
    owner: Client,
    load: Load,
    ports: [u16; 2],
    composed: bool,
}

impl Scene {
    async fn set(composed: bool) -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let site = Site::on(&postgres.url(), &redis.url()).await;
        let ports = [free_port(), free_port()];
        let host = |name: &str, port| {
            let mut setting = site.host(name, composed);
            setting.port = port;
            Process::spawn(&setting)
        };
        let (one, two) = (host("one", ports[0]), host("two", ports[1]));
        let owner = one.app.owner().await;
        let load = Load::start(&[one.app.base.clone(), two.app.base.clone()], &owner);
        load.goes_on(50).await;
        Self { site, postgres, redis, one, two, owner, load, ports, composed }
    }

    fn again(&self, name: &str, port: u16) -> Process {
        let mut setting = self.site.host(name, self.composed);
        setting.port = port;
        Process::spawn(&setting)
    }

    async fn end(self, back: Duration) {
        assert!(back < BACK, "service was back after {back:?}");
        self.load.goes_on(50).await;
        let client = Client::new(&self.two.app.base, Some(self.owner.token()));
        let refused = self.load.finish(&client).await;
        eprintln!("back after {back:?}; {refused} attempts were repeated");
    }
}

async fn postgres_restarts(composed: bool) {
    let scene = Scene::set(composed).await;
    scene.postgres.crash();
    tokio::time::sleep(AWAY).await;
    let read = scene.owner.try_send(Method::GET, "/api/v1/projects", &[], None).await.unwrap();
    assert_eq!((read.status, read.header("retry-after").is_some()), (503, true), "{}", read.text);
    scene.postgres.up();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

async fn redis_restarts(composed: bool) {
    let mut scene = Scene::set(composed).await;
    scene.redis.crash();
    tokio::time::sleep(AWAY).await;
    // Reads do not need it (K-50).
    scene.owner.get("/api/v1/projects?limit=1").await.expect(200);
    scene.redis.up();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

async fn a_host_freezes(composed: bool) {
    let scene = Scene::set(composed).await;
    scene.one.freeze();
    let back = scene.load.goes_on(20).await;
    tokio::time::sleep(AWAY).await;
    scene.one.thaw();
    scene.end(back).await;
}

async fn a_host_is_killed(composed: bool) {
    let mut scene = Scene::set(composed).await;
    scene.one.kill();
    let back = scene.load.goes_on(20).await;
    scene.end(back).await;
}

/// One host after the other ends in good order and starts again: no request that a host has
/// taken fails, and those that find none are sent again to the other.
async fn rolling_restart(composed: bool) {
    let mut scene = Scene::set(composed).await;
    let mut back = Duration::ZERO;
    for _ in 0..2 {
        scene.one.stop();
        back = back.max(scene.load.goes_on(20).await);
        scene.one = scene.again("one", scene.ports[0]);
        scene.two.stop();
        back = back.max(scene.load.goes_on(20).await);
        scene.two = scene.again("two", scene.ports[1]);
    }
    assert_eq!(scene.load.counts.failed.load(Ordering::Relaxed), 0);
    scene.end(back).await;
}

placed! { postgres_restarts redis_restarts a_host_freezes a_host_is_killed rolling_restart }
