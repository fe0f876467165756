mod activate_project;
mod archive_project;
mod bulk_projects;
mod complete_project;
mod conditional;
mod create_project;
mod delete_project;
mod forms;
mod get_project;
mod get_project_owner;
mod list_projects;
pub mod pages;
mod pause_project;
mod replace_project;
mod text;
mod update_project;

use serde_json::json;

use crate::support::{Client, Exchange};

const PATH: &str = "/api/v1/projects";

/// A new project of this client.
async fn create(client: &Client, name: &str) -> Exchange {
    client.post(PATH, &json!({ "name": name })).await.expect(201)
}

/// The project after an operation on its status.
async fn operate(client: &Client, id: &str, action: &str) -> Exchange {
    client.send(http::Method::POST, &format!("{PATH}/{id}/{action}"), &[], None).await
}

/// The number of events of this type that the tenant has.
async fn events(client: &Client, kind: &str) -> usize {
    let page = client.get(&format!("/api/v1/events?type={kind}&limit=100")).await.expect(200);
    page.body["items"].as_array().unwrap().len()
}
