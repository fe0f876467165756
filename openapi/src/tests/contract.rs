//! Properties of the contract in its current state.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{METHODS, follow};
use crate::{bundle, functions, load};
use kit::validate;
use protocol::contract::{Idempotency, Location, Operation, Query};
use protocol::registry::Code;

fn every_operation(bundle: &Value) -> Vec<&Value> {
    let paths = bundle["paths"].as_object().unwrap().values();
    paths.flat_map(|path| METHODS.iter().filter_map(|method| path.get(method))).collect()
}

fn tables() -> Vec<Operation> {
    functions().unwrap().iter().flat_map(|function| load(function).unwrap()).collect()
}

fn table(id: &str) -> Operation {
    tables().into_iter().find(|operation| operation.id == id).unwrap()
}

/// The examples of one media type, inline or referenced.
fn examples<'a>(bundle: &'a Value, content: &'a Value) -> Vec<&'a Value> {
    let many = content["examples"].as_object().into_iter().flat_map(|map| map.values());
    let many = many.map(|example| &follow(bundle, example).unwrap()["value"]);
    content.get("example").into_iter().chain(many).collect()
}

fn media<'a>(bundle: &'a Value, holder: &'a Value) -> Vec<(&'a String, &'a Value)> {
    let holder = follow(bundle, holder).unwrap();
    holder["content"].as_object().into_iter().flatten().collect()
}

#[test]
fn every_operation_has_a_unique_id_a_tag_and_a_summary() {
    let bundle = bundle();
    let tags: Vec<_> = bundle["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for operation in every_operation(&bundle) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(operation["summary"].is_string(), "{id} has no summary");
        let used = operation["tags"].as_array().unwrap();
        assert!(used.len() == 1 && tags.contains(&&used[0]), "{id} needs one tag of common.yaml");
    }
    let tables = tables();
    let published = tables.iter().filter(|table| !table.path.starts_with("/internal/work/"));
    assert_eq!(ids.len(), published.count(), "each operation has a table");
}

#[test]
fn every_request_and_response_has_an_example() {
    let bundle = bundle();
    for operation in every_operation(&bundle) {
        let id = &operation["operationId"];
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{id} cannot succeed");
        let bodies = responses.iter().map(|(status, response)| (status.as_str(), response));
        for (name, body) in bodies.chain(operation.get("requestBody").map(|it| ("request", it))) {
            for (media_type, content) in media(&bundle, body) {
                let count = examples(&bundle, content).len();
                assert!(count > 0, "{id}: {name} ({media_type}) has no example");
            }
        }
    }
}

#[test]
fn request_examples_keep_the_contract() {
    let bundle = bundle();
    for operation in every_operation(&bundle) {
        let id = operation["operationId"].as_str().unwrap();
        let Some(body) = table(id).body.filter(|body| body.validate) else { continue };
        for (_, content) in media(&bundle, &operation["requestBody"]) {
            for example in examples(&bundle, content) {
                assert_eq!(validate::body(body.schema, example), [], "{id}: {example}");
            }
        }
    }
}

#[test]
fn the_sample_of_the_requirements_is_valid() {
    let body = table("create-project").body.unwrap();
    let sample = json!({"name": "Site A – BESS Retrofit", "tenant_id": "TENANT_123"});
    assert_eq!(validate::body(body.schema, &sample), []);
    let wrong = json!({"name": "", "status": "ACTIVE"});
    let found = validate::body(body.schema, &wrong);
    let codes: Vec<_> = found.iter().map(|one| (one.pointer.as_str(), one.code.as_str())).collect();
    assert_eq!(codes, [("/name", "TOO_SHORT"), ("/status", "UNKNOWN_FIELD")]);
}

/// The functions check these rules: `tests/auth/register.rs`,
/// `tests/webhooks/create_integration.rs`.
#[test]
fn what_functions_hold_of_a_text_is_told() {
    let schemas = &crate::bundle()["components"]["schemas"];
    let id = &schemas["Registration"]["properties"]["tenant_id"];
    assert_eq!(id["pattern"], "^[A-Za-z0-9_-]*$");
    assert_eq!(schemas["IntegrationKind"]["pattern"], "^[a-z0-9]+(?:-[a-z0-9]+)*$");
}

