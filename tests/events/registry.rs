//! The registry of events: functions emit exactly the events that it describes.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use crate::support::contract::{CONTRACT, registered};
use crate::support::receiver::Receiver;
use crate::support::{Client, Placement, dedicated};

storage! { every_type_is_told_as_registered(placement) }
everywhere! { who_did_what_is_told_too(placement) }
pure! { the_check_sees_what_is_wrong() }

/// Types that need a failing receiver or a provider. The tests of webhooks provoke them, and their
/// client checks each answer with events as it does here.
const ELSEWHERE: [&str; 5] = [
    "delivery.exhausted",
    "delivery.recovered",
    "integration.connected",
    "integration.expired",
    "record.ingested",
];

/// A deprecation of which tenants are told.
const LIFECYCLE: &str = r#"{ "deprecations": [{
    "major": 1, "deprecated_at": "2020-01-01", "sunset_at": "2099-12-31",
    "guide": "https://docs.example.com/migrate-to-v2", "successor": 2, "successor_since": "2020-01-01"
}] }"#;

/// The other collections whose objects are created, changed and deleted, with the first examples of
/// the contract for a creation and for a change.
fn others(named: &[&str]) -> Vec<(&'static str, Value, Value)> {
    let paths = &CONTRACT["paths"];
    let collections = paths.as_object().unwrap().keys().filter_map(|path| path.strip_prefix('/'));
    let others = collections.filter(|name| !name.contains('/') && !named.contains(name));
    let written = others.filter_map(|name| {
        let one = &paths[format!("/{name}/{{id}}")];
        one["delete"].is_object().then_some(())?;
        Some((name, example(&paths[format!("/{name}")]["post"])?, example(&one["patch"])?))
    });
    written.collect()
}

/// The first example of a request's body.
fn example(operation: &Value) -> Option<Value> {
    let body = &operation["requestBody"]["content"]["application/json"];
    let first = || body["examples"].as_object()?.values().next();
    let value = |it: &Value| match it["$ref"].as_str() {
        Some(target) => CONTRACT.pointer(&target[1..]).unwrap()["value"].clone(),
        None => it["value"].clone(),
    };
    body.get("example").cloned().or_else(|| first().map(value))
}

/// Does everything that emits events. Returns the tenant's whole feed.
async fn everything(owner: &Client) -> Vec<Value> {
    let receiver = Receiver::start().await;
    let endpoint = json!({ "url": receiver.base, "event_types": ["record.ingested"] });
    let send = async |method: Method, path: &str, body: Value| {
        let body = (!body.is_null()).then(|| body.to_string());
        let json = ("content-type", "application/json");
        let any = ("if-match", "*");
        let headers = if body.is_some() { vec![json, any] } else { vec![any] };
        let done = owner.send(method, path, &headers, body).await;
        assert!((200..300).contains(&done.status), "{path}: {}", done.text);
        done.body["id"].as_str().unwrap_or_default().to_owned()
    };
    let named = [
        ("projects", json!({ "name": "a", "labels": { "region": "north" }, "tags": ["battery"] })),
        ("teams", json!({ "name": "a" })),
        ("integrations", json!({ "name": "a", "provider": "GITHUB" })),
        ("users", json!({ "name": "a", "email": "a@example.com", "metadata": { "city": "York" } })),
        ("webhook-endpoints", endpoint),
    ];
    let others = others(&named.each_ref().map(|(collection, _)| *collection));
    let named = named.into_iter().map(|(collection, draft)| {
        let name = if collection == "webhook-endpoints" { "description" } else { "name" };
        (collection, draft, json!({ name: "b" }))
    });
    for (collection, draft, change) in named.chain(others) {
        let path = format!("/api/v1/{collection}");
        let id = send(Method::POST, &path, draft).await;
        let one = format!("{path}/{id}");
        owner.patch(&one, &change).await.expect(200);
        let actions: &[&str] = match collection {
            "projects" => &["pause", "complete", "archive", "activate"],
            "webhook-endpoints" => &["disable", "enable", "test"],
            _ => &[],
        };
        for action in actions {
            send(Method::POST, &format!("{one}/{action}"), Value::Null).await;
        }
        send(Method::DELETE, &one, Value::Null).await;
    }
    let machine = json!({ "name": "ci", "scopes": ["events:read"] });
    let id = send(Method::POST, "/api/v1/auth/clients", machine).await;
    let one = format!("/api/v1/auth/clients/{id}");
    for action in ["disable", "enable", "rotate-secret"] {
        send(Method::POST, &format!("{one}/{action}"), Value::Null).await;
    }
    send(Method::DELETE, &one, Value::Null).await;
    owner.get("/api/v1/notices").await.expect(200);
    let feed = owner.get("/api/v1/events?limit=100").await.expect(200);
    feed.body["items"].as_array().unwrap().clone()
}

