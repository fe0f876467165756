//! One project in every form (S-35), read, linked and written.

use http::Method;
use serde_json::{Value, json};

use super::{PATH, create, events};
use crate::snapshot;
use crate::support::{Client, Exchange};

const FORMS: [(&str, &str); 4] = [
    ("native", "application/json"),
    ("envelope", "application/json;profile=\"envelope\""),
    ("camel", "application/json;profile=\"camel\""),
    ("json_api", "application/vnd.api+json"),
];

async fn read(client: &Client, path: &str, accept: &str) -> Exchange {
    let headers = [("accept", accept), ("x-request-id", "req-789")];
    client.send(Method::GET, path, &headers, None).await
}

/// Replaces the values in the path that change from run to run.
fn steady(mut exchange: Exchange, id: &str) -> Exchange {
    exchange.path = exchange.path.replace(id, "[id]");
    exchange
}

logic! {
    /// One object fetched with four Accept values gives four golden bodies.
    async fn one_object_in_four_forms(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "Site A – BESS Retrofit", "labels": { "cost_center": "A7" }, "tags": ["battery"] });
        let made = owner.post(PATH, &body).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let [native, envelope, camel, json_api] = FORMS.map(|(_, accept)| accept);
        snapshot!("form_object_native", steady(read(&owner, &path, native).await.expect(200), made.id()));
        snapshot!("form_object_envelope", steady(read(&owner, &path, envelope).await.expect(200), made.id()));
        snapshot!("form_object_camel", steady(read(&owner, &path, camel).await.expect(200), made.id()));
        snapshot!("form_object_json_api", steady(read(&owner, &path, json_api).await.expect(200), made.id()));
    }

    /// A page, by cursor and by number, is tested in four forms.
    async fn one_page_in_four_forms(app) {
        let owner = app.owner().await;
        for name in ["a", "b", "c"] {
            create(&owner, name).await;
        }
        let [native, envelope, camel, json_api] = FORMS.map(|(_, accept)| accept);
        let cursor = format!("{PATH}?page[limit]=1&fields=name");
        let number = format!("{PATH}?page=2&per_page=1&fields=name");
        snapshot!("form_page_native", read(&owner, &cursor, native).await.expect(200));
        snapshot!("form_page_envelope", read(&owner, &cursor, envelope).await.expect(200));
        snapshot!("form_page_camel", read(&owner, &number, camel).await.expect(200));
        snapshot!("form_page_json_api", read(&owner, &cursor, json_api).await.expect(200));
        let numbered = read(&owner, &number, native).await.expect(200);
        assert_eq!(["x-total-count", "x-page-limit", "x-page-offset"].map(|name| numbered.header(name)), [Some("3"), Some("1"), Some("1")]);
        let link = numbered.header("link").unwrap();
        for relation in ["first", "prev", "next", "last"] {
            assert!(link.contains(&format!("rel=\"{relation}\"")), "{link}");
        }
    }

    /// Every link of every form leads to a resource.
    async fn links_lead_somewhere(app) {
        let owner = app.owner().await;
        for name in ["a", "b", "c", "d", "e"] {
            create(&owner, name).await;
        }
        for query in ["page[limit]=2", "page[limit]=2&page[offset]=2", "page=2&per_page=2", "sort=-name&limit=2"] {
            let page = read(&owner, &format!("{PATH}?{query}"), FORMS[1].1).await.expect(200);
            let next = page.body["links"]["next"].as_str().unwrap();
            let following = owner.get(next).await.expect(200);
            let names = |body: &Value, list: &str| body[list].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
            let (here, there) = (names(&page.body, "data"), names(&following.body, "items"));
            assert!(here.iter().all(|name| !there.contains(name)) && !there.is_empty(), "{query}: {here:?} {there:?}");
            let back = read(&owner, next, FORMS[1].1).await.expect(200);
            let back = owner.get(back.body["links"]["prev"].as_str().unwrap()).await.expect(200);
            assert_eq!(names(&back.body, "items"), here, "{query}");
        }
    }

    /// A client writes in its own form and reads it back. Refusals name wrong fields in the terms
    /// of that form.
    async fn requests_in_every_form(app) {
        let owner = app.owner().await;
        let camel = [("content-type", "application/json;profile=\"camel\""), ("accept", FORMS[2].1)];
        let made = owner.send(Method::POST, PATH, &camel, Some(json!({ "name": "c", "ownerId": null }).to_string())).await.expect(201);
        assert_eq!((&made.body["data"]["status"], &made.body["data"]["version"]), (&json!("active"), &json!(1)));
        let refused = owner.send(Method::POST, PATH, &camel, Some(json!({ "name": "c", "ownerId": 7 }).to_string())).await.expect(422);
        assert!(refused.body["error"]["details"].get("ownerId").is_some(), "{}", refused.text);
        let json_api = [("content-type", "application/vnd.api+json")];
        let document = json!({ "data": { "type": "projects", "attributes": { "name": "j", "tags": ["x"] } } });
        let made = owner.send(Method::POST, PATH, &json_api, Some(document.to_string())).await.expect(201);
        assert_eq!(made.header("content-type"), Some("application/vnd.api+json"));
        assert_eq!(made.body["data"]["attributes"]["tags"], json!(["x"]));
        let wrong = json!({ "data": { "type": "projects", "attributes": { "name": "" } } });
        let refused = owner.send(Method::POST, PATH, &json_api, Some(wrong.to_string())).await.expect(422);
        assert_eq!(refused.body["errors"][0]["source"]["pointer"], "/data/attributes/name");
        let other = json!({ "data": { "type": "users", "attributes": { "name": "j" } } });
        owner.send(Method::POST, PATH, &json_api, Some(other.to_string())).await.expect(409);
        assert_eq!(events(&owner, "project.created").await, 2);
    }
}

transport! {
    /// A form that cannot be produced is a 406 before anything happens. The q values decide.
    async fn acceptance(app) {
        let owner = app.owner().await;
        let accept = |value: &'static str| [("content-type", "application/json"), ("accept", value)];
        let body = Some(json!({ "name": "a" }).to_string());
        for value in ["text/html", "application/json;q=0", "image/*", "application/vnd.tenantry.v2+json"] {
            owner.send(Method::POST, PATH, &accept(value), body.clone()).await.expect(406);
        }
        assert_eq!(events(&owner, "project.created").await, 0);
        let path = format!("{PATH}?limit=1");
        let preferred = read(&owner, &path, "application/json;q=0.5, application/vnd.api+json").await.expect(200);
        assert_eq!(preferred.header("content-type"), Some("application/vnd.api+json"));
        let problem = read(&owner, &format!("{PATH}/prj_x"), "application/problem+json").await.expect(404);
        assert_eq!((problem.header("content-type"), &problem.body["error"]), (Some("application/problem+json"), &json!("resource_not_found")));
    }
}
