//! Several hosts on one PostgreSQL and one Redis are one service.

use http::Method;
use serde_json::json;

use super::Site;
use crate::support::process::Process;
use crate::support::{Client, Placement};

external! {
    one_service(placement) one_limit(placement) one_function(placement) one_keyring(placement)
}

const PROJECTS: &str = "/api/v1/projects";

/// A new empty site and two hosts that start at the same moment.
pub(crate) fn two(variables: &[(&str, &str)], placement: Placement) -> (Site, Process, Process) {
    let site = Site::new();
    let start = |name: &str| {
        let mut setting = site.host(name, placement);
        let more = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        setting.variables.extend(more);
        std::thread::spawn(move || Process::spawn(&setting))
    };
    let (one, two) = (start("one"), start("two"));
    let (one, two) = (one.join().unwrap(), two.join().unwrap());
    (site, one, two)
}

pub(crate) fn at(host: &Process, client: &Client) -> Client {
    Client::new(&host.app.base, Some(client.token())).of(client.session.clone())
}

/// Both hosts make their first key at once, and each accepts the tokens that the other signs. A
/// write on one host is visible on the other, with its event.
async fn one_service(placement: Placement) {
    let (_site, one, two) = two(&[], placement);
    let (alice, bob) = tokio::join!(one.app.owner(), two.app.owner_named("bob@example.com", None));
    let made = alice.post(PROJECTS, &json!({ "name": "x" })).await.expect(201);
    at(&two, &alice).get(&format!("{PROJECTS}/{}", made.id())).await.expect(200);
    at(&one, &bob).get(&format!("{PROJECTS}/{}", made.id())).await.expect(404);
    let events = at(&two, &alice).get("/api/v1/events?type=project.created").await.expect(200);
    assert_eq!(events.body["items"][0]["subject"], made.id());
    let keys = one.app.anon().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys.body["keys"].as_array().unwrap().len(), 1, "two hosts made one key");
}

/// An identity has one bucket, whichever host it calls.
async fn one_limit(placement: Placement) {
    let (_site, one, two) = two(&[("limit_read_per_minute", "40")], placement);
    let owner = one.app.owner().await;
    let hosts = [at(&one, &owner), at(&two, &owner)];
    let asked = (0..80).map(|n| {
        let client = hosts[n % 2].clone();
        tokio::spawn(async move { client.get(PROJECTS).await.status })
    });
    let mut admitted = 0;
    for answer in asked.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            200 => admitted += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(admitted, 40);
}

/// A host that serves one function serves it for the tenants of the other hosts.
async fn one_function(placement: Placement) {
    let site = Site::new();
    let all = Process::spawn(&site.host("all", placement));
    let mut setting = site.host("events", placement);
    setting.components = vec!["events".to_owned()];
    let events = Process::spawn(&setting);
    let owner = all.app.owner().await;
    owner.post(PROJECTS, &json!({ "name": "x" })).await.expect(201);
    let alone = at(&events, &owner);
    let page = alone.get("/api/v1/events?type=project.created").await.expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 1);
    let elsewhere = alone.try_send(Method::GET, PROJECTS, &[], None).await.unwrap();
    assert_eq!(elsewhere.status, 404);
}

/// The host that signs next replaces an old key. The other hosts accept tokens of the new key, and
/// no user has to sign in again.
async fn one_keyring(placement: Placement) {
    let (site, one, mut two) = two(&[], placement);
    let owner = one.app.owner().await;
    at(&two, &owner).get(PROJECTS).await.expect(200);
    two.kill();
    let day: i64 = 86_400_000;
    site.execute(&format!("UPDATE signing_keys SET created_at = created_at - {}", 91 * day));
    let two = Process::spawn(&site.host("two", placement));
    let newcomer = two.app.owner_named("new@example.com", None).await;
    let keys = two.app.anon().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys.body["keys"].as_array().unwrap().len(), 2, "old and new");
    for host in [&one, &two] {
        at(host, &newcomer).get(PROJECTS).await.expect(200);
        at(host, &owner).get(PROJECTS).await.expect(200);
    }
}
