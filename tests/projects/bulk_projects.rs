//! POST /api/v1/projects/bulk

use serde_json::{Value, json};

use super::{PATH, create, events, operate};
use crate::snapshot;

fn outcomes(body: &Value) -> Vec<&str> {
    body["results"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect()
}

everywhere! {
    /// Each project has its own result. A refusal of one does not affect the others.
    async fn each_has_its_own_result(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let (a, b, archived) = (create(&owner, "a").await, create(&owner, "b").await, create(&owner, "c").await);
        operate(&owner, archived.id(), "archive").await.expect(200);
        let foreign = create(&other, "d").await;
        let ids = json!([a.id(), archived.id(), foreign.id(), "prj_missing", b.id()]);
        let done = owner.post(&format!("{PATH}/bulk"), &json!({ "action": "ARCHIVE", "ids": ids })).await.expect(200);
        snapshot!("bulk_projects", {
            let mut done = owner.post(&format!("{PATH}/bulk"), &json!({ "action": "DELETE", "ids": ["prj_missing"] })).await.expect(200);
            done.sent = None;
            done
        });
        assert_eq!(outcomes(&done.body), ["DONE", "REFUSED", "REFUSED", "REFUSED", "DONE"]);
        let errors: Vec<_> = done.body["results"].as_array().unwrap().iter().map(|one| one["error"].clone()).collect();
        assert_eq!(errors, [json!(null), json!("conflict"), json!("resource_not_found"), json!("resource_not_found"), json!(null)]);
        for (id, status) in [(a.id(), "ARCHIVED"), (b.id(), "ARCHIVED")] {
            assert_eq!(owner.get(&format!("{PATH}/{id}")).await.body["status"], status);
        }
        assert_eq!(other.get(&format!("{PATH}/{}", foreign.id())).await.body, foreign.body);
        assert_eq!(events(&owner, "project.archived").await, 3);
    }
}

logic! {
    /// A request has a hundred ids at most, a known action and no id twice. Otherwise nothing
    /// happens.
    async fn refuses_what_is_not_a_bulk(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let many: Vec<String> = (0..101).map(|n| format!("prj_{n}")).collect();
        for body in [
            json!({ "action": "ARCHIVE", "ids": many }),
            json!({ "action": "ARCHIVE", "ids": [] }),
            json!({ "action": "ARCHIVE", "ids": [made.id(), made.id()] }),
            json!({ "action": "EXPLODE", "ids": [made.id()] }),
            json!({ "operations": [{ "method": "DELETE", "path": "/projects" }] }),
        ] {
            owner.post(&format!("{PATH}/bulk"), &body).await.refused(422, "validation_failed");
        }
        assert_eq!(owner.get(&format!("{PATH}/{}", made.id())).await.body, made.body);
        assert_eq!(events(&owner, "project.archived").await, 0);
    }
}
