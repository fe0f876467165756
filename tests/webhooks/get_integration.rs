//! GET /api/v1/integrations/{id}

use super::inbound::{INTEGRATIONS, connect, now};

logic! {
    /// Received webhooks do not change the version of an integration, so a client's copy stays
    /// current.
    async fn stays_the_same_while_it_receives(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "GITHUB").await;
        let path = format!("{INTEGRATIONS}/{}", sender.integration);
        let read = owner.get(&path).await.expect(200);
        sender.sign("evt_1", now()).send(&app).await.expect(202);
        let tag = [("if-none-match", read.header("etag").unwrap())];
        owner.send(http::Method::GET, &path, &tag, None).await.expect(304);
        assert_eq!(owner.get(&path).await.expect(200).body, read.body);
    }
}
