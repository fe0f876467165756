//! Slow receivers delay the deliveries of their own tenant only.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Placement;
use crate::support::receiver::{Answer, Receiver};
use crate::support::server::{UNLIMITED, options, start};
use crate::webhooks::{PATH, PATIENCE, arrived, endpoint, endpoint_with, project, tick};

storage! { four_hundred_slow_endpoints(placement) }

/// The number of slow endpoints: more than are served at once, of one tenant and in one run.
const SLOW: usize = 24;
const EVENTS: usize = 6;
/// Malicious tenants.
const HARMFUL: usize = 4;
/// The most endpoints that a tenant may have.
const MOST: usize = 100;
/// Requests of a tenant in flight at once (`components/webhooks/src/shares.rs`), and half as many
/// again for requests that begin at the same moment.
const AT_ONCE: usize = 96;
/// Queues of a tenant that are served at once.
const QUEUES: usize = 8;

everywhere! {
    /// If all endpoints of a tenant hang, the tenant has this bounded number of requests in flight
    /// and no more. Meanwhile the deliveries of another tenant arrive.
    async fn slow_receivers_are_bounded(app) {
        let (slow, victim, receiver) = (app.owner().await, app.owner().await, Receiver::start().await);
        let path = |n: usize| format!("/slow-{n}");
        let mut ids = Vec::new();
        for n in 0..SLOW {
            receiver.script(&path(n), |_, _| Answer { delay: Duration::from_secs(6), ..Answer::status(200) });
            let more = json!({ "event_types": ["project.*"], "timeout_seconds": 20 });
            ids.push(endpoint_with(&slow, &receiver, &path(n), more).await.id().to_owned());
        }
        endpoint(&victim, &receiver, "/victim").await;
        for n in 0..EVENTS {
            project(&slow, &n.to_string()).await;
        }
        let on_their_way = || {
            let counts = (0..SLOW).map(|n| receiver.received(&path(n)).len() - receiver.answered(&path(n)).len());
            let counts: Vec<usize> = counts.filter(|count| *count > 0).collect();
            (counts.len(), counts.iter().sum::<usize>())
        };
        let began = Instant::now();
        while on_their_way().0 < QUEUES {
            assert!(began.elapsed() < PATIENCE, "{:?}", on_their_way());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        project(&victim, "a").await;
        arrived(&app, &receiver, "/victim", 1).await;
        let answered: usize = (0..QUEUES).map(|n| receiver.answered(&path(n)).len()).sum();
        let watched = Instant::now();
        while watched.elapsed() < Duration::from_secs(1) {
            let (queues, requests) = on_their_way();
            assert!(queues <= QUEUES && requests <= AT_ONCE, "{queues} queues, {requests} requests");
            tick(&app).await;
        }
        assert!(answered < SLOW * EVENTS, "they hang still when the other has come");
        for (n, id) in ids.iter().enumerate() {
            receiver.statuses(&path(n), &[200]);
            slow.delete(&format!("{PATH}/{id}")).await.expect(204);
        }
    }
}

/// Four tenants each have as many endpoints as they may, and the endpoints answer after 19 s. Each
/// tenant has as many sockets as it may, and the deliveries of another tenant arrive at once.
async fn four_hundred_slow_endpoints(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.limits.grace = Duration::ZERO;
    let (app, server) = start(options).await;
    let (victim, receiver) = (app.owner().await, Receiver::start().await);
    endpoint(&victim, &receiver, "/victim").await;
    let path = |tenant: usize, number: usize| format!("/slow-{tenant}-{number}");
    for tenant in 0..HARMFUL {
        let slow = app.owner().await;
        for number in 0..MOST {
            let late = Answer { delay: Duration::from_secs(19), ..Answer::status(200) };
            receiver.script(&path(tenant, number), move |_, _| late.clone());
            let more = json!({ "event_types": ["project.*"], "timeout_seconds": 20 });
            endpoint_with(&slow, &receiver, &path(tenant, number), more).await;
        }
        // One event alone is already due to all of the endpoints.
        for number in 0..EVENTS {
            project(&slow, &number.to_string()).await;
        }
    }
    let sockets = |tenant| {
        let of = |number| {
            let path = path(tenant, number);
            receiver.received(&path).len() - receiver.answered(&path).len()
        };
        (0..MOST).map(of).sum::<usize>()
    };
    let (mut most, mut longest) = ([0; HARMFUL], Duration::ZERO);
    for number in 1..=10 {
        let began = Instant::now();
        project(&victim, "a").await;
        while receiver.received("/victim").len() < number {
            assert!(began.elapsed() < PATIENCE, "{most:?} sockets");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        longest = longest.max(began.elapsed());
        most = std::array::from_fn(|tenant| most[tenant].max(sockets(tenant)));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    eprintln!("{most:?} sockets, and {longest:?} for the other tenant");
    assert!(most.iter().all(|most| (1..=AT_ONCE).contains(most)), "{most:?} sockets");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    server.shutdown().await.unwrap();
}
