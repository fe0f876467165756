//! The calls of `POST /internal/tick`, and the clock that functions use.

use std::time::Duration;

use super::{fixture_of, logged, probe};
use crate::support::Placement;
use host::Clock;

everywhere! { due_work_is_done_at_once(placement) }
transport! {
    functions_go_by_the_clock_of_the_options(placement) a_server_without_ticker_calls_nobody()
}

const GRANTS: &str = r#"key_value_stores = ["default"]
allowed_outbound_hosts = ["http://self"]"#;

/// If a write makes deliveries due, then they are sent at once. The client is not told.
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
    let lines = app.log.lock().clone();
    let failed = lines.iter().find(|line| line.contains("/internal/work/webhooks: "));
    assert!(failed.is_none(), "the call was answered, and no other began: {failed:?}");
    // In the fused placement the call passes no gateway.
    let seen = lines.iter().any(|line| line.contains(r#""api.operation_id":"work-webhooks""#));
    assert_eq!(seen, placement == Placement::Composed, "{lines:#?}");
}

/// Functions use the clock that a test turns, however they ask for the time.
async fn functions_go_by_the_clock_of_the_options(placement: Placement) {
    let clock = Clock::default();
    let (app, server, _directory) = fixture_of(placement, GRANTS, |options| {
        options.clock = Some(clock.clone());
        options.ticker = false;
    })
    .await;
    for hours in [0, 5, 24 * 7] {
        clock.advance(hours * 3_600_000);
        let shown = clock.now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let (status, text) = probe(&app, "now").await;
        assert_eq!(status, 200, "{hours}: {text}");
        for seconds in text.split(' ') {
            let seconds: u64 = seconds.parse().unwrap();
            assert!((shown..shown + 60).contains(&seconds), "{hours}: {text}, not {shown}");
        }
    }
    server.shutdown().await.unwrap();
}

/// Without the ticker the server does not call the tick.
async fn a_server_without_ticker_calls_nobody() {
    let quiet = |options: &mut host::Options| options.ticker = false;
    let (app, server, _directory) = fixture_of(Placement::Fused, GRANTS, quiet).await;
    probe(&app, "due").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!app.log.lock().iter().any(|line| line.contains("tick work")));
    server.shutdown().await.unwrap();
}
