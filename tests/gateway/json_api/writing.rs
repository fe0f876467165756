//! "Creating, Updating and Deleting Resources"

use http::Method;
use serde_json::{Value, json};

use super::{PROJECTS, TEAMS, TYPE, USERS, get, made, project, projects, send, user};

logic! {
    /// "Creating Resources": a creation has one resource object with a type.
    async fn creating(app) {
        let owner = app.owner().await;
        for wrong in [
            json!({}),
            json!({ "data": null }),
            json!({ "data": [{ "type": "projects", "attributes": { "name": "a" } }] }),
            json!({ "data": { "attributes": { "name": "a" } } }),
            json!({ "data": { "type": "projects", "attributes": { "name": "a" }, "relationships": { "owner": {} } } }),
            json!({ "data": { "type": "projects", "attributes": { "name": "a" }, "relationships": { "owner": { "data": [] } } } }),
        ] {
            send(&owner, Method::POST, PROJECTS, &wrong).await.expect(422);
        }
        assert_eq!(projects(&owner).await, 0);
    }

    /// "201 Created": the answer has the resource, whose `self` link is the `Location`.
    async fn created(app) {
        let owner = app.owner().await;
        let answer = send(&owner, Method::POST, PROJECTS, &project(json!({}))).await.expect(201);
        assert_eq!(answer.header("location"), answer.body["data"]["links"]["self"].as_str());
        let found = get(&owner, answer.header("location").unwrap()).await.expect(200);
        assert_eq!(found.body["data"], answer.body["data"]);
    }

    /// "Client-Generated IDs": the answer is 403 for each kind of resource, because they are not
    /// supported.
    async fn client_generated_ids(app) {
        let owner = app.owner().await;
        let id = "550e8400-e29b-41d4-a716-446655440000";
        for (path, kind, attributes) in [
            (PROJECTS, "projects", json!({ "name": "a" })),
            (USERS, "users", json!({ "email": "a@example.com", "name": "a" })),
            (TEAMS, "teams", json!({ "name": "a" })),
        ] {
            let document = json!({ "data": { "type": kind, "id": id, "attributes": attributes } });
            let before = get(&owner, path).await.body["data"].as_array().unwrap().len();
            let refused = send(&owner, Method::POST, path, &document).await.refused(403, "forbidden");
            assert_eq!(refused.body["errors"][0]["source"]["pointer"], "/data/id");
            assert_eq!(get(&owner, path).await.body["data"].as_array().unwrap().len(), before);
        }
    }

    /// "404 Not Found": a related resource that does not exist, or that is another tenant's, is a
    /// 404.
    async fn unknown_related_resources(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let foreign = user(&other, "jane", None).await;
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        let before = get(&owner, &path).await.body;
        for id in ["usr_none", foreign.id()] {
            let linkage = json!({ "owner": { "data": { "type": "users", "id": id } } });
            let new = project(json!({ "relationships": linkage }));
            send(&owner, Method::POST, PROJECTS, &new).await.refused(404, "resource_not_found");
            let change = json!({ "data": { "type": "projects", "id": before["data"]["id"], "relationships": linkage } });
            send(&owner, Method::PATCH, &path, &change).await.refused(404, "resource_not_found");
        }
        assert_eq!((projects(&owner).await, get(&owner, &path).await.body), (1, before));
    }

    /// "409 Conflict": a type that the collection does not have is a 409. In an update, another id
    /// is one too.
    async fn conflicts(app) {
        let owner = app.owner().await;
        let one = made(&owner).await;
        let path = one["links"]["self"].as_str().unwrap();
        send(&owner, Method::POST, PROJECTS, &project(json!({ "type": "users" }))).await.expect(409);
        for (kind, id) in [("users", one["id"].as_str().unwrap()), ("projects", "prj_other")] {
            let change = json!({ "data": { "type": kind, "id": id, "attributes": { "name": "b" } } });
            send(&owner, Method::PATCH, path, &change).await.expect(409);
        }
        assert_eq!(get(&owner, path).await.body["data"], one);
    }

    /// "Updating Resources": an update has one resource object with type and id. A member that is
    /// left out stays.
    async fn updating(app) {
        let owner = app.owner().await;
        let jane = user(&owner, "jane", None).await;
        let team = owner.post(TEAMS, &json!({ "name": "t" })).await.expect(201);
        let john = user(&owner, "john", Some(jane.id())).await;
        let path = format!("{USERS}/{}", john.id());
        for wrong in [
            json!({ "data": { "type": "users", "attributes": { "name": "x" } } }),
            json!({ "data": { "id": john.id(), "attributes": { "name": "x" } } }),
            json!({ "data": [] }),
        ] {
            send(&owner, Method::PATCH, &path, &wrong).await.expect(422);
        }
        let change = |more: Value| {
            let mut data = json!({ "type": "users", "id": john.id() });
            data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "data": data })
        };
        let teams = json!({ "teams": { "data": [{ "type": "teams", "id": team.id() }] } });
        let told = send(&owner, Method::PATCH, &path, &change(json!({ "relationships": teams }))).await.expect(200).body;
        assert_eq!(told["data"]["relationships"]["manager"]["data"]["id"], jane.id());
        assert_eq!(told["data"]["relationships"]["teams"]["data"], teams["teams"]["data"]);
        assert_eq!((&told["data"]["attributes"]["name"], &told["data"]["meta"]["version"]), (&json!("john"), &json!(2)));
        let none = json!({ "manager": { "data": null }, "teams": { "data": [] } });
        let told = send(&owner, Method::PATCH, &path, &change(json!({ "relationships": none }))).await.expect(200).body;
        assert_eq!((&told["data"]["relationships"]["manager"]["data"], &told["data"]["relationships"]["teams"]["data"]), (&Value::Null, &json!([])));
        assert_eq!(get(&owner, &path).await.body["data"], told["data"]);
    }

    /// "Updating Resources", "Deleting Resources": a resource that does not exist is a 404, and a
    /// deleted one is gone.
    async fn what_is_not_there(app) {
        let owner = app.owner().await;
        let change = json!({ "data": { "type": "projects", "id": "prj_none", "attributes": { "name": "b" } } });
        send(&owner, Method::PATCH, &format!("{PROJECTS}/prj_none"), &change).await.expect(404);
        owner.send(Method::DELETE, &format!("{PROJECTS}/prj_none"), &[("accept", TYPE)], None).await.expect(404);
        let path = made(&owner).await["links"]["self"].as_str().unwrap().to_owned();
        let gone = owner.send(Method::DELETE, &path, &[("accept", TYPE)], None).await.expect(204);
        assert_eq!(gone.text, "");
    }
}
