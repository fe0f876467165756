//! A function that fails keeps no other one from its work.

use http::Method;

use crate::host::logged;
use crate::support::server::SCHEDULER;
use crate::support::{App, Exchange, Placement, dedicated};
use crate::webhooks::tick::seed;

storage! { the_others_do_their_work(placement) }

async fn tick(app: &App) -> Exchange {
    let bearer = format!("Bearer {SCHEDULER}");
    let headers = [("authorization", bearer.as_str())];
    app.anon().send(Method::POST, "/internal/tick", &headers, None).await
}

/// The work of `auth` fails, and it is the first one. Old events and receipts are deleted all the
/// same, and the answer is the error. When `auth` works again, so does the tick.
async fn the_others_do_their_work(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    app.execute(
        "INSERT INTO idempotency_receipts (tenant_id, key, fingerprint, status, headers, body, \
         expires_at) VALUES ('t', 'gone', 'f', 200, '[]', '', 1)",
    );
    seed(&app, owner.tenant(), 200, 3);
    app.execute("ALTER TABLE refresh_tokens RENAME TO hidden");
    tick(&app).await.refused(500, "internal_error");
    let count = |sql: &str| app.rows(sql).concat().concat();
    assert_eq!(count("SELECT COUNT(*) FROM events WHERE id LIKE 'old%'"), "0");
    assert_eq!(count("SELECT COUNT(*) FROM idempotency_receipts"), "0");
    logged(&app, "auth: answered 500").await;
    app.execute("ALTER TABLE hidden RENAME TO refresh_tokens");
    tick(&app).await.expect(200);
    server.shutdown().await.unwrap();
}
