//! Events in the structured mode of CloudEvents 1.0.

use std::sync::LazyLock;

use http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::PATH;
use crate::support::contract::CONTRACT;
use crate::support::{Client, Exchange};

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// The schema of an event in JSON by the specification. It has the attributes of section 3 of the
/// core, with the types of section 2.2 of the JSON event format, and extensions by the rules for
/// names (core, section 3: lower-case letters and digits).
static CLOUD_EVENT: LazyLock<Validator> = LazyLock::new(|| {
    let text = json!({ "type": "string", "minLength": 1 });
    let schema = json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": text,
            "source": { "type": "string", "minLength": 1, "format": "uri-reference" },
            "type": text,
            "subject": text,
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$" },
            "dataschema": { "type": "string", "format": "uri" },
            "data": true,
        },
        "patternProperties": { "^[a-z0-9]{1,20}$": { "type": ["string", "boolean", "integer", "object"] } },
        "additionalProperties": false,
        "not": { "required": ["data_base64"] },
    });
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
});

async fn ask(client: &Client, path: &str, accept: &str) -> Exchange {
    client.send(Method::GET, path, &[("accept", accept)], None).await
}

/// Checks that the event keeps the specification, and says the same as the native one.
#[track_caller]
pub(crate) fn check(event: &Value, native: &Value) {
    let errors: Vec<_> = CLOUD_EVENT.iter_errors(event).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {event}");
    for (ours, theirs) in [
        ("id", "id"),
        ("type", "type"),
        ("subject", "subject"),
        ("created_at", "time"),
        ("data", "data"),
        ("tenant_id", "tenantid"),
        ("trace_id", "traceid"),
    ] {
        assert_eq!(native[ours], event[theirs], "{theirs}");
    }
    let text = |name: &str| native[name].as_str().unwrap();
    let source = format!("/tenants/{}/{}", text("tenant_id"), text("source_agent"));
    assert_eq!(event["source"], source);
    // `dataschema` leads to the schema, and the data keeps it.
    let (document, pointer) = event["dataschema"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(document, "http://127.0.0.1:3000/api/v1/openapi.json");
    let schema = CONTRACT.pointer(pointer).expect("the schema is in the contract");
    assert_eq!(crate::support::contract::violations(schema, &event["data"]), [""; 0]);
}

logic! {
    /// A request for one event can ask for this form.
    async fn one_event(app) {
        let owner = app.owner().await;
        let feed = owner.get(PATH).await.expect(200);
        for native in feed.body["items"].as_array().unwrap() {
            let path = format!("{PATH}/{}", native["id"].as_str().unwrap());
            let answer = ask(&owner, &path, "application/cloudevents+json, application/json;q=0.5").await.expect(200);
            assert_eq!(answer.header("content-type"), Some(ONE));
            check(&answer.body, native);
            let plain = ask(&owner, &path, "application/json, application/cloudevents+json;q=0.5").await;
            assert_eq!(plain.body, *native);
        }
        let path = format!("{PATH}/{}", feed.body["items"][0]["id"].as_str().unwrap());
        ask(&owner, &path, BATCH).await.refused(406, "not_acceptable");
        ask(&owner, PATH, ONE).await.refused(406, "not_acceptable");
    }

    /// Pages are batches, which lead on by `Link`, below both prefixes. The walk sees the same
    /// events as in the native form.
    async fn batches(app) {
        let owner = app.owner().await;
        for name in ["a", "b", "c", "d"] {
            owner.post("/api/v1/projects", &json!({ "name": name })).await.expect(201);
        }
        let native = owner.get(&format!("{PATH}?type=project.*")).await.expect(200);
        let native = native.body["items"].as_array().unwrap();
        assert_eq!(native.len(), 4);
        for prefix in ["/api/v1", "/v1"] {
            let mut seen = Vec::new();
            let mut path = format!("{prefix}/events?type=project.*&limit=3");
            for expected in [3, 1, 0] {
                let page = ask(&owner, &path, BATCH).await.expect(200);
                assert_eq!(page.header("content-type"), Some(BATCH));
                let events = page.body.as_array().unwrap();
                assert_eq!(events.len(), expected);
                seen.extend(events.iter().cloned());
                let link = page.header("link").unwrap();
                let target = link.strip_prefix('<').and_then(|it| it.strip_suffix(">; rel=\"next\""));
                path = target.unwrap_or_else(|| panic!("{link}")).to_owned();
                assert!(path.starts_with(&format!("{prefix}/events?type=project.")), "{path}");
            }
            assert_eq!(seen.len(), native.len());
            seen.iter().zip(native).for_each(|(event, native)| check(event, native));
        }
        // Errors have the usual form.
        let refused = ask(&owner, &format!("{PATH}?type=nonsense"), BATCH).await;
        refused.refused(422, "validation_failed");
    }
}
