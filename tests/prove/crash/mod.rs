//! A write with an `Idempotency-Key` happens once: if 64 equal requests come at the same moment,
//! and if its server is killed (SIGKILL) in the middle of it, again and again.

mod deliveries;
mod hosts;
mod load;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::{random, rounds};
use crate::support::process::{Process, Setting};
use crate::support::servers::free_port;
use crate::support::{Client, Placement};
use load::{LEASE, PROJECTS};
pub use load::{Load, Made, write};

everywhere! { survives(placement) }

const EQUAL: usize = 64;

/// Sends equal requests at the same moment, spread over these clients. One of them makes the
/// project. Each client that gets an answer gets that project, and the others are told to ask
/// again.
pub async fn race(clients: &[Client], key: &str) -> (String, Option<String>) {
    let sent = (0..EQUAL).map(|n| {
        let (client, key) = (clients[n % clients.len()].clone(), key.to_owned());
        tokio::spawn(async move {
            let body = json!({ "name": key });
            client.json(Method::POST, PROJECTS, &body, &[("idempotency-key", &key)]).await
        })
    });
    let mut ids = BTreeSet::new();
    for answer in sent.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        match answer.status {
            201 => drop(ids.insert(answer.id().to_owned())),
            // This happens only under a clock that steps. Nothing else comes near a limit.
            429 => {}
            // On a busy machine a request may wait too long for its turn. Then it is not begun.
            503 => drop(answer.refused(503, "service_unavailable")),
            _ => drop(answer.refused(409, "idempotency_conflict")),
        }
    }
    assert_eq!(ids.len(), 1, "{key}: {ids:?}");
    (key.to_owned(), ids.pop_first())
}

/// All items of a paged list.
async fn all(client: &Client, path: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}limit=100{cursor}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        found.extend(items.iter().cloned());
        // A feed always has a next page.
        match page.body["next_cursor"].as_str() {
            Some(next) if !items.is_empty() => cursor = format!("&cursor={next}"),
            _ => return found,
        }
    }
}

/// Each key has exactly one project, and each project exactly one event.
pub async fn check(client: &Client, made: &Made) {
    let mut found = BTreeMap::<String, Vec<String>>::new();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    for item in all(client, &format!("{PROJECTS}?")).await {
        found.entry(text(&item, "name")).or_default().push(text(&item, "id"));
    }
    let mut told = BTreeMap::<String, usize>::new();
    for event in all(client, "/api/v1/events?type=project.created&").await {
        *told.entry(text(&event, "subject")).or_default() += 1;
    }
    for (key, id) in made {
        let id = id.clone().unwrap();
        assert_eq!(told.remove(&id), Some(1), "events of {key}");
        assert_eq!(found.remove(key).unwrap_or_default(), [id], "{key}");
    }
    assert!(found.is_empty(), "projects that nobody asked for: {found:?}");
    assert!(told.is_empty(), "events of nothing: {told:?}");
}

/// Kills one of these hosts at a random moment in each round, under writers that do not give up.
async fn killed(mut settings: Vec<Setting>, mut random: fastrand::Rng) {
    // A killed host comes back at the address where the clients look for it.
    settings.iter_mut().for_each(|setting| setting.port = free_port());
    let mut hosts: Vec<_> = settings.iter().map(Process::spawn).collect();
    let owner = hosts[0].app.owner().await;
    let bases: Vec<_> = hosts.iter().map(|host| host.app.base.clone()).collect();
    let load = Load::start(&bases, &owner);
    load.goes_on(10).await;
    for _ in rounds(6) {
        tokio::time::sleep(Duration::from_millis(random.u64(5..500))).await;
        let one = random.usize(..hosts.len());
        hosts[one].kill();
        hosts[one] = tokio::task::block_in_place(|| Process::spawn(&settings[one]));
    }
    load.goes_on(10).await;
    let client = Client::new(&hosts[0].app.base, Some(owner.token()));
    let made = tokio::time::timeout(LEASE, load.end()).await.expect("a key is never answered");
    load::ask_again(&client, &made).await;
    check(&client, &made).await;
}

/// A single server with its data survives the kills.
async fn survives(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let setting = Setting::new(directory.path(), placement);
    killed(vec![setting], random(&format!("crash {placement:?}"))).await;
}

everywhere! {
    /// 64 equal requests make one project and one event, and a later request gets that project too.
    async fn equal_requests_make_one(app) {
        let owner = app.owner().await;
        let mut made = Made::new();
        for round in rounds(2) {
            made.push(race(std::slice::from_ref(&owner), &format!("race-{round}")).await);
        }
        load::ask_again(&owner, &made).await;
        check(&owner, &made).await;
    }
}
