//! How often a write waits for PostgreSQL. A server whose database is far away is as slow as its
//! round trips.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Placement, stores};

external! { a_write_waits_twice(placement) }

/// A relay to the server. It counts round trips: how often a connection sends after the server has
/// answered on it.
async fn relay(to: String) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let trips = Arc::<AtomicU32>::default();
    let counted = trips.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(&to).await.unwrap();
            tokio::spawn(pass(client, server, counted.clone()));
        }
    });
    (address, trips)
}

async fn pass(mut client: TcpStream, mut server: TcpStream, trips: Arc<AtomicU32>) {
    let (mut asked, mut answer) = ([0; 4096], [0; 4096]);
    let mut answered = true;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                trips.fetch_add(u32::from(answered), Ordering::Relaxed);
                answered = false;
                server.write_all(&asked[..length]).await.unwrap();
            },
            read = server.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                answered = true;
                client.write_all(&answer[..length]).await.unwrap();
            },
        }
    }
}

/// One round trip has all that a creation writes, and one is the commit. A key costs one more, which
/// looks for its receipt. A change reads what it changes.
async fn a_write_waits_twice(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let url = stores::url("app", &stores::of(directory.path()));
    let server = stores::host(&url).to_owned();
    let (address, trips) = relay(server.clone()).await;
    let url = url.replace(&server, &address);
    let mut variables = UNLIMITED.to_vec();
    variables.extend([("postgres_url", url.as_str()), ("postgres_host", &address)]);
    let (app, server) = start(options(placement, directory.path(), &variables)).await;
    let owner = app.owner().await;
    let path = "/api/v1/projects";
    let project = owner.post(path, &json!({ "name": "first" })).await.expect(201);
    let one = format!("{path}/{}", project.id());
    let mut rounds = Vec::new();
    for round in 0..9 {
        let body = json!({ "name": format!("project {round}") });
        let before = trips.load(Ordering::Relaxed);
        owner.post(path, &body).await.expect(201);
        let created = trips.load(Ordering::Relaxed);
        let key = [("idempotency-key", &*format!("round-{round}"))];
        owner.json(Method::POST, path, &body, &key).await.expect(201);
        let with_key = trips.load(Ordering::Relaxed);
        let new = json!({ "description": format!("round {round}") });
        owner.json(Method::PATCH, &one, &new, &[("if-match", "*")]).await.expect(200);
        let changed = trips.load(Ordering::Relaxed);
        rounds.push([created - before, with_key - created, changed - with_key]);
    }
    // The ticker works beside, so the median counts.
    let median = [0, 1, 2].map(|of: usize| {
        let mut counts: Vec<_> = rounds.iter().map(|counts| counts[of]).collect();
        counts.sort_unstable();
        counts[counts.len() / 2]
    });
    assert_eq!(median, [2, 3, 3], "{rounds:?}");
    server.shutdown().await.unwrap();
}
