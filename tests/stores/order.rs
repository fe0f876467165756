//! Events are in the order of the commits, because the writers of a tenant wait for each other.

use std::time::Duration;

use serde_json::json;

use crate::support::stores::{connect, of, url};

external! {
    /// A write does not overtake an earlier write of its tenant that has its number already. Writes
    /// of other tenants do not wait.
    async fn nobody_overtakes(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let tenant = alice.tenant().to_owned();
        let slow = connect(&url("owner", &of(&app.data))).await;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        slow.batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{tenant}', 0)); \
             INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) \
             VALUES ('evt_slow', '{tenant}', 'project.created', 'prj_slow', 'projects', '{}', 't', {now})",
            crate::events::project(&tenant, "prj_slow")
        )).await.unwrap();
        let fast = tokio::spawn({
            let alice = alice.clone();
            async move { alice.post("/api/v1/projects", &json!({ "name": "fast" })).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!fast.is_finished(), "it waits for the one before");
        let path = "/api/v1/events?type=project.created";
        assert_eq!(alice.get(path).await.expect(200).body["items"].as_array().unwrap().len(), 0);
        bob.post("/api/v1/projects", &json!({ "name": "of another tenant" })).await.expect(201);
        slow.batch_execute("COMMIT").await.unwrap();
        let made = fast.await.unwrap().expect(201);
        let feed = alice.get(path).await.expect(200);
        let subjects: Vec<_> = feed.body["items"].as_array().unwrap().iter().map(|e| e["subject"].as_str().unwrap()).collect();
        assert_eq!(subjects, ["prj_slow", made.id()]);
    }

    /// A refresh that began before its login was revoked issues no token after the revocation.
    async fn no_token_after_a_revocation(app) {
        let owner = app.owner().await;
        let (tenant, token) = (owner.tenant(), owner.session["refresh_token"].as_str().unwrap());
        let family = app.rows(&format!("SELECT family FROM refresh_tokens WHERE tenant_id = '{tenant}'"))[0][0].clone();
        let revoking = connect(&url("owner", &of(&app.data))).await;
        revoking.batch_execute(&format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('queue {family}', 0)); \
             UPDATE refresh_tokens SET revoked_at = 1 WHERE family = '{family}'"
        )).await.unwrap();
        let refresh = tokio::spawn({
            let (client, form) = (app.anon(), format!("grant_type=refresh_token&refresh_token={token}"));
            async move { client.form("/api/v1/auth/token", &form, &[]).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!refresh.is_finished(), "it waits for the revocation");
        revoking.batch_execute("COMMIT").await.unwrap();
        refresh.await.unwrap().refused(400, "invalid_grant");
        let live = format!("SELECT count(*) FROM refresh_tokens WHERE family = '{family}' AND revoked_at IS NULL");
        assert_eq!(app.rows(&live), [["0"]]);
    }
}
