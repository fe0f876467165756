//! GET /api/v1/integrations/{id}/endpoints

use super::inbound::{INTEGRATIONS, Signed, connect, now};

logic! {
    /// The URLs are absolute, and each of them takes webhooks in.
    async fn each_url_receives(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "STANDARD_WEBHOOKS").await;
        let answer = owner.get(&format!("{INTEGRATIONS}/{}/endpoints", sender.integration)).await.expect(200);
        let items = answer.body["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        for (number, item) in items.iter().enumerate() {
            let url = item["url"].as_str().unwrap();
            let path = url.strip_prefix("http://127.0.0.1:3000").unwrap().to_owned();
            let signed = Signed { path, ..sender.sign(&format!("evt_{number}"), now()) };
            signed.send(&app).await.expect(202);
        }
    }
}
