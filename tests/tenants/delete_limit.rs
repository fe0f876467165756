//! DELETE /internal/limits/{scope}/{subject}/{class}

use serde_json::json;

use super::limits::{of, send};

storage! {
    /// The deletion of a limit can be repeated, and only the operator can delete one.
    async fn removes_a_limit(app) {
        let owner = app.owner().await;
        let path = of("plan", &format!("plan-{}", owner.tenant()), "write");
        send(&app, "PUT", &path, Some(&json!({ "per_minute": 7 }))).await.expect(200);
        owner.delete(&path).await.refused(401, "authentication_required");
        let there = send(&app, "GET", "/internal/limits", None).await.expect(200);
        assert!(there.text.contains(owner.tenant()));
        send(&app, "DELETE", &path, None).await.expect(204);
        send(&app, "DELETE", &path, None).await.expect(204);
        let gone = send(&app, "GET", "/internal/limits", None).await.expect(200);
        assert!(!gone.text.contains(owner.tenant()));
    }
}
