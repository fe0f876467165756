//! POST /internal/work/events

use crate::operations::{needs_the_credential, set_clock, work};
use crate::support::{Placement, dedicated};
use crate::webhooks::tick::seed;

storage! { deletes_old_events(placement) }
transport! {
    /// Only the scheduler may call it.
    async fn is_for_the_scheduler(app) {
        needs_the_credential(&app.anon(), "events").await;
    }
}

/// It deletes events that are too old, by the clock of the tick. The others stay.
async fn deletes_old_events(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 200, 3);
    let count = || app.rows("SELECT COUNT(*) FROM events WHERE id LIKE 'old%'").concat().concat();
    assert_eq!(work(&app.anon(), "events").await.body["events"], 0, "no tick has set the clock");
    assert_eq!(count(), "3");
    set_clock(&app);
    assert_ne!(work(&app.anon(), "events").await.body["events"], 0);
    assert_eq!(count(), "0");
    assert_eq!(owner.feed().await.len(), 2, "the events of the registration");
    server.shutdown().await.unwrap();
}
