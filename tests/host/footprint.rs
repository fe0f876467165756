//! The memory that the whole process uses.

use http::Method;
use serde_json::json;

use crate::isolation::COLLECTIONS;
use crate::support::process::{Process, Setting, memory};
use crate::support::server::{PASSWORD, REAL_HASH};
use crate::support::{Client, Placement};

transport! { the_process_stays_in_its_bounds(placement) }

/// The bound of the linear memory of all guests, in bytes.
const TOTAL: usize = 192 << 20;
/// The memory that the host needs for this many requests, in bytes: their bodies as they come and
/// as they are passed on, stacks, and the stores.
const HOST: usize = 160 << 20;
/// Requests of each kind that are sent at once.
const AT_ONCE: usize = 16;

/// The largest body. Parsed, it takes about a hundred times as much memory.
fn largest() -> String {
    let member = r#"{"":0},"#;
    format!("[{}0]", member.repeat(((1 << 20) - 4) / member.len()))
}

async fn at_once(client: &Client, path: &'static str, body: &str) {
    let asked: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, body) = (client.clone(), body.to_owned());
            let headers = [("content-type", "application/json")];
            tokio::spawn(async move {
                client.try_send(Method::POST, path, &headers, Some(body)).await.unwrap()
            })
        })
        .collect();
    for answer in asked {
        let answer = answer.await.unwrap();
        assert!(
            matches!(answer.status, 200 | 422 | 429 | 503),
            "{} {}",
            answer.status,
            answer.text
        );
    }
}

/// However many large requests and sign-ins come at once, the guests stay within their bound, and
/// use at most half of it when they are idle. The process uses that and what the host needs.
async fn the_process_stays_in_its_bounds(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let server = Process::spawn(&Setting {
        total_memory: Some(TOTAL),
        variables: vec![(REAL_HASH.0.to_owned(), REAL_HASH.1.to_owned())],
        ..Setting::new(directory.path(), placement)
    });
    let owner = server.app.owner().await;
    let email = &owner.session["user"]["email"];
    let login = json!({ "email": email, "password": PASSWORD }).to_string();
    for path in COLLECTIONS.iter() {
        let path = format!("/api/v1/{path}");
        assert_eq!(owner.try_send(Method::GET, &path, &[], None).await.unwrap().status, 200);
    }
    let before = server.resident();
    server.forget_peak();
    let body = largest();
    for _ in 0..2 {
        tokio::join!(
            at_once(&owner, "/api/v1/projects", &body),
            at_once(&owner, "/api/v1/teams", &body),
            at_once(&owner, "/api/v1/auth/clients", &body),
            at_once(&owner, "/api/v1/auth/login", &login),
        );
    }
    let peak = server.peak();
    assert!(peak < before + TOTAL + HOST, "{} MiB, then {}", before >> 20, peak >> 20);
    let mut kept = 0;
    for function in openapi::functions().unwrap() {
        kept += memory(&server.app, &function).await;
    }
    // The tolerance is for memory that one instance takes before it checks the total.
    assert!(kept < TOTAL / 2 + (8 << 20), "{} MiB are kept", kept >> 20);
}
