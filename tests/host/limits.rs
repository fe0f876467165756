//! The resources of a guest are limited, and a fault of a guest affects only its own request.

use std::time::{Duration, Instant};

use super::{fixture, probe};
use crate::support::Placement;
use gateway::Code;
use host::Limits;

transport! { faults_cost_one_request(placement) streams(placement) calls_do_not_grow_the_memory() }

const GRANTS: &str = r#"key_value_stores = ["default"]"#;

/// A trap, a guest that eats memory, and an endless loop each cost one request, which learns only
/// the error code. Concurrent and later requests are served.
async fn faults_cost_one_request(placement: Placement) {
    let limits = Limits { memory: 32 << 20, request: Duration::from_secs(3), ..Limits::default() };
    let (app, server, _directory) = fixture(placement, GRANTS, limits).await;
    for (what, code) in
        [("trap", Code::InternalError), ("grow", Code::InternalError), ("loop", Code::Timeout)]
    {
        let faulty = {
            let app = app.clone();
            tokio::spawn(async move { probe(&app, what).await })
        };
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(300) {
            assert_eq!(probe(&app, "echo").await, (200, "echo".to_owned()), "beside {what}");
        }
        let (status, text) = faulty.await.unwrap();
        assert_eq!(status, code.row().status, "{what}: {text}");
        let error = format!("\"error\":\"{}\"", code.row().name);
        assert!(text.contains(&error), "{what}: {status} {text}");
        assert!(!text.contains("wasm") && !text.contains("on demand"), "{what}: {text}");
        assert_eq!(probe(&app, "echo").await.0, 200, "after {what}");
    }
    server.shutdown().await.unwrap();
}

/// A streamed body arrives whole.
async fn streams(placement: Placement) {
    let (app, server, _directory) = fixture(placement, GRANTS, Limits::default()).await;
    for _ in 0..20 {
        assert_eq!(
            probe(&app, "stream").await,
            (200, "data: 1\n\ndata: 2\n\ndata: 3\n\n".to_owned())
        );
    }
    server.shutdown().await.unwrap();
}

/// An instance that has answered 5,000 calls is no larger than one that has answered a few. An
/// export with more than 16 flat parameters would leak them on each call, 680 kB in all.
async fn calls_do_not_grow_the_memory() {
    const CALLS: usize = 5_000;
    let limits =
        Limits { max_instances: 1, max_queue_wait: Duration::from_secs(30), ..Limits::default() };
    let (app, server, _directory) = fixture(Placement::Fused, GRANTS, limits).await;
    let pages = async || probe(&app, "memory").await.1.parse::<usize>().unwrap();
    for _ in 0..100 {
        probe(&app, "echo").await;
    }
    let before = pages().await;
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let client = app.anon();
            tokio::spawn(async move {
                for _ in 0..CALLS / 4 {
                    let answer = client
                        .try_send(http::Method::GET, "/api/v1/probe/echo", &[], None)
                        .await
                        .unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.text);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(pages().await, before);
    server.shutdown().await.unwrap();
}
