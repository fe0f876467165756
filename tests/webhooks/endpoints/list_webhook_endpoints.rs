//! GET /api/v1/webhook-endpoints

use serde_json::json;

use crate::webhooks::{PATH, operate};

storage! {
    /// The list has the oldest endpoint first, in pages, without secrets and without deleted
    /// endpoints.
    async fn pages(app) {
        let owner = app.owner().await;
        let mut made = Vec::new();
        for number in 0..3 {
            let body = json!({ "url": format!("https://example.com/{number}"), "event_types": ["notice.published"] });
            made.push(owner.post(PATH, &body).await.expect(201));
        }
        owner.delete(&format!("{PATH}/{}", made[1].id())).await.expect(204);
        let first = owner.get(&format!("{PATH}?limit=1")).await.expect(200);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = owner.get(&format!("{PATH}?cursor={cursor}")).await.expect(200);
        let url = |page: &crate::support::Exchange| page.body["items"][0]["url"].clone();
        assert_eq!((url(&first), url(&second)), ("https://example.com/0".into(), "https://example.com/2".into()));
        assert_eq!(second.body["next_cursor"], json!(null));
        assert!(!first.text.contains("whsec_"));
    }

    /// The filter by status finds disabled endpoints.
    async fn filters_by_status(app) {
        let owner = app.owner().await;
        let body = json!({ "url": "https://example.com/", "event_types": ["notice.published"] });
        let (one, two) = (owner.post(PATH, &body).await.expect(201), owner.post(PATH, &body).await.expect(201));
        operate(&owner, one.id(), "disable").await.expect(200);
        for (status, id) in [("DISABLED", one.id()), ("ENABLED", two.id())] {
            let page = owner.get(&format!("{PATH}?status={status}")).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            assert_eq!((items.len(), items[0]["id"].as_str()), (1, Some(id)), "{status}");
        }
        owner.get(&format!("{PATH}?url=https://example.com/")).await.refused(400, "invalid_parameter");
    }
}
