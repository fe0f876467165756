//! Tests of the registry of events.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::METHODS;
use crate::{bundle, event_types, events, files};
use protocol::contract::EventType;

#[test]
fn each_type_is_a_webhook_with_a_schema_of_its_version() {
    let bundle = bundle();
    let types = event_types().unwrap();
    let names: Vec<_> = types.iter().map(|known| known.name).collect();
    assert!(names.is_sorted() && names.contains(&"project.created"), "{names:?}");
    assert_eq!(bundle["components"]["schemas"]["EventType"]["enum"], json!(names));
    assert!(bundle["webhooks"].as_object().unwrap().keys().eq(&names));
    for EventType { name, version, log_code, .. } in types {
        let post = &bundle["webhooks"][name]["post"];
        assert_eq!(post["x-event"], json!({ "version": version, "log_code": log_code }));
        let event = &post["requestBody"]["content"]["application/json"]["schema"]["allOf"][1];
        assert_eq!(event["properties"]["type"]["const"], name);
        let schema = format!("#/components/schemas/{name}.v{version}");
        assert_eq!(event["properties"]["data"]["$ref"], schema);
        let data = &bundle.pointer(&schema[1..]).expect("the schema is there");
        assert!(data["required"].is_array(), "{name} promises nothing");
    }
    let patterns = &bundle["components"]["schemas"]["EventPattern"]["enum"];
    for pattern in ["*", "project.*", "INGESTED", "project.created"] {
        assert!(patterns.as_array().unwrap().contains(&pattern.into()), "{pattern}");
    }
    assert_eq!(bundle.get("x-events"), None);
}

#[test]
fn a_resource_is_told_without_what_is_personal() {
    let bundle = bundle();
    let data = &bundle["components"]["schemas"]["user.created.v1"];
    let names: BTreeSet<_> = data["properties"].as_object().unwrap().keys().collect();
    let required: BTreeSet<_> =
        data["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(names.iter().map(|name| name.as_str()).eq(required.iter().copied()), "{names:?}");
    assert!(names.contains(&"role".to_owned()) && names.contains(&"department".to_owned()));
    for personal in ["email", "name", "metadata"] {
        assert!(!names.contains(&personal.to_owned()), "{personal}");
    }
}

/// The events that writes and operations of resources emit (`kit::resource`) are registered.
#[test]
fn what_resources_emit_is_registered() {
    let bundle = bundle();
    let types = event_types().unwrap();
    let mut emitted = BTreeSet::new();
    for operation in bundle["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| METHODS.iter().filter_map(|method| item.get(method)))
    {
        if let Some(event) = operation["x-transition"]["event"].as_str() {
            emitted.insert(event.to_owned());
        }
        let id = operation["operationId"].as_str().unwrap();
        for resource in bundle["components"]["schemas"].as_object().unwrap().values() {
            let resource = &resource["x-resource"];
            let Some(name) = resource["name"].as_str() else { continue };
            let one = resource["collection"].as_str().unwrap().trim_end_matches('s');
            for (verb, happened) in [
                ("create", "created"),
                ("replace", "updated"),
                ("update", "updated"),
                ("delete", "deleted"),
            ] {
                if [name, one].iter().any(|noun| id == format!("{verb}-{noun}")) {
                    emitted.insert(format!("{name}.{happened}"));
                }
            }
        }
    }
    assert!(emitted.len() > 10, "{emitted:?}");
    emitted.retain(|event| types.iter().all(|known| known.name != event));
    assert!(emitted.is_empty(), "not in x-events of openapi/events.yaml: {emitted:?}");
}

/// Writes this registry into a document with one resource.
fn write(registry: &str) -> anyhow::Result<Value> {
    let mut document = json!({
        "components": { "schemas": { "Thing": {
            "required": ["id", "name"],
            "properties": {
                "id": { "type": "string", "readOnly": true },
                "name": { "type": "string", "x-personal": true },
            },
        } } },
        "x-events": files::parse(registry)?,
    });
    events::write(&mut document)?;
    Ok(document)
}

#[test]
fn rows_are_complete() {
    let document =
        write("thing.made: { version: 2, log_code: MADE, operational: true, summary: It was made., of: Thing }")
            .unwrap();
    assert_eq!(
        document["components"]["schemas"]["thing.made.v2"],
        json!({
            "type": "object", "description": "It was made. The data of the event.",
            "required": ["id"], "properties": { "id": { "type": "string" } },
        })
    );
    let types = events::types(&document).unwrap();
    let made =
        EventType { name: "thing.made", version: 2, log_code: Some("MADE"), operational: true };
    assert_eq!(types, [made]);
    assert!(events::source(&types).contains(
        "    EventType { name: \"thing.made\", version: 2, log_code: Some(\"MADE\"), operational: true },\n"
    ));
    for (registry, expected) in [
        ("made: { version: 1, summary: x, of: Thing }", "made: the name is not dotted"),
        ("Thing.made: { version: 1, summary: x, of: Thing }", "the name is not dotted"),
        ("thing.: { version: 1, summary: x, of: Thing }", "the name is not dotted"),
        ("thing.made: { summary: x, of: Thing }", "`version`"),
        ("thing.made: { version: 0, summary: x, of: Thing }", "`version`"),
        ("thing.made: { version: 1, log_code: made, summary: x, of: Thing }", "`log_code`"),
        ("thing.made: { version: 1, operational: 1, summary: x, of: Thing }", "`operational`"),
        ("thing.made: { version: 1, of: Thing }", "`summary`"),
        ("thing.made: { version: 1, summary: x }", "`of` or `data`"),
        ("thing.made: { version: 1, summary: x, of: Thing, data: {} }", "`of` or `data`"),
        ("thing.made: { version: 1, summary: x, of: Nothing }", "`of` names no schema"),
        ("thing.made: { version: 1, summary: x, of: Thing, code: X }", "keyword `code`"),
        (
            "{ a.b: { version: 1, log_code: X, summary: x, of: Thing }, \
               a.c: { version: 1, log_code: X, summary: x, of: Thing } }",
            "a.c: the log code is another type's too",
        ),
    ] {
        let error = format!("{:#}", write(registry).expect_err(registry));
        assert!(error.contains(expected), "{registry}: {error}");
    }
}