/// Each registered type that can happen does happen. Its events have every member that is
/// registered, and no other.
async fn every_type_is_told_as_registered(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("api_lifecycle", LIFECYCLE)]).await;
    let owner = app.owner().await;
    let events = everything(&owner).await;
    let schema = |event: &Value| {
        let version = event["schema_version"].as_i64().unwrap();
        let name = format!("{}.v{version}", event["type"].as_str().unwrap());
        &CONTRACT["components"]["schemas"][name]
    };
    for event in &events {
        registered(event);
        let data = event["data"].as_object().unwrap();
        let properties = schema(event)["properties"].as_object().unwrap();
        assert!(data.keys().eq(properties.keys()), "{event}");
    }
    let told: BTreeSet<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let types = CONTRACT["webhooks"].as_object().unwrap().keys().map(String::as_str);
    let expected: BTreeSet<_> = types.filter(|name| !ELSEWHERE.contains(name)).collect();
    assert_eq!(told, expected);
    // The source of an event is the function that did the work.
    let mut agents = BTreeMap::<&str, BTreeSet<&str>>::new();
    for event in &events {
        let area = event["type"].as_str().unwrap().split('.').next().unwrap();
        agents.entry(area).or_default().insert(event["source_agent"].as_str().unwrap());
    }
    for (area, agent) in [
        ("project", "projects"),
        ("team", "tenants"),
        ("notice", "tenants"),
        ("endpoint", "webhooks"),
        ("integration", "webhooks"),
    ] {
        assert_eq!(agents[area], [agent].into(), "{area}");
    }
    server.shutdown().await.unwrap();
}

/// The feed has an entry of the audit log right after the event of the same change, from the same
/// transaction.
async fn who_did_what_is_told_too(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let made = owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
    let feed = owner.get("/api/v1/events").await.expect(200);
    let [_, _, created, logged] = feed.body["items"].as_array().unwrap().as_slice() else {
        panic!("{}", feed.text)
    };
    assert_eq!(
        (&created["type"], &logged["type"]),
        (&json!("project.created"), &json!("audit.logged"))
    );
    assert_eq!(
        (&logged["trace_id"], &logged["created_at"]),
        (&created["trace_id"], &created["created_at"])
    );
    assert_eq!(logged["source_agent"], "projects");
    let row = app.rows("SELECT id, actor_id, action_type, resource_id FROM audit_logs");
    let actor = owner.session["user"]["id"].as_str().unwrap();
    let id = row[0][0].clone();
    assert_eq!(row, [[&id, actor, "project.created", made.id()]]);
    assert_eq!(
        logged["data"],
        json!({
            "id": id, "actor_id": actor, "action_type": "project.created",
            "resource_id": made.id(), "created_at": created["created_at"],
        })
    );
    assert_eq!(logged["subject"], id.as_str());
    server.shutdown().await.unwrap();
}

/// The check of every answer with events finds a missing member.
fn the_check_sees_what_is_wrong() {
    let example = &CONTRACT["components"]["examples"]["Events"]["value"]["items"][0];
    registered(example);
    let broken = |change: fn(&mut Value)| {
        let mut event = example.clone();
        change(&mut event);
        std::panic::catch_unwind(|| registered(&event)).is_err()
    };
    assert!(broken(|event| drop(event["data"].as_object_mut().unwrap().remove("status"))));
    assert!(broken(|event| event["data"]["version"] = "1".into()));
    assert!(broken(|event| event["schema_version"] = 2.into()));
    assert!(broken(|event| event["log_code"] = "INGESTED".into()));
    assert!(broken(|event| event["type"] = "project.paintd".into()));
    assert!(broken(|event| event["type"] = "team.created".into()));
}
