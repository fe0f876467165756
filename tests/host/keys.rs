//! Operations that cannot be called without an `Idempotency-Key`. No operation of the bundle
//! moves money yet, so the fixture does.

use http::Method;

use super::fixture;
use crate::support::{App, Exchange, Placement};
use host::Limits;

transport! { a_key_is_required(placement) }

const GRANTS: &str = r#"key_value_stores = ["default"]"#;

async fn pay(app: &App, headers: &[(&str, &str)]) -> Exchange {
    app.anon().try_send(Method::POST, "/api/v1/probe/count", headers, None).await.unwrap()
}

/// Without a key the operation does not run. With a key it runs once.
async fn a_key_is_required(placement: Placement) {
    let (app, server, _directory) = fixture(placement, GRANTS, Limits::default()).await;
    let refused = pay(&app, &[]).await.refused(400, "malformed_request");
    let field = &refused.body["details"]["fields"][0];
    assert_eq!(field["code"], "REQUIRED", "{}", refused.text);
    let key = [("idempotency-key", "invoice-1")];
    for replayed in [None, Some("true")] {
        let paid = pay(&app, &key).await.expect(200);
        assert_eq!((paid.text.as_str(), paid.header("idempotent-replayed")), ("1", replayed));
    }
    assert_eq!(pay(&app, &[("idempotency-key", "invoice-2")]).await.text, "2");
    server.shutdown().await.unwrap();
}
