//! What the tests of {{words}} share.

use serde_json::{Value, json};

use crate::support::{Client, Exchange};

pub(super) const PATH: &str = "/api/v1/{{collection}}";

/// A new {{word}} of this client's tenant.
pub(super) async fn create(client: &Client, name: &str) -> Exchange {
    client.post(PATH, &json!({ "name": name })).await.expect(201)
}

/// The names on a page, in its order.
pub(super) async fn names(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("{PATH}?{query}")).await.expect(200);
    let items = page.body["items"].as_array().unwrap().iter();
    items.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// The state that a refusal must leave unchanged: all {{words}} of the tenant, and its feed.
pub(super) async fn state(client: &Client) -> [Value; 2] {
    let objects = client.get(PATH).await.expect(200).body;
    [objects, client.feed().await.into()]
}

/// The number of events of this type that the tenant has.
pub(super) async fn events(client: &Client, happened: &str) -> usize {
    let path = format!("/api/v1/events?type={{name}}.{happened}&limit=100");
    let page = client.get(&path).await.expect(200);
    page.body["items"].as_array().unwrap().len()
}
