//! The objects of tenants: the collection that an operation is about, and new objects of it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::contract::operations;
use crate::support::{App, Client, Exchange};
use crate::{tenants, webhooks};

/// The id of the attempt that every webhook endpoint here has.
pub const ATTEMPT: &str = "atm_0000000000000000000000";

/// The collections of the contract whose objects a tenant can read, such as `auth/clients`.
pub static COLLECTIONS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let reads = operations().iter().filter(|(method, _, _)| method == "GET");
    let paths = reads.filter_map(|(_, path, _)| path.strip_suffix("/{id}"));
    paths.filter_map(|path| path.strip_prefix("/api/v1/")).collect()
});

/// An endpoint that gets no event of these tests.
pub(super) fn endpoint() -> Value {
    json!({ "url": "https://example.com/taken-over", "event_types": ["notice.published"] })
}

/// The scopes of the contract that a caller needs in order to read everything.
pub fn read_scopes() -> Vec<&'static str> {
    let ways = operations().iter().filter_map(|(_, _, it)| it["security"][0]["bearer"].as_array());
    let scopes: BTreeSet<_> = ways.flatten().filter_map(|scope| scope.as_str()).collect();
    scopes.into_iter().filter(|scope| scope.ends_with(":read")).collect()
}

/// The collection to which the object of a path belongs.
pub fn collection(template: &str) -> &'static str {
    let path = template.strip_prefix("/api/v1/").unwrap_or_default();
    let is_its = |name: &&&str| path.strip_prefix(**name).is_some_and(is_end_of_segment);
    let found = COLLECTIONS.iter().find(is_its);
    found.unwrap_or_else(|| panic!("{template} belongs to no collection"))
}

fn is_end_of_segment(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// A new object of this tenant that contains the marker, as a later GET shows it.
pub async fn make(app: &App, owner: &Client, collection: &str, marker: &str) -> Exchange {
    let path = format!("/api/v1/{collection}");
    let body = match collection {
        "notices" => {
            tenants::publish(app, owner.tenant(), marker, 0);
            return owner.get(&format!("{path}/{marker}")).await.expect(200);
        }
        "events" => {
            owner.post("/api/v1/projects", &json!({ "name": marker })).await.expect(201);
            let feed = owner.get("/api/v1/events?type=project.created").await.expect(200);
            let id = feed.body["items"][0]["id"].as_str().unwrap();
            return owner.get(&format!("{path}/{id}")).await.expect(200);
        }
        "webhook-endpoints" => {
            let mut body = endpoint();
            body["description"] = marker.into();
            let id = owner.post(&path, &body).await.expect(201).id().to_owned();
            webhooks::attempt(app, owner.tenant(), &id, ATTEMPT);
            // The answer to the creation has the secret, which is not shown again.
            return owner.get(&format!("{path}/{id}")).await.expect(200);
        }
        "auth/clients" => {
            let draft = json!({ "name": marker, "scopes": ["projects:read"] });
            let made = owner.post(&path, &draft).await.expect(201);
            return owner.get(&format!("{path}/{}", made.id())).await.expect(200);
        }
        "integrations" => {
            // Creating shows the secret, reading does not.
            let draft = json!({ "provider": "GITHUB", "name": marker });
            let made = owner.post(&path, &draft).await.expect(201);
            return owner.get(&format!("{path}/{}", made.id())).await.expect(200);
        }
        "users" => json!({ "email": format!("{marker}@example.com"), "name": marker }),
        _ => json!({ "name": marker }),
    };
    owner.post(&path, &body).await.expect(201)
}
