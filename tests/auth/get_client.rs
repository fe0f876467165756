//! GET /api/v1/auth/clients/{id}

use http::Method;

use super::{CLIENTS, client};
use crate::snapshot;

logic! {
    /// A client reads as it was made, without its secret. JSON:API links to its address.
    async fn shows_no_secret(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let path = format!("{CLIENTS}/{}", made.id());
        assert_eq!(made.header("location"), Some(path.as_str()));
        let read = owner.get(&path).await.expect(200);
        assert_eq!(read.body["owner_id"], owner.session["user"]["id"]);
        assert!(read.body.get("client_secret").is_none());
        let accept = [("accept", "application/vnd.api+json")];
        let other = owner.send(Method::GET, &path, &accept, None).await.expect(200);
        assert_eq!(other.body["data"]["links"]["self"], path.as_str());
        snapshot!("get_client", read);
    }
}
