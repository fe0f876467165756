//! Writers that do not give up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::support::Client;

pub(super) const PROJECTS: &str = "/api/v1/projects";
const WRITERS: usize = 8;
/// The longest that a key may have no answer once its server is back. A reservation is kept for two
/// seconds, and the rest is for a busy machine.
pub(super) const LEASE: Duration = Duration::from_secs(12);

/// Each key, with the id of the project that was made with it.
pub type Made = Vec<(String, Option<String>)>;

/// Writers that write to whichever host answers, and the answers that they got.
pub struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    pub counts: Arc<Counts>,
    writers: Vec<tokio::task::JoinHandle<Made>>,
}

/// Counts of the attempts that were not acknowledged.
#[derive(Default)]
pub struct Counts {
    /// All attempts that were not acknowledged.
    pub refused: AtomicU64,
    /// The attempts that a running host answered with 503.
    pub failed: AtomicU64,
}

impl Load {
    pub fn start(bases: &[String], owner: &Client) -> Self {
        let clients: Arc<Vec<Client>> =
            Arc::new(bases.iter().map(|base| Client::new(base, Some(owner.token()))).collect());
        let stop = Arc::<AtomicBool>::default();
        let (acknowledged, counts) = (Arc::<AtomicU64>::default(), Arc::<Counts>::default());
        let writers = (0..WRITERS).map(|writer| {
            let (clients, stop) = (clients.clone(), stop.clone());
            let (acknowledged, counts) = (acknowledged.clone(), counts.clone());
            tokio::spawn(async move {
                let mut made = Made::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let key = format!("w{writer}-n{number}");
                    let id = insist(&clients, writer + number, &key, &counts).await;
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    made.push((key, Some(id)));
                    // From time to time a client repeats a request that was already acknowledged.
                    if number % 4 == 0 {
                        let (key, id) = &made[number / 2];
                        let again = insist(&clients, number, key, &counts).await;
                        assert_eq!(Some(&again), id.as_ref(), "{key} was made twice");
                    }
                }
                made
            })
        });
        let writers = writers.collect();
        Self { stop, acknowledged, counts, writers }
    }

    /// Waits until this many more writes are acknowledged. Returns how long that took.
    pub async fn goes_on(&self, more: u64) -> Duration {
        let (began, wanted) = (Instant::now(), self.acknowledged.load(Ordering::Relaxed) + more);
        while self.acknowledged.load(Ordering::Relaxed) < wanted {
            assert!(began.elapsed() < Duration::from_secs(60), "the service does not come back");
            assert!(!self.writers.iter().any(|it| it.is_finished()), "a writer has failed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        began.elapsed()
    }

    /// All that was made, once every writer has the answer that it waits for.
    pub async fn end(self) -> Made {
        self.stop.store(true, Ordering::Relaxed);
        let mut made = Made::new();
        for writer in self.writers {
            made.extend(writer.await.unwrap());
        }
        made
    }
}

/// Makes one attempt. Returns the id of the new project.
pub async fn write(client: &Client, key: &str) -> Option<String> {
    let headers = [("idempotency-key", key), ("content-type", "application/json")];
    let body = Some(json!({ "name": key }).to_string());
    let answer = client.try_send(Method::POST, PROJECTS, &headers, body).await.ok()?;
    (answer.status == 201).then(|| answer.id().to_owned())
}

/// Sends a write until it is acknowledged, as a careful client does: always with the same key,
/// after the pause that the answer asks for, to the next host.
async fn insist(clients: &[Client], first: usize, key: &str, counts: &Counts) -> String {
    let began = Instant::now();
    for attempt in first.. {
        assert!(began.elapsed() < Duration::from_secs(60), "{key} is never answered");
        let headers = [("idempotency-key", key), ("content-type", "application/json")];
        let body = Some(json!({ "name": key }).to_string());
        let client = &clients[attempt % clients.len()];
        let sent = client.try_send(Method::POST, PROJECTS, &headers, body);
        let pause = match tokio::time::timeout(Duration::from_secs(3), sent).await {
            Ok(Ok(answer)) if answer.status == 201 => return answer.id().to_owned(),
            Ok(Ok(answer)) => {
                assert!(matches!(answer.status, 503 | 409), "{}: {}", answer.status, answer.text);
                // A load balancer asks `/readyz`, and sends nothing to a host that is starting.
                if answer.status == 503 && !answer.text.contains("starting") {
                    counts.failed.fetch_add(1, Ordering::Relaxed);
                }
                let after = answer.header("retry-after").expect("Retry-After");
                after.parse::<u64>().unwrap().min(2)
            }
            // There is no answer: the connection was refused, broken off, or frozen.
            _ => 0,
        };
        counts.refused.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(100 + 1000 * pause)).await;
    }
    unreachable!()
}

/// Repeats every acknowledged request, and checks that the answer is the same.
pub async fn ask_again(client: &Client, made: &Made) {
    let size = made.len().div_ceil(WRITERS).max(1);
    let parts = made.chunks(size).map(|part| {
        let (client, part) = (client.clone(), part.to_vec());
        tokio::spawn(async move {
            for (key, id) in part {
                let began = Instant::now();
                let mut answer = write(&client, &key).await;
                while answer.is_none() {
                    assert!(began.elapsed() < LEASE, "{key} is never answered");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    answer = write(&client, &key).await;
                }
                assert_eq!(answer, id, "{key} was made twice");
            }
        })
    });
    for part in parts.collect::<Vec<_>>() {
        part.await.unwrap();
    }
}
