//! GET /api/v1/projects/{id}/owner

use super::{PATH, create};

logic! {
    /// The related link of JSON:API leads to the owner.
    async fn the_related_link_leads_here(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let json_api = [("accept", "application/vnd.api+json")];
        let read = owner.send(http::Method::GET, &format!("{PATH}/{}", made.id()), &json_api, None).await.expect(200);
        let link = read.body["data"]["relationships"]["owner"]["links"]["related"].as_str().unwrap();
        let found = owner.get(link).await.expect(200);
        assert_eq!(found.body["id"], made.body["owner_id"]);
        assert_eq!(owner.get(&format!("/api/v1/users/{}", found.id())).await.body, found.body);
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.get(link).await.refused(410, "resource_gone");
    }
}
