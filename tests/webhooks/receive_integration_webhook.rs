//! POST /api/v1/integrations/webhooks/{provider}

use super::inbound::{Signed, connect, ingested, now};

everywhere! {
    /// If many webhooks come at once, each of them twice, then each is in the feed once.
    async fn each_once_under_load(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "GITHUB").await;
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let (app, signed) = (app.clone(), sender.sign(&format!("evt_{}", number / 2), now()));
                tokio::spawn(async move { signed.send(&app).await.status })
            })
            .collect();
        let mut accepted = 0;
        for task in tasks {
            accepted += usize::from(task.await.unwrap() == 202);
        }
        assert_eq!(accepted, 20);
        let events = ingested(&owner, 20).await;
        let mut ids: Vec<_> = events.iter().map(|event| event["data"]["external_id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 20);
    }

    /// The same id from two integrations means two webhooks.
    async fn ids_are_of_their_integration(app) {
        let owner = app.owner().await;
        for provider in ["STRIPE", "STRIPE"] {
            let sender = connect(&owner, provider).await;
            let signed: Signed = sender.sign("evt_1", now());
            signed.send(&app).await.expect(202);
        }
        ingested(&owner, 2).await;
    }
}
