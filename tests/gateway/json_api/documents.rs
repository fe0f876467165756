//! "Document Structure", "Errors", "Query Parameters"

use http::Method;
use serde_json::{Value, json};

use super::{PROJECTS, USERS, get, made, project, projects, send, user};
use crate::isolation::{self, COLLECTIONS};

logic! {
    /// "Document Structure" and "@-Members": members that the specification does not define are
    /// ignored.
    async fn non_compliant_members(app) {
        let owner = app.owner().await;
        let mut document = project(json!({ "more": 1, "@id": 1, "lid": "l1" }));
        document["more"] = json!([]);
        document["@context"] = json!({});
        document["jsonapi"] = json!({ "version": "1.1" });
        document["data"]["attributes"]["@type"] = json!("x");
        let answer = send(&owner, Method::POST, PROJECTS, &document).await.expect(201);
        assert_eq!(answer.body["data"]["attributes"]["name"], "a");
        // An attribute is not such a member.
        let unknown = project(json!({ "attributes": { "name": "a", "colour": "red" } }));
        send(&owner, Method::POST, PROJECTS, &unknown).await.expect(422);
        assert_eq!(projects(&owner).await, 1);
    }

    /// "Top Level": primary data is an object, an array for a collection, or null. Data and errors
    /// exclude each other.
    async fn top_level(app) {
        let owner = app.owner().await;
        assert_eq!(get(&owner, PROJECTS).await.expect(200).body["data"], json!([]));
        let one = made(&owner).await;
        assert!(get(&owner, PROJECTS).await.body["data"].is_array());
        let path = one["links"]["self"].as_str().unwrap();
        assert!(get(&owner, path).await.expect(200).body["data"].is_object());
        let both = json!({ "data": { "type": "projects", "attributes": { "name": "b" } }, "errors": [] });
        send(&owner, Method::POST, PROJECTS, &both).await.expect(422);
        for root in [json!([]), json!("a"), json!(null)] {
            send(&owner, Method::POST, PROJECTS, &root).await.expect(422);
        }
        assert_eq!(projects(&owner).await, 1);
    }

    /// "Identification": `type`, `id` and `lid` are strings.
    async fn identification(app) {
        let owner = app.owner().await;
        for wrong in [json!({ "type": 7 }), json!({ "lid": 7 }), json!({ "type": null })] {
            send(&owner, Method::POST, PROJECTS, &project(wrong)).await.expect(422);
        }
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        let wrong = json!({ "data": { "type": "projects", "id": 7, "attributes": {} } });
        send(&owner, Method::PATCH, &path, &wrong).await.expect(422);
        assert_eq!(projects(&owner).await, 1);
    }

    /// "Resource Links" and "Related Resource Links": each link of each kind of resource leads to
    /// what it names. A related link leads to null or an empty list if nothing is related.
    async fn links_lead_somewhere(app) {
        let owner = app.owner().await;
        let mut lists = Vec::new();
        for collection in COLLECTIONS.iter() {
            let object = isolation::make(&app, &owner, collection, "linked").await;
            lists.push(format!("/api/v1/{collection}"));
            if *collection == "webhook-endpoints" {
                lists.push(format!("/api/v1/{collection}/{}/attempts", object.id()));
            }
        }
        let (mut followed, mut relations) = (0, 0);
        for list in lists {
            let page = get(&owner, &list).await.expect(200);
            let data = page.body["data"].as_array().unwrap();
            assert!(!data.is_empty(), "{list}");
            for one in data {
                // A resource without an address of its own has no `self` link.
                let (kind, id) = (one["type"].as_str().unwrap(), one["id"].as_str().unwrap());
                let is_read = |it: &&&str| it.rsplit('/').next() == Some(kind);
                let address = COLLECTIONS.iter().find(is_read).map(|it| format!("/api/v1/{it}/{id}"));
                let own = one["links"]["self"].as_str();
                assert_eq!(own, address.as_deref(), "{one}");
                if let Some(own) = own {
                    followed += 1;
                    let found = get(&owner, own).await.expect(200).body;
                    assert_eq!((&found["data"]["type"], &found["data"]["id"]), (&one["type"], &one["id"]), "{own}");
                }
                for (name, relationship) in one["relationships"].as_object().into_iter().flatten() {
                    let related = relationship["links"]["related"].as_str().unwrap();
                    let found = get(&owner, related).await.expect(200).body;
                    let told = |data: &Value| match data {
                        Value::Array(many) => many.iter().map(|one| one["id"].clone()).collect(),
                        one => vec![one["id"].clone()],
                    };
                    assert_eq!(told(&found["data"]), told(&relationship["data"]), "{name} {related}");
                    relations += 1;
                }
            }
        }
        assert!(followed > COLLECTIONS.len() && relations > 3, "{followed} {relations}");
    }

    /// "Compound Documents": each related object is included once, and none that is primary data.
    async fn compound_documents(app) {
        let owner = app.owner().await;
        let boss = user(&owner, "boss", None).await;
        for name in ["a", "b"] {
            user(&owner, name, Some(boss.id())).await;
        }
        // The manager is on the page, so nobody is left to include.
        let page = get(&owner, &format!("{USERS}?include=manager")).await.expect(200);
        assert_eq!(page.body["included"], json!([]), "{}", page.text);
        let page = get(&owner, &format!("{USERS}?include=manager&name:in=a,b")).await.expect(200);
        let ids: Vec<_> = page.body["included"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, [boss.id()]);
    }

    /// "Error Objects": an error document lists errors whose pointers lead to a place in the
    /// request.
    async fn error_objects(app) {
        let owner = app.owner().await;
        for (data, expected) in [
            (json!({ "type": "projects" }), "/data"),
            (json!({ "type": "projects", "attributes": {} }), "/data/attributes"),
            (json!({ "type": "projects", "attributes": { "name": 7 } }), "/data/attributes/name"),
            (json!({ "type": "projects", "attributes": { "name": "a" }, "relationships": { "owner": {} } }), "/data/relationships/owner"),
        ] {
            let document = json!({ "data": data });
            let refused = send(&owner, Method::POST, PROJECTS, &document).await.expect(422);
            for error in refused.body["errors"].as_array().unwrap() {
                let pointer = error["source"]["pointer"].as_str().unwrap();
                assert!(document.pointer(pointer).is_some(), "{pointer} of {document}");
            }
            assert_eq!(refused.body["errors"][0]["source"]["pointer"], expected);
            assert_eq!(refused.body["errors"][0]["status"], "422");
        }
        let refused = get(&owner, &format!("{PROJECTS}?nothing=1")).await.expect(400);
        assert_eq!(refused.body["errors"][0]["source"], json!({ "parameter": "nothing" }));
    }

    /// "Implementation-Specific Query Parameters": an unknown parameter is a 400, for reads and
    /// writes.
    async fn unknown_query_parameters(app) {
        let owner = app.owner().await;
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        for query in ["nothing=1", "Page[number]=1", "page[nothing]=1", "filter[nothing]=1", "fields[nothing]=a"] {
            get(&owner, &format!("{PROJECTS}?{query}")).await.expect(400);
            get(&owner, &format!("{path}?{query}")).await.expect(400);
        }
        for query in ["include=owner", "sort=name", "nothing=1"] {
            send(&owner, Method::POST, &format!("{PROJECTS}?{query}"), &project(json!({}))).await.expect(400);
        }
        assert_eq!(projects(&owner).await, 1);
    }

    /// "Square Brackets in Parameter Names": escaped or not, brackets mean the same. Links have
    /// them escaped.
    async fn square_brackets(app) {
        let owner = app.owner().await;
        for _ in 0..3 {
            made(&owner).await;
        }
        let (plain, escaped) = (format!("{PROJECTS}?page[limit]=1"), format!("{PROJECTS}?page%5Blimit%5D=1"));
        let [plain, escaped] = [get(&owner, &plain).await, get(&owner, &escaped).await].map(|it| it.expect(200).body);
        assert_eq!(plain["data"], escaped["data"]);
        assert_eq!(plain["links"]["self"], escaped["links"]["self"]);
        for name in ["self", "first", "next"] {
            assert!(!plain["links"][name].as_str().unwrap().contains(['[', ']']), "{}", plain["links"]);
        }
    }
}
