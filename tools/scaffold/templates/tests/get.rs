//! GET /api/v1/{{collection}}/{id}

use http::Method;

use super::{{table}}::{PATH, create};

logic! {
    /// {{A}} {{word}} reads as it was made. If the client has the current version, it gets 304.
    async fn answers_it(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        assert_eq!((&read.body, read.header("etag")), (&made.body, made.header("etag")));
        owner.send(Method::GET, &path, &[("if-none-match", "\"v1-native\"")], None).await.expect(304);
    }
}

everywhere! {
    /// {{A}} {{word}} of another tenant gets the same 404 as one that never existed.
    async fn a_missing_one_is_a_404(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let foreign = create(&bob, "a").await;
        for id in ["{{prefix}}_missing", foreign.id()] {
            alice.get(&format!("{PATH}/{id}")).await.refused(404, "resource_not_found");
        }
    }
}
