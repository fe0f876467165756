//! JSON:API 1.1 (<https://jsonapi.org/format/1.1/>), with one test for each clause that says MUST
//! of a server, named after its section. `support/json_api.rs` checks the rules for every document
//! against each answer that any test gets. Extensions, relationship links (`/relationships/…`) and
//! asynchronous work are not tested, because this API has none.

mod documents;
mod fetching;
mod negotiation;
mod writing;

use http::Method;
use serde_json::{Value, json};

use crate::support::{Client, Exchange};

const TYPE: &str = "application/vnd.api+json";
const PROJECTS: &str = "/api/v1/projects";
const USERS: &str = "/api/v1/users";
const TEAMS: &str = "/api/v1/teams";

async fn get(client: &Client, path: &str) -> Exchange {
    client.send(Method::GET, path, &[("accept", TYPE)], None).await
}

/// Sends a document.
async fn send(client: &Client, method: Method, path: &str, document: &Value) -> Exchange {
    let headers = [("content-type", TYPE), ("accept", TYPE)];
    client.send(method, path, &headers, Some(document.to_string())).await
}

/// A document with a new project.
fn project(more: Value) -> Value {
    let mut data = json!({ "type": "projects", "attributes": { "name": "a" } });
    for (name, value) in more.as_object().unwrap() {
        data[name] = value.clone();
    }
    json!({ "data": data })
}

/// A new project as a resource object.
async fn made(client: &Client) -> Value {
    send(client, Method::POST, PROJECTS, &project(json!({}))).await.expect(201).body["data"].clone()
}

/// The number of projects that the client's tenant has.
async fn projects(client: &Client) -> usize {
    client.get(PROJECTS).await.expect(200).body["items"].as_array().unwrap().len()
}

/// Creates a user, in the native form.
async fn user(client: &Client, name: &str, manager: Option<&str>) -> Exchange {
    let body =
        json!({ "email": format!("{name}@example.com"), "name": name, "manager_id": manager });
    client.post(USERS, &body).await.expect(201)
}
