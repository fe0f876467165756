//! GET /api/v1/projects

use serde_json::json;

use super::{PATH, create};
use crate::snapshot;

storage! {
    /// Pages follow each other without gap or repetition while rows come and go.
    async fn pages_cover_all_rows_once(app) {
        let owner = app.owner().await;
        let mut expected = Vec::new();
        for number in 0..7 {
            expected.push(create(&owner, &format!("p{number}")).await.id().to_owned());
        }
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let from = cursor.map(|c| format!("&cursor={c}")).unwrap_or_default();
            let page = owner.get(&format!("{PATH}?limit=3{from}")).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            assert!(items.len() <= 3);
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            // A row that was seen is deleted, which must not shift the next page.
            owner.delete(&format!("{PATH}/{}", seen[0])).await.expect(204);
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

logic! {
    /// An empty list has the shape of a list.
    async fn an_empty_list(app) {
        snapshot!("list_projects_empty", app.owner().await.get(PATH).await.expect(200));
    }

    /// An unknown parameter is refused by name, and so is a wrong limit.
    async fn refuses_wrong_parameters(app) {
        let owner = app.owner().await;
        let refused = owner.get(&format!("{PATH}?colour=red&limt=3")).await.refused(400, "invalid_parameter");
        assert_eq!(refused.violations(), ["colour UNKNOWN_PARAMETER", "limt UNKNOWN_PARAMETER"]);
        for limit in ["0", "101", "ten"] {
            let refused = owner.get(&format!("{PATH}?limit={limit}")).await.refused(422, "validation_failed");
            assert_eq!(refused.body["details"]["fields"][0]["pointer"], json!("limit"));
        }
    }
}

everywhere! {
    /// A cursor of another tenant, of another list, or a made-up one is refused.
    async fn refuses_foreign_cursors(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        create(&alice, "a").await;
        create(&alice, "b").await;
        let page = alice.get(&format!("{PATH}?limit=1")).await.expect(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        snapshot!("list_projects_foreign_cursor", {
            let mut refused = bob.get(&format!("{PATH}?cursor={cursor}")).await.refused(400, "invalid_cursor");
            refused.path = format!("{PATH}?cursor=[foreign]");
            refused
        });
        alice.get(&format!("/api/v1/events?cursor={cursor}")).await.refused(400, "invalid_cursor");
        alice.get(&format!("{PATH}?cursor=eyJpZCI6MX0")).await.refused(400, "invalid_cursor");
    }
}
