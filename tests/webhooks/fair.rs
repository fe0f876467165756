//! Receivers that take their time hold up their own tenant.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{PATH, PATIENCE, arrived, endpoint, endpoint_with, project, tick};
use crate::placements;
use crate::support::receiver::{Answer, Receiver};

/// More than are served at once, of one tenant and of one run.
const SLOW: usize = 24;
const EVENTS: usize = 6;
/// Requests of a tenant on their way at once (`components/webhooks/src/shares.rs`), and half as many
/// for those that begin at the same moment.
const AT_ONCE: usize = 96;
/// Queues of it that are served at once.
const QUEUES: usize = 8;

placements! {
    /// A tenant whose endpoints all hang has so many requests on their way, and no more; what is
    /// due to another tenant arrives meanwhile.
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
