//! Events arrive although hosts die: a host is killed (SIGKILL) while it takes writes and delivers
//! their events. Every committed event comes at least once. Only events whose requests were in
//! flight at the kill may come twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use serde_json::json;

use super::{Load, all};
use crate::prove::{random, rounds};
use crate::support::Client;
use crate::support::Placement;
use crate::support::process::{Process, Setting};
use crate::support::receiver::{Answer, Received, Receiver};
use crate::support::server::SCHEDULER;
use crate::support::servers::free_port;
use crate::webhooks::{endpoint_with, settled};

everywhere! { nothing_is_lost(placement) }

/// Requests to one endpoint at once.
const BATCH: usize = 32;
/// The least number of events between two kills: with the 200 rounds of `scripts/prove` these are
/// more than 10,000.
const WRITES: u64 = 60;
const PATHS: [&str; 2] = ["/any", "/in-order"];

fn id(one: &Received) -> String {
    one.header("webhook-id").to_owned()
}

async fn nothing_is_lost(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut setting = Setting::new(directory.path(), placement);
    setting.port = free_port();
    // A lease that ends while its batch is still on the way sends that batch again without a kill.
    // So it is as long as a batch may take on a busy machine.
    setting.variables = vec![("webhook_lease".to_owned(), "6s".to_owned())];
    let mut host = Process::spawn(&setting);
    let (owner, receiver) = (host.app.owner().await, Receiver::start().await);
    let mut ids = Vec::new();
    for (path, ordering) in PATHS.into_iter().zip(["NONE", "SUBJECT"]) {
        // The delay keeps a request in flight at any moment.
        receiver.script(path, |_, _| Answer {
            delay: Duration::from_millis(30),
            ..Answer::status(200)
        });
        let more = json!({ "event_types": ["project.*"], "ordering": ordering });
        ids.push(endpoint_with(&owner, &receiver, path, more).await.id().to_owned());
    }
    let load = Load::start(&[host.app.base.clone()], &owner);
    let mut random = random(&format!("deliveries {placement:?}"));
    let mut kills = 0;
    for _ in rounds(4) {
        load.goes_on(WRITES).await;
        let sent = receiver.received(PATHS[0]).len();
        while receiver.received(PATHS[0]).len() == sent {
            // The deliveries that the killed host left are due, and no write triggers them again.
            let client = host.app.anon();
            tokio::spawn(async move {
                let headers = [("authorization", &*format!("Bearer {SCHEDULER}"))];
                let path = "/internal/tick?work=deliveries";
                // The host may be killed meanwhile.
                let _ = client.try_send(Method::POST, path, &headers, None).await;
            });
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(random.u64(..60))).await;
        host.kill();
        kills += 1;
        host = tokio::task::block_in_place(|| Process::spawn(&setting));
    }
    load.end().await;
    let owner = Client::new(&host.app.base, Some(owner.token()));
    for id in &ids {
        settled(&host.app, &owner, id).await;
    }
    let told: BTreeSet<String> = all(&owner, "/api/v1/events?type=project.created&")
        .await
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    for path in PATHS {
        let mut times = BTreeMap::<String, usize>::new();
        for one in receiver.received(path) {
            *times.entry(id(&one)).or_default() += 1;
        }
        // If the connection broke before the receiver could answer, then the receiver may not have
        // processed the event.
        let taken: BTreeSet<_> = receiver.answered(path).iter().map(id).collect();
        let lost: Vec<_> = told.difference(&taken).collect();
        assert!(lost.is_empty(), "{path}: {} of {} never came: {lost:?}", lost.len(), told.len());
        assert!(times.keys().all(|id| told.contains(id)), "{path}: events that never were");
        let again: usize = times.values().map(|count| count - 1).sum();
        println!("{path}: {} events, {again} once more after {kills} kills", told.len());
        assert!(again <= kills * BATCH, "{path}: {again} came again after {kills} kills");
    }
}
