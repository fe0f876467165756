//! Who calls `POST /internal/tick`.

use std::time::Duration;

use super::{fixture_of, logged, probe};
use crate::both;
use crate::support::Placement;

const GRANTS: &str = r#"key_value_stores = ["default"]
allowed_outbound_hosts = ["http://self"]"#;

/// A write that has made deliveries due has them delivered at once; the client is not told.
async fn due_work_is_done_at_once(placement: Placement) {
    let (app, server, _directory) = fixture_of(placement, GRANTS, |_| {}).await;
    let client = app.anon();
    let answer = client.try_send(http::Method::GET, "/api/v1/probe/echo", &[], None).await;
    assert_eq!(answer.unwrap().status, 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!app.log.lock().iter().any(|line| line.contains("tick work")), "nothing is due");
    let answer = client.try_send(http::Method::GET, "/api/v1/probe/due", &[], None).await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (200, "made"));
    assert!(!answer.headers.contains_key("x-work-due"));
    logged(&app, "tick work=\"deliveries\" token=\"Bearer ").await;
    server.shutdown().await.unwrap();
}

both! { due_work_is_done_at_once }

/// Without the ticker nobody calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_ticker_calls_nobody() {
    let quiet = |options: &mut tenantry::Options| options.ticker = false;
    let (app, server, _directory) = fixture_of(Placement::Fused, GRANTS, quiet).await;
    probe(&app, "due").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!app.log.lock().iter().any(|line| line.contains("tick work")));
    server.shutdown().await.unwrap();
}
