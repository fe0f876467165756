//! POST /api/v1/users

use http::Method;
use serde_json::{Value, json};

use super::{ON_USERS, USERS, caller, events, own_id, state, team, user};

fn john() -> Value {
    json!({
        "email": "John.Doe@Example.com",
        "name": "John Doe",
        "role": "ENGINEER",
        "department": "engineering",
        "metadata": { "hire_date": "2024-01-15", "location": "New York" },
    })
}

logic! {
    /// A user is made with defaults, an address in lower case, and one event.
    async fn makes_a_user(app) {
        let owner = app.owner().await;
        let made = owner.post(USERS, &john()).await.expect(201);
        let path = format!("{USERS}/{}", made.id());
        assert_eq!((made.header("location"), made.header("etag")), (Some(path.as_str()), Some("\"v1-native\"")));
        assert_eq!(made.body["email"], "john.doe@example.com");
        assert_eq!(made.body["metadata"], john()["metadata"]);
        assert_eq!((&made.body["manager_id"], &made.body["team_ids"], &made.body["is_active"]), (&json!(null), &json!([]), &json!(true)));
        assert_eq!((&made.body["created_by"], &made.body["version"]), (&json!(own_id(&owner)), &json!(1)));
        assert_eq!(owner.get(&path).await.expect(200).body, made.body);
        assert_eq!(events(&owner, "user.created").await, 2, "the owner's own, and this one");
    }

    /// `role` is the highest of `roles`. Each of the two sets the other (K-42), and both together
    /// must agree.
    async fn role_and_roles(app) {
        let owner = app.owner().await;
        for (number, (given, role, roles)) in [
            (json!({}), "VIEWER", json!(["VIEWER"])),
            (json!({ "role": "ADMIN" }), "ADMIN", json!(["ADMIN"])),
            (json!({ "roles": ["VIEWER", "EDITOR"] }), "EDITOR", json!(["VIEWER", "EDITOR"])),
            (json!({ "role": "EDITOR", "roles": ["VIEWER", "EDITOR"] }), "EDITOR", json!(["VIEWER", "EDITOR"])),
        ].into_iter().enumerate() {
            let mut body = given;
            body["email"] = json!(format!("user{number}@example.com"));
            body["name"] = json!("a");
            let made = owner.post(USERS, &body).await.expect(201);
            assert_eq!((&made.body["role"], &made.body["roles"]), (&json!(role), &roles));
        }
        let before = state(&owner, USERS).await;
        let body = json!({ "email": "x@example.com", "name": "x", "role": "VIEWER", "roles": ["VIEWER", "EDITOR"] });
        let refused = owner.post(USERS, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/role CONFLICTING_SYNONYM"]);
        assert_eq!(state(&owner, USERS).await, before);
    }

    /// The refusal of a wrong body lists every violation, and no user is made.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let before = state(&owner, USERS).await;
        let cases: [(Value, &[&str]); 5] = [
            (json!({}), &["/email REQUIRED", "/name REQUIRED"]),
            (json!({ "email": "nobody", "name": "x" }), &["/email INVALID_FORMAT"]),
            (json!({ "email": "x@example.com", "name": "x", "role": "CAPTAIN" }), &["/role NOT_ALLOWED_VALUE"]),
            (json!({ "email": "x@example.com", "name": "x", "roles": [] }), &["/roles TOO_FEW_ITEMS"]),
            (json!({ "email": "x@example.com", "name": "x", "id": "usr_mine" }), &["/id UNKNOWN_FIELD"]),
        ];
        for (body, violations) in cases {
            let refused = owner.post(USERS, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), violations, "{body}");
        }
        let body = json!({ "email": "x@example.com", "name": "x", "tenant_id": "tenant_other" });
        owner.post(USERS, &body).await.refused(403, "tenant_mismatch");
        assert_eq!(state(&owner, USERS).await, before);
    }

    /// Only an owner can make an owner. Others who may make users cannot.
    async fn only_an_owner_makes_owners(app) {
        let owner = app.owner().await;
        let manager = caller(&app, &owner, &["manager"], &ON_USERS);
        let before = state(&owner, USERS).await;
        for more in [json!({ "role": "OWNER" }), json!({ "roles": ["VIEWER", "OWNER"] })] {
            let mut body = more;
            body["email"] = json!("x@example.com");
            body["name"] = json!("x");
            manager.post(USERS, &body).await.refused(403, "insufficient_scope");
            assert_eq!(state(&owner, USERS).await, before);
        }
        user(&manager, "viewer").await;
        let body = json!({ "email": "second@example.com", "name": "second", "role": "OWNER" });
        owner.post(USERS, &body).await.expect(201);
    }

    /// The event names the user and the change, and has no personal data.
    async fn the_feed_has_nothing_personal(app) {
        let owner = app.owner().await;
        let made = owner.post(USERS, &john()).await.expect(201);
        let path = format!("{USERS}/{}", made.id());
        owner.patch(&path, &json!({ "name": "Johnny" })).await.expect(200);
        owner.delete(&path).await.expect(204);
        let feed = owner.get("/api/v1/events").await.expect(200);
        let told: Vec<_> = feed.body["items"].as_array().unwrap().iter().filter(|event| event["subject"] == made.body["id"]).collect();
        let types: Vec<_> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["user.created", "user.updated", "user.deleted"]);
        for event in told {
            assert_eq!((&event["data"]["id"], &event["data"]["role"]), (&made.body["id"], &json!("ENGINEER")));
            for personal in ["email", "name", "metadata"] {
                assert_eq!(event["data"].get(personal), None);
            }
        }
        for personal in ["john.doe", "John Doe", "Johnny", "New York"] {
            assert!(!feed.text.contains(personal), "{}", feed.text);
        }
    }

    /// The sample of the requirements (D-30…41): a request with a JSON:API document, sent and
    /// accepted as JSON, is answered by such a document.
    async fn the_sample_of_the_requirements(app) {
        const REQUEST: &str = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
        let owner = app.owner().await;
        let jane = user(&owner, "jane").await;
        let (alpha, beta) = (team(&owner, "alpha").await, team(&owner, "beta").await);
        let manager = json!({ "type": "users", "id": jane.id() });
        let teams = json!([{ "type": "teams", "id": alpha.id() }, { "type": "teams", "id": beta.id() }]);
        let attributes = json!({
            "email": "john.doe@example.com",
            "name": "John Doe",
            "role": "engineer",
            "department": "engineering",
            "metadata": { "hire_date": "2024-01-15", "location": "New York" },
        });
        let document = json!({ "data": {
            "type": "users",
            "attributes": attributes,
            "relationships": { "manager": { "data": manager }, "teams": { "data": teams } },
        } });
        let headers = [("accept", "application/json"), ("x-request-id", REQUEST), ("x-correlation-id", "abc123")];
        let made = owner.json(Method::POST, "/v1/users", &document, &headers).await.expect(201);

        let data = &made.body["data"];
        let path = format!("/v1/users/{}", data["id"].as_str().unwrap());
        for (name, value) in [
            ("content-type", "application/vnd.api+json"),
            ("location", path.as_str()),
            ("x-request-id", REQUEST),
            ("x-correlation-id", "abc123"),
            ("etag", "\"v1\""),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(made.header(name), Some(value), "{name}");
        }
        assert_eq!((&data["type"], &data["links"]), (&json!("users"), &json!({ "self": path })));
        for (name, value) in attributes.as_object().unwrap() {
            assert_eq!(&data["attributes"][name], value, "{name}");
        }
        assert!(data["attributes"]["created_at"].is_string() && data["attributes"]["updated_at"].is_string());
        assert_eq!(data["relationships"], json!({
            "manager": { "links": { "related": format!("{path}/manager") }, "data": manager },
            "teams": { "links": { "related": format!("{path}/teams") }, "data": teams },
        }));
        assert_eq!(data["meta"], json!({ "created_by": own_id(&owner), "version": 1 }));
        assert_eq!(made.body.get("included"), None);
        let related = owner.get(&format!("{path}/manager")).await.expect(200);
        assert_eq!(related.body["data"]["id"], jane.body["id"]);
        let related = owner.get(&format!("{path}/teams")).await.expect(200);
        assert_eq!(related.body["data"].as_array().unwrap().len(), 2);
    }

    /// The refusal of a JSON:API document points to the place of the fault in that document.
    async fn refuses_in_json_api(app) {
        let owner = app.owner().await;
        let before = state(&owner, USERS).await;
        let manager = json!({ "data": { "type": "users", "id": "usr_missing" } });
        let document = |kind: &str, role: &str| json!({ "data": {
            "type": kind,
            "attributes": { "email": "x@example.com", "name": "x", "role": role },
            "relationships": { "manager": manager },
        } });
        for (kind, role, status, pointer) in [
            ("users", "viewer", 404, "/data/relationships/manager"),
            ("users", "captain", 422, "/data/attributes/role"),
            ("teams", "viewer", 409, "/data/type"),
        ] {
            let refused = owner.json(Method::POST, USERS, &document(kind, role), &[]).await.expect(status);
            assert_eq!(refused.header("content-type"), Some("application/vnd.api+json"));
            assert_eq!(refused.body["errors"][0]["source"]["pointer"], pointer);
        }
        assert_eq!(state(&owner, USERS).await, before);
    }
}

