//! POST /internal/work/integrations

use crate::operations::{needs_the_credential, set_clock, work};
use crate::support::Placement;
use crate::support::receiver::Receiver;
use crate::support::server::{UNLIMITED, options, start};
use crate::webhooks::inbound::{connect, now};
use crate::webhooks::{endpoint, tick};

storage! { brings_webhooks_into_the_feed_and_delivers_nothing() forgets_old_names(placement) }
transport! {
    /// Only the scheduler may call it.
    async fn is_for_the_scheduler(app) {
        needs_the_credential(&app.anon(), "integrations").await;
    }
}

/// A received webhook comes into the feed. Its delivery is the work of another function.
async fn brings_webhooks_into_the_feed_and_delivers_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(Placement::Fused, directory.path(), &UNLIMITED);
    options.ticker = false;
    let (app, server) = start(options).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    endpoint(&owner, &receiver, "/hooks").await;
    tick(&app).await;
    let before = receiver.received("/hooks").len();
    connect(&owner, "GITHUB").await.sign("evt_1", now()).send(&app).await.expect(202);
    let done = work(&app.anon(), "integrations?work=deliveries").await;
    assert_eq!((&done.body["ingested"], &done.body["more"]), (&1.into(), &false.into()));
    let feed = owner.get("/api/v1/events?type=INGESTED").await.expect(200);
    assert_eq!(feed.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(receiver.received("/hooks").len(), before);
    let again = work(&app.anon(), "integrations").await;
    assert_eq!(again.body["ingested"], 0);
    server.shutdown().await.unwrap();
}

/// The names of webhooks that came long ago are deleted, by the clock of the tick.
async fn forgets_old_names(placement: Placement) {
    let (app, server, _directory) = crate::support::dedicated(placement, &[]).await;
    let row = |id: &str, at: i64| {
        app.execute(&format!(
            "INSERT INTO inbound_events (tenant_id, integration_id, external_id, provider, kind, \
             payload, unreadable, status, trace_id, received_at, hops) VALUES ('t', 'int_x', \
             '{id}', 'github', 'record', '', 0, 'PROCESSED', 't', {at}, 0)"
        ));
    };
    row("old", 1);
    row("new", now() * 1000);
    let early = work(&app.anon(), "integrations").await;
    assert_eq!(early.body["inbound_events"], 0, "no tick has set the clock");
    set_clock(&app);
    let done = work(&app.anon(), "integrations").await;
    assert_eq!(done.body["inbound_events"], 1);
    assert_eq!(app.rows("SELECT external_id FROM inbound_events"), [["new"]]);
    server.shutdown().await.unwrap();
}
