//! POST /internal/work/auth

use crate::operations::{needs_the_credential, set_clock, work};
use crate::support::{Placement, dedicated};

storage! { deletes_expired_refresh_tokens(placement) }
transport! {
    /// Only the scheduler may call it.
    async fn is_for_the_scheduler(app) {
        needs_the_credential(&app.anon(), "auth").await;
    }
}

/// It deletes refresh tokens that have expired. Those that are valid stay.
async fn deletes_expired_refresh_tokens(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    app.owner().await;
    app.execute("UPDATE refresh_tokens SET expires_at = 1");
    app.owner().await;
    set_clock(&app);
    assert_eq!(work(&app.anon(), "auth").await.body["refresh_tokens"], 1);
    assert_eq!(app.rows("SELECT COUNT(*) FROM refresh_tokens"), [["1"]]);
    server.shutdown().await.unwrap();
}
