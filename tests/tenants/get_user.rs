//! GET /api/v1/users/{id}

use http::Method;
use serde_json::{Value, json};

use super::{USERS, caller, own_id, team, user};
use crate::support::{Client, Exchange};

/// John with his manager Jane and two teams.
async fn john(owner: &Client) -> [Exchange; 4] {
    let jane = user(owner, "jane").await;
    let (alpha, beta) = (team(owner, "alpha").await, team(owner, "beta").await);
    let body = json!({
        "email": "john@example.com", "name": "john", "role": "ENGINEER",
        "manager_id": jane.id(), "team_ids": [alpha.id(), beta.id()],
    });
    [owner.post(USERS, &body).await.expect(201), jane, alpha, beta]
}

/// Reads some fields of a user with related objects in JSON:API (D-42, D-43).
async fn included(owner: &Client, id: &str) -> Exchange {
    let accept = [("accept", "application/vnd.api+json")];
    let query = "include=manager,teams&fields[users]=id,name,email,role";
    let path = format!("/v1/users/{id}?{query}");
    owner.send(Method::GET, &path, &accept, None).await.expect(200)
}

logic! {
    /// A user reads as it was made. If the client has the current version, it gets 304.
    async fn answers_the_user(app) {
        let owner = app.owner().await;
        let made = user(&owner, "john").await;
        let path = format!("{USERS}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        assert_eq!((&read.body, read.header("etag")), (&made.body, Some("\"v1-native\"")));
        let known = [("if-none-match", "\"v1-native\"")];
        assert_eq!(owner.send(Method::GET, &path, &known, None).await.expect(304).text, "");
    }

    /// Only the requested fields are shown, besides the id.
    async fn shows_fields(app) {
        let owner = app.owner().await;
        let made = user(&owner, "john").await;
        let path = format!("{USERS}/{}", made.id());
        for query in ["fields[users]=name", "fields=name", "fields=id,name"] {
            let read = owner.get(&format!("{path}?{query}")).await.expect(200);
            assert_eq!(read.body, json!({ "id": made.id(), "name": "john" }), "{query}");
        }
    }

    /// An object that the caller may not read by itself is not shown in place either.
    async fn relations_need_their_scope(app) {
        let owner = app.owner().await;
        let [john, jane, ..] = john(&owner).await;
        let path = format!("{USERS}/{}", john.id());
        let reader = caller(&app, &owner, &["viewer"], &["users:read"]);
        for expand in ["teams", "manager,teams"] {
            let refused = reader.get(&format!("{path}?expand={expand}")).await.refused(403, "insufficient_scope");
            assert_eq!(refused.body["details"]["required_scope"], "teams:read");
        }
        reader.get(&format!("{USERS}?expand=teams")).await.refused(403, "insufficient_scope");
        let read = reader.get(&format!("{path}?expand=manager")).await.expect(200);
        assert_eq!(read.body["manager"], jane.body);
    }

    /// The sample of the requirements (D-42…44): some fields of a user, and related objects in
    /// `included`.
    async fn the_sample_of_the_requirements(app) {
        let owner = app.owner().await;
        let [john, jane, alpha, beta] = john(&owner).await;
        let read = included(&owner, john.id()).await;
        let path = format!("/v1/users/{}", john.id());
        assert_eq!(read.header("content-type"), Some("application/vnd.api+json"));
        assert_eq!(read.header("cache-control"), Some("private, no-cache"));
        assert!(read.header("etag").unwrap().starts_with("\"v1"));
        assert!(read.header("last-modified").unwrap().ends_with(" GMT"));
        let one = |kind: &str, of: &Exchange| json!({ "type": kind, "id": of.id() });
        let related = |name: &str| json!({ "related": format!("{path}/{name}") });
        assert_eq!(read.body["data"], json!({
            "id": john.id(),
            "type": "users",
            "links": { "self": path },
            "attributes": { "name": "john", "email": "john@example.com", "role": "engineer" },
        }));
        // A relationship is a field too.
        let query = "include=manager,teams&fields[users]=name,manager,teams";
        let json_api = [("accept", "application/vnd.api+json")];
        let linked = owner.send(Method::GET, &format!("{path}?{query}"), &json_api, None).await.expect(200);
        assert_eq!(linked.body["data"]["relationships"], json!({
            "manager": { "links": related("manager"), "data": one("users", &jane) },
            "teams": { "links": related("teams"), "data": [one("teams", &alpha), one("teams", &beta)] },
        }));
        let included = read.body["included"].as_array().unwrap();
        let ids: Vec<Value> = included.iter().map(|it| json!({ "type": it["type"], "id": it["id"] })).collect();
        assert_eq!(ids, [one("users", &jane), one("teams", &alpha), one("teams", &beta)]);
        for (it, name) in included.iter().zip(["jane", "alpha", "beta"]) {
            assert_eq!(it["attributes"]["name"], name);
        }
        assert_eq!(included[0]["attributes"]["email"], "jane@example.com");
    }

    /// `fields[users]` applies to every user of the document (D-43). Included users are spelled as
    /// the others are.
    async fn fields_hold_for_included_users(app) {
        let owner = app.owner().await;
        let [john, ..] = john(&owner).await;
        let read = included(&owner, john.id()).await;
        let expected = json!({ "name": "jane", "email": "jane@example.com", "role": "viewer" });
        assert_eq!(read.body["included"][0]["attributes"], expected);
    }
}

everywhere! {
    /// A user of another tenant gets the same 404 as one that never existed.
    async fn a_missing_user_is_a_404(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        for id in ["usr_missing", own_id(&bob)] {
            alice.get(&format!("{USERS}/{id}")).await.refused(404, "resource_not_found");
        }
        alice.get(&format!("{USERS}/{}", own_id(&alice))).await.expect(200);
    }
}

storage! {
    /// Related objects are shown in place, under any of three names.
    async fn shows_relations(app) {
        let owner = app.owner().await;
        let [john, jane, alpha, beta] = john(&owner).await;
        for name in ["expand", "include", "embed"] {
            let read = owner.get(&format!("{USERS}/{}?{name}=manager,teams", john.id())).await.expect(200);
            assert_eq!(read.body["manager"], jane.body);
            assert_eq!(read.body["teams"], json!([alpha.body, beta.body]));
            assert!(read.header("etag").unwrap().starts_with("\"v1-"), "it tells of more than the user's version");
        }
        let refused = owner.get(&format!("{USERS}/{}?expand=boss", john.id())).await.refused(400, "invalid_parameter");
        assert_eq!(refused.violations(), ["expand UNKNOWN_RELATION"]);
    }
}
