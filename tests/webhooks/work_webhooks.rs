//! POST /internal/work/webhooks

use super::{attempt, endpoint, project};
use crate::operations::{needs_the_credential, set_clock, work};
use crate::support::receiver::Receiver;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Placement, dedicated};

storage! { delivers_what_is_due() deletes_old_attempts(placement) }
transport! {
    /// Only the scheduler may call it.
    async fn is_for_the_scheduler(app) {
        needs_the_credential(&app.anon(), "webhooks").await;
    }
}

/// It sends what is due, and tells how many requests there were.
async fn delivers_what_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(Placement::Fused, directory.path(), &UNLIMITED);
    options.ticker = false;
    let (app, server) = start(options).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    endpoint(&owner, &receiver, "/hooks").await;
    project(&owner, "a").await;
    let done = work(&app.anon(), "webhooks?work=deliveries").await;
    assert_eq!((&done.body["attempts"], &done.body["more"]), (&1.into(), &false.into()));
    assert_eq!(receiver.received("/hooks").len(), 1);
    let again = work(&app.anon(), "webhooks?work=deliveries&wait=1").await;
    assert_eq!(again.body["attempts"], 0);
    server.shutdown().await.unwrap();
}

/// It deletes attempts that are too old, by the clock of the tick.
async fn deletes_old_attempts(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    attempt(&app, "t", "whe_x", "atm_old");
    app.execute("UPDATE webhook_attempts SET created_at = 1");
    attempt(&app, "t", "whe_x", "atm_new");
    set_clock(&app);
    let due = work(&app.anon(), "webhooks?work=deliveries").await;
    assert_eq!(due.body["webhook_attempts"], 0, "due work alone");
    assert_eq!(work(&app.anon(), "webhooks").await.body["webhook_attempts"], 1);
    assert_eq!(app.rows("SELECT id FROM webhook_attempts"), [["atm_new"]]);
    server.shutdown().await.unwrap();
}
