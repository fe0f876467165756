//! GET /api/v1/projects/{id}

use http::Method;

use super::{PATH, create};
use crate::snapshot;

logic! {
    /// A project reads as it was made, under both prefixes and by HEAD.
    async fn answers_the_project(app) {
        let owner = app.owner().await;
        let made = create(&owner, "Site A").await;
        let path = format!("{PATH}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        assert_eq!(read.body, made.body);
        assert_eq!(read.header("etag"), made.header("etag"));
        let alias = owner.get(&path.replace("/api/v1", "/v1")).await.expect(200);
        assert_eq!(alias.body["data"]["id"], made.body["id"]);
        assert_eq!((read.header("api-version"), alias.header("api-version")), (Some("1.0.0"), None));
        let head = owner.send(Method::HEAD, &path, &[], None).await.expect(200);
        assert_eq!(head.text, "");
    }
}

storage! {
    /// An id that is missing, malformed or hostile is a 404 like any other.
    async fn a_missing_id_is_a_404(app) {
        let owner = app.owner().await;
        snapshot!("get_project_missing", owner.get(&format!("{PATH}/prj_missing")).await.refused(404, "resource_not_found"));
        for id in ["..%2f..", "'%20OR%201=1--", "%E2%9C%93"] {
            owner.get(&format!("{PATH}/{id}")).await.refused(404, "resource_not_found");
        }
        owner.get(&format!("{PATH}/%ff")).await.refused(400, "malformed_request");
        owner.get(&format!("{PATH}/a/b")).await.refused(404, "route_not_found");
    }
}
