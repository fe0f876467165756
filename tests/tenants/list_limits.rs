//! GET /internal/limits

use serde_json::json;

use super::limits::{of, send};

storage! {
    /// The operator sees the limits that are set, in order. A burst that was not set is the limit
    /// of a minute.
    async fn shows_what_is_set(app) {
        let owner = app.owner().await;
        let subject = owner.tenant();
        for (class, quota) in [("write", json!({ "per_minute": 60, "burst": 5 })), ("read", json!({ "per_minute": 0 }))] {
            send(&app, "PUT", &of("tenant", subject, class), Some(&quota)).await.expect(200);
        }
        let all = send(&app, "GET", "/internal/limits", None).await.expect(200);
        let mut own: Vec<_> = all.body["items"].as_array().unwrap().iter().filter(|one| one["subject"] == subject).cloned().collect();
        for one in &mut own {
            assert!(one["updated_at"].as_str().unwrap().ends_with('Z'));
            one.as_object_mut().unwrap().remove("updated_at");
        }
        assert_eq!(own, [
            json!({ "scope": "tenant", "subject": subject, "class": "read", "per_minute": 0, "burst": 1 }),
            json!({ "scope": "tenant", "subject": subject, "class": "write", "per_minute": 60, "burst": 5 }),
        ]);
        owner.get("/internal/limits").await.refused(401, "authentication_required");
    }
}
