//! GET /api/v1/events/stream: how many streams one caller and one tenant may have open, and when a
//! place is free again.

use std::time::Duration;

use http::Method;

use super::PATH;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Client, Placement};
use crate::tenants;
use host::{Limits, Server};

everywhere! { nobody_takes_all(placement) who_leaves_makes_room_at_once(placement) }

const STREAM: &str = "/api/v1/events/stream";
/// Much less than the silence of a stream, and more than a busy machine needs.
const SOON: Duration = Duration::from_secs(8);

/// A server whose streams outlive the test: two for each caller, three for each tenant, four in
/// all, and as many instances as that.
async fn server(placement: Placement) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let variables = [&UNLIMITED[..], &[("stream_seconds", "300")]].concat();
    let mut options = options(placement, directory.path(), &variables);
    options.limits = Limits {
        max_caller_streams: 2,
        max_tenant_streams: 3,
        max_streams: 4,
        max_instances: 5,
        ..Limits::default()
    };
    let (app, server) = start(options).await;
    (app, server, directory)
}

/// An open stream, whose first message was read.
async fn open(client: &Client) -> reqwest::Response {
    let request = client.http().get(format!("{}{STREAM}", client.base()));
    let mut response = request.bearer_auth(client.token()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("x-stream-holder"));
    let first = response.chunk().await.unwrap().unwrap();
    assert_eq!(first, "retry: 1000\n\n");
    response
}

/// A stream, opened as soon as there is a place. Nothing is written meanwhile.
async fn open_soon(client: &Client) -> reqwest::Response {
    let free = async {
        while client.send(Method::HEAD, STREAM, &[], None).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The HEAD request itself used the place for a moment.
        tokio::time::sleep(Duration::from_millis(200)).await;
        open(client).await
    };
    tokio::time::timeout(SOON, free).await.expect("there is a place")
}

/// A caller that has as many streams as it may is refused. If its tenant has as many as it may,
/// then a colleague is refused too. A caller of another tenant still gets a stream, until the
/// server has as many as it may. A refused request does nothing, and the open streams go on.
async fn nobody_takes_all(placement: Placement) {
    let (app, server, _directory) = server(placement).await;
    let (alice, bob) = (app.owner().await.at(2), app.owner().await.at(3));
    let colleague = tenants::caller(&app, &alice, &["owner"], &["events:read"]).at(4);
    let elsewhere = alice.clone().at(5);
    let mut first = open(&alice).await;
    let _second = open(&elsewhere).await;
    let refused = alice.get(STREAM).await.refused(429, "rate_limit_exceeded");
    assert!(refused.header("retry-after").is_some());
    alice.get(PATH).await.expect(200);
    let _third = open(&colleague).await;
    colleague.get(STREAM).await.refused(429, "rate_limit_exceeded");
    let _fourth = open(&bob).await;
    bob.get(STREAM).await.refused(503, "service_unavailable");
    let made =
        alice.post("/api/v1/projects", &serde_json::json!({ "name": "a" })).await.expect(201);
    let event = tokio::time::timeout(SOON, first.chunk()).await.expect("an event comes");
    let event = event.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&event).contains(made.id()), "{event:?}");
    server.shutdown().await.unwrap();
}

/// When a client leaves, its place and its instance serve others at once, even if the function has
/// nothing to write for a long time.
async fn who_leaves_makes_room_at_once(placement: Placement) {
    let (app, server, _directory) = server(placement).await;
    let (alice, bob) = (app.owner().await.at(2), app.owner().await.at(3));
    let carol = app.owner().await.at(4);
    let [alice_too, bob_too] = [alice.clone().at(5), bob.clone().at(6)];
    // This is more than there are instances.
    for _ in 0..3 {
        let open = [open_soon(&alice).await, open_soon(&alice_too).await, open_soon(&bob).await];
        let last = open_soon(&bob_too).await;
        carol.get(STREAM).await.refused(503, "service_unavailable");
        alice.get(STREAM).await.refused(429, "rate_limit_exceeded");
        drop((open, last));
    }
    let all = [&alice, &alice_too, &bob, &bob_too];
    for client in all {
        drop(open_soon(client).await);
    }
    server.shutdown().await.unwrap();
}
