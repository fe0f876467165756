//! The server around the functions: its own answers, the functions that it runs, the place of its
//! data, and how it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Client, Placement, dedicated};

transport! { tells_its_health(placement) serves_chosen_components(placement) }
embedded! { follows_the_runtime_config(placement) }
everywhere! { shuts_down_gracefully(placement) }

async fn status(app: &App, path: &str) -> u16 {
    app.anon().try_send(Method::GET, path, &[], None).await.unwrap().status
}

/// The host answers liveness and readiness itself, without a credential.
async fn tells_its_health(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    assert_eq!((status(&app, "/healthz").await, status(&app, "/readyz").await), (200, 200));
    // An answer of the host itself has the headers of every answer, and the id of the request.
    let headers = [("x-request-id", "req-host")];
    let refused = app.anon().try_send(Method::POST, "/healthz", &headers, None).await.unwrap();
    let refused = refused.refused(405, "method_not_allowed");
    assert_eq!(refused.header("x-request-id"), Some("req-host"));
    assert_eq!(refused.header("x-b3-traceid"), refused.body["trace_id"].as_str());
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(refused.header("referrer-policy"), Some("no-referrer"));
    server.shutdown().await.unwrap();
}

/// `--component` serves these functions and no others.
async fn serves_chosen_components(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.components = vec!["docs".to_owned()];
    let (app, server) = start(options).await;
    assert_eq!(status(&app, "/api/v1/openapi.json").await, 200);
    let refused = app.anon().try_send(Method::GET, "/api/v1/projects", &[], None).await.unwrap();
    assert_eq!(refused.status, 404, "{}", refused.text);
    server.shutdown().await.unwrap();
    let mut unknown = crate::support::server::options(placement, directory.path(), &UNLIMITED);
    unknown.components = vec!["nobody".to_owned()];
    let error = host::up(unknown).await.err().expect("an unknown component is refused");
    assert!(format!("{error:#}").contains("nobody"), "{error:#}");
}

/// A runtime-config file, in the form of Spin's, sets where data is stored.
async fn follows_the_runtime_config(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runtime-config.toml");
    let elsewhere = directory.path().join("elsewhere.db");
    let text = format!("[sqlite_database.default]\ntype = \"spin\"\npath = {:?}\n", elsewhere);
    std::fs::write(&file, text).unwrap();
    let mut options = options(placement, &directory.path().join("data"), &UNLIMITED);
    options.runtime_config = Some(file);
    let (app, server) = start(options).await;
    app.owner().await;
    server.shutdown().await.unwrap();
    let database = rusqlite::Connection::open(elsewhere).unwrap();
    let users: i64 =
        database.query_row("SELECT COUNT(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(users, 1);
}

/// A shutdown under load lets requests in flight finish. No request that was sent breaks off, and
/// every acknowledged write is there afterwards.
async fn shuts_down_gracefully(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let written = Arc::<AtomicUsize>::default();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (owner, written) = (owner.clone(), written.clone());
            tokio::spawn(async move {
                let mut made = Vec::new();
                loop {
                    let body = Some(json!({ "name": "in flight" }).to_string());
                    let headers = [("content-type", "application/json")];
                    match owner.try_send(Method::POST, "/api/v1/projects", &headers, body).await {
                        Ok(answer) if answer.status == 201 => {
                            made.push(answer.id().to_owned());
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(answer) => {
                            return (made, Some(format!("{}: {}", answer.status, answer.text)));
                        }
                        // This request was not answered at all: the connection was closed before
                        // it.
                        Err(error) if error.is_connect() || error.is_request() => {
                            return (made, None);
                        }
                        Err(error) => return (made, Some(format!("{error:?}"))),
                    }
                }
            })
        })
        .collect();
    // A machine that is busy elsewhere needs time for enough requests to prove something.
    let began = Instant::now();
    while written.load(Ordering::Relaxed) < 50 {
        assert!(began.elapsed() < Duration::from_secs(60), "too little load to prove anything");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.shutdown().await.unwrap();
    let mut made = BTreeSet::new();
    for writer in writers {
        let (ids, broken) = writer.await.unwrap();
        assert_eq!(broken, None);
        made.extend(ids);
    }
    let (app, server) = start(options(placement, directory.path(), &UNLIMITED)).await;
    let again = Client::new(&app.base, Some(owner.token()));
    for id in made {
        again.get(&format!("/api/v1/projects/{id}")).await.expect(200);
    }
    server.shutdown().await.unwrap();
}
