//! Any number of concurrent dispatchers sends each event once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::receiver::{Answer, Receiver};
use crate::support::{App, Client};
use crate::webhooks::{PATH, PATIENCE, endpoint, endpoint_with, settled, tick};

pub(crate) const EVENTS: usize = 300;

/// Paths of the receiver, one for each endpoint. The endpoint of the last path keeps the order of
/// events.
pub(crate) const PATHS: [&str; 3] = ["/one", "/two", "/in-order"];

/// Makes endpoints in a tenant that has `EVENTS` events, none of which was sent yet. Returns the
/// ids of the endpoints.
pub(crate) async fn seeded(app: &App, owner: &Client, receiver: &Receiver) -> Vec<String> {
    let data = crate::events::project(owner.tenant(), "prj_x").replace('\'', "''");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let row = |n: usize| {
        format!(
            "('evt_{n}_{tenant}', '{tenant}', 'project.updated', 'prj_{}', 'projects', '{data}', \
             't', {now})",
            n % 50,
            tenant = owner.tenant()
        )
    };
    let rows: Vec<String> = (0..EVENTS).map(row).collect();
    app.execute(&format!(
        "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) \
         VALUES {}",
        rows.join(", ")
    ));
    let mut ids = Vec::new();
    for path in PATHS {
        // The delay keeps many requests in flight at once.
        receiver.script(path, |_, _| Answer {
            delay: Duration::from_millis(20),
            ..Answer::status(200)
        });
        let made = match path {
            "/in-order" => {
                let more = json!({ "event_types": ["project.*"], "ordering": "SUBJECT" });
                endpoint_with(owner, receiver, path, more).await
            }
            _ => endpoint(owner, receiver, path).await,
        };
        ids.push(made.id().to_owned());
    }
    for id in &ids {
        let since = json!({ "since": "2020-01-01T00:00:00Z" });
        let taken = owner.post(&format!("{PATH}/{id}/replay-missing"), &since).await.expect(202);
        assert_eq!(taken.body["deliveries"], EVENTS);
    }
    ids
}

/// Makes these hosts deliver, eight calls at a time, until all events have arrived. Then each event
/// has arrived once at each path, and at the last path in the order of its subject.
pub(crate) async fn each_comes_once(apps: &[App], receiver: &Receiver) {
    let (began, calls) = (Instant::now(), 8);
    let count = || PATHS.iter().map(|path| receiver.received(path).len()).sum::<usize>();
    while count() < PATHS.len() * EVENTS {
        assert!(began.elapsed() < PATIENCE, "{} have come", count());
        let ticks = (0..calls).map(|n| {
            let app = apps[n % apps.len()].clone();
            tokio::spawn(async move { tick(&app).await })
        });
        for tick in ticks.collect::<Vec<_>>() {
            tick.await.unwrap();
        }
    }
    for path in PATHS {
        let mut times = BTreeMap::<String, usize>::new();
        let mut newest = BTreeMap::<String, usize>::new();
        for one in receiver.received(path) {
            let id = one.header("webhook-id").to_owned();
            let number = id.split('_').nth(1).unwrap().parse().unwrap();
            let before = newest.insert(one.event("subject"), number);
            assert!(path != "/in-order" || before < Some(number), "{number} came after {before:?}");
            *times.entry(id).or_default() += 1;
        }
        let again: Vec<_> = times.iter().filter(|(_, count)| **count > 1).collect();
        assert!(again.is_empty(), "{path}: sent more than once: {again:?}");
        assert_eq!(times.len(), EVENTS, "{path}");
    }
}

everywhere! {
    /// The dispatcher of the host and eight others send nothing twice.
    async fn nothing_twice(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let ids = seeded(&app, &owner, &receiver).await;
        each_comes_once(std::slice::from_ref(&app), &receiver).await;
        for id in ids {
            settled(&app, &owner, &id).await;
        }
        each_comes_once(&[app], &receiver).await;
    }
}
