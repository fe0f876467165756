//! GET /api/v1/users

use serde_json::json;

use super::{USERS, names, own_id, user};

logic! {
    /// The user who registers a tenant is its first user, and an owner.
    async fn the_registered_owner_is_a_user(app) {
        let owner = app.owner().await;
        let page = owner.get(USERS).await.expect(200);
        assert_eq!((page.body["items"].as_array().unwrap().len(), &page.body["next_cursor"]), (1, &json!(null)));
        let first = &page.body["items"][0];
        assert_eq!((&first["id"], &first["email"]), (&json!(own_id(&owner)), &owner.session["user"]["email"]));
        assert_eq!((&first["role"], &first["roles"], &first["is_active"]), (&json!("OWNER"), &json!(["OWNER"]), &json!(true)));
    }

    /// An unknown parameter is refused by name.
    async fn refuses_wrong_parameters(app) {
        let owner = app.owner().await;
        for (query, violation) in [
            ("colour=red", "colour UNKNOWN_PARAMETER"),
            ("metadata[location]=x", "metadata[location] UNKNOWN_PARAMETER"),
            ("sort=department", "sort UNKNOWN_FIELD"),
            ("expand=boss", "expand UNKNOWN_RELATION"),
            ("fields[users]=password", "fields[users] UNKNOWN_FIELD"),
        ] {
            let refused = owner.get(&format!("{USERS}?{query}")).await.refused(400, "invalid_parameter");
            assert_eq!(refused.violations(), [violation]);
        }
        let refused = owner.get(&format!("{USERS}?role=CAPTAIN")).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["role NOT_ALLOWED_VALUE"]);
    }
}

storage! {
    /// The list can be filtered, searched and sorted by the fields that the contract marks.
    async fn filters_searches_and_sorts(app) {
        let owner = app.owner().await;
        let anna = user(&owner, "anna").await;
        for body in [
            json!({ "email": "bert@example.com", "name": "bert", "roles": ["VIEWER", "ENGINEER"], "manager_id": anna.id() }),
            json!({ "email": "carl@example.com", "name": "carl", "role": "ADMIN", "department": "sales", "is_active": false }),
        ] {
            owner.post(USERS, &body).await.expect(201);
        }
        let manager = format!("manager_id={}", anna.id());
        let cases: [(&str, &[&str]); 10] = [
            ("role=ENGINEER", &["bert"]),
            ("filter[role]=engineer", &["bert"]),
            ("role:in=ENGINEER,ADMIN&sort=name", &["bert", "carl"]),
            ("roles=VIEWER&sort=-name", &["bert", "anna"]),
            ("is_active=false", &["carl"]),
            ("department=sales", &["carl"]),
            (manager.as_str(), &["bert"]),
            ("email=anna@example.com", &["anna"]),
            ("search=ANNA", &["anna"]),
            ("sort=name&limit=3", &["anna", "bert", "carl"]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(&owner, &format!("{USERS}?{query}")).await, expected, "{query}");
        }
    }

    /// Only the requested fields are shown, and the managers in place.
    async fn shows_fields_and_relations(app) {
        let owner = app.owner().await;
        let body = json!({ "email": "anna@example.com", "name": "anna", "manager_id": own_id(&owner) });
        let anna = owner.post(USERS, &body).await.expect(201);
        let page = owner.get(&format!("{USERS}?search=anna&fields[users]=name&expand=manager")).await.expect(200);
        let only = &page.body["items"][0];
        assert_eq!((&only["id"], &only["name"], only.get("email")), (&anna.body["id"], &json!("anna"), None));
        assert_eq!(only["manager"]["id"], own_id(&owner));
    }
}