#[test]
fn the_version_is_that_of_the_artifact() {
    assert_eq!(bundle()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_scopes_are_those_that_operations_need() {
    let tables = tables();
    let used: BTreeSet<_> = tables.iter().flat_map(|operation| operation.scopes).copied().collect();
    let components = &bundle()["components"];
    let flow = &components["securitySchemes"]["bearer"]["flows"]["clientCredentials"];
    assert!(flow["scopes"].as_object().unwrap().keys().eq(used.iter()), "in the security scheme");
    let known = components["schemas"]["Scope"]["enum"].as_array().unwrap();
    assert!(known.iter().map(|scope| scope.as_str().unwrap()).eq(used), "in the schema Scope");
}

#[test]
fn errors_are_those_of_the_registry() {
    let bundle = bundle();
    let codes = Code::ALL.iter().map(|code| Value::from(code.row().name)).collect::<Value>();
    assert_eq!(bundle["components"]["schemas"]["ErrorCode"]["enum"], codes);
    let mut seen = BTreeSet::new();
    let shared = bundle["components"]["responses"].as_object().unwrap().values();
    let own = every_operation(&bundle).into_iter();
    let own = own.flat_map(|operation| operation["responses"].as_object().unwrap().values());
    for response in shared.chain(own) {
        assert!(response.get("x-errors").is_none(), "{response}");
        let examples = response["content"]["application/json"]["examples"].as_object();
        let errors = examples.into_iter().flatten().map(|(_, it)| &it["value"]["error"]);
        seen.extend(errors.filter_map(Value::as_str));
    }
    let known: BTreeSet<_> = Code::ALL.iter().map(|code| code.row().name).collect();
    assert_eq!(seen, known, "each code is one of a response");
}

#[test]
fn spellings_are_complete_and_unique() {
    let upper = |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let mut spellings = BTreeSet::new();
    for code in Code::ALL {
        let row = code.row();
        assert!(row.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{row:?}");
        assert!(upper(row.screaming) && upper(row.specific), "{row:?}");
        assert!(row.specific.contains('_'), "{row:?}: CATEGORY_SPECIFIC");
        assert!(!row.title.ends_with('.') && row.meaning.ends_with('.'), "{row:?}");
        assert!(row.remedy.ends_with('.') && !row.meaning.contains('|'), "{row:?}");
        // A page is found by each of these spellings.
        let own = [row.name.to_uppercase(), row.screaming.to_owned(), row.specific.to_owned()];
        for spelling in BTreeSet::from(own) {
            assert!(spellings.insert(spelling), "{row:?}: a spelling is another code's too");
        }
    }
}

#[test]
fn successes_come_in_the_forms_of_the_gateway() {
    let bundle = bundle();
    let keys = |path: &str, method: &str, status: &str| -> Vec<String> {
        let response = &bundle["paths"][path][method]["responses"][status];
        media(&bundle, response).into_iter().map(|(name, _)| name.clone()).collect()
    };
    let forms = [
        "application/json",
        "application/json;profile=\"camel\"",
        "application/json;profile=\"envelope\"",
        "application/vnd.api+json",
    ];
    assert_eq!(keys("/projects", "get", "200"), forms);
    assert_eq!(keys("/projects/{id}", "put", "200"), forms);
    assert_eq!(keys("/projects/{id}", "delete", "204"), [""; 0]);
    assert_eq!(keys("/auth/token", "post", "200"), ["application/json"]);
    // The gateway renders plain JSON. The function writes every other media type itself.
    for operation in tables().iter().filter(|operation| operation.shape.is_some()) {
        let mut own = operation.produces.iter().filter(|it| **it != "application/json");
        assert!(own.all(|it| it.contains("cloudevents")), "{operation:?}");
    }
    let list = table("list-events");
    assert_eq!(list.produces, ["application/cloudevents-batch+json", "application/json"]);
    assert!(list.shape.is_some_and(|shape| shape.is_page && shape.collection == "events"));
}

#[test]
fn the_gateway_answers_are_in_every_operation_that_can_get_them() {
    let bundle = bundle();
    let statuses = |path: &str, method: &str| -> Vec<String> {
        let responses = bundle["paths"][path][method]["responses"].as_object().unwrap();
        responses.keys().cloned().collect()
    };
    let every = ["400", "406", "410", "414", "429", "431", "500", "503", "504"];
    let with = |more: &[&'static str]| -> Vec<_> {
        every.iter().chain(more).copied().collect::<BTreeSet<_>>().into_iter().collect()
    };
    assert_eq!(statuses("/openapi.json", "get"), with(&["200", "304", "412"]));
    assert_eq!(statuses("/projects", "get"), with(&["200", "401", "403", "422"]));
    assert_eq!(
        statuses("/projects", "post"),
        with(&["201", "401", "403", "404", "408", "409", "413", "415", "422"])
    );
    assert_eq!(
        statuses("/projects/{id}", "delete"),
        with(&["204", "401", "403", "404", "409", "412", "422"])
    );
    assert_eq!(
        statuses("/auth/token", "post"),
        with(&["200", "401", "408", "409", "413", "415", "422"])
    );
}

#[test]
fn tables_say_what_the_files_say() {
    let list = table("list-events");
    assert_eq!((list.method, list.path, list.limit.class), ("GET", "/events", "read"));
    assert_eq!(
        (list.public, list.scopes, list.idempotency),
        (false, &["events:read"][..], Idempotency::Unsupported)
    );
    // `kit::list` parses the query, so the table has no parameters. The document still lists them.
    assert_eq!(
        (list.query, list.parameters.iter().any(|it| it.name == "type")),
        (Query::Feed, false)
    );
    let document = &bundle()["paths"]["/events"]["get"]["parameters"];
    let names: Vec<_> = document.as_array().unwrap().iter().map(|it| &it["name"]).collect();
    for name in ["created_at:gte", "created_at:lt", "source_agent", "subject"] {
        assert!(names.contains(&&name.into()), "{name}");
    }

    let update = table("update-project");
    assert_eq!(update.consumes, ["application/json", "application/merge-patch+json"]);
    assert_eq!(update.idempotency, Idempotency::Optional);
    assert!(update.body.unwrap().required);
    assert!(update.parameters.iter().any(|it| (it.name, it.location) == ("id", Location::Path)));
    // The gateway reads these headers. The document lists them.
    let document = &bundle()["paths"]["/projects/{id}"]["patch"]["parameters"];
    for name in ["AcceptVersion", "IdempotencyKey", "RequestId", "TenantId"] {
        let reference = format!("#/components/parameters/{name}");
        assert!(document.as_array().unwrap().contains(&json!({ "$ref": reference })), "{name}");
    }
    let headers = update.parameters.iter().filter(|it| it.location == Location::Header);
    assert!(headers.map(|it| it.name).eq(["if-match", "if-none-match", "if-unmodified-since"]));

    let token = table("issue-token");
    assert!(token.public && token.scopes.is_empty() && !token.body.unwrap().validate);
    assert_eq!(table("get-jwks").path, "/.well-known/jwks.json");
}

/// Each relation has an operation for its related link (JSON:API, D-38).
#[test]
fn every_relation_has_its_path() {
    let bundle = bundle();
    for schema in bundle["components"]["schemas"].as_object().unwrap().values() {
        let Some(collection) = schema["x-resource"]["collection"].as_str() else { continue };
        for (name, property) in schema["properties"].as_object().unwrap() {
            if property.get("x-relation").is_none() {
                continue;
            }
            let one = name.trim_end_matches("_id").to_owned();
            let relation = name.strip_suffix("_ids").map_or(one, |many| format!("{many}s"));
            let path = format!("/{collection}/{{id}}/{relation}");
            assert!(bundle["paths"][&path]["get"].is_object(), "{name} needs GET {path}");
        }
    }
}