everywhere! {
    /// An address belongs to one user of a tenant, in any case. A user of another tenant may have
    /// it too.
    async fn an_address_is_unique_in_its_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        alice.post(USERS, &john()).await.expect(201);
        let before = state(&alice, USERS).await;
        for address in ["john.doe@example.com", "JOHN.DOE@EXAMPLE.COM"] {
            alice.post(USERS, &json!({ "email": address, "name": "x" })).await.refused(409, "conflict");
        }
        assert_eq!(state(&alice, USERS).await, before);
        bob.post(USERS, &john()).await.expect(201);
        assert_eq!(state(&alice, USERS).await, before);
    }

    /// A manager and teams are of the same tenant. Those of another tenant are answered like ones
    /// that do not exist.
    async fn relations_are_of_the_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let foreign = team(&bob, "foreign").await;
        let before = [state(&alice, USERS).await, state(&bob, USERS).await];
        for (member, missing, foreign) in [
            ("manager_id", json!("usr_missing"), json!(own_id(&bob))),
            ("team_ids", json!(["team_missing"]), json!([foreign.id()])),
        ] {
            let mut told = Vec::new();
            for id in [missing, foreign] {
                let body = json!({ "email": "x@example.com", "name": "x", member: id });
                let refused = alice.post(USERS, &body).await.refused(422, "validation_failed");
                assert_eq!(refused.violations(), [format!("/{member} NOT_FOUND")]);
                told.push((refused.body["message"].clone(), refused.body["details"].clone()));
            }
            assert_eq!(told[0], told[1]);
        }
        assert_eq!([state(&alice, USERS).await, state(&bob, USERS).await], before);
    }
}
