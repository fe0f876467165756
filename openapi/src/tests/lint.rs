//! The contract passes the linter, and each rule catches the mistakes it is for (S-63, S-66).

use serde_json::{Map, Value, json};

use crate::lint::{Rule, lint, unused_exceptions};
use crate::{bundle, files};

/// A document with one operation. It follows all rules except those that its path, method or these
/// members break.
fn document(method: &str, path: &str, more: Value) -> Value {
    let (status, example) = match method {
        "post" => ("201", json!({})),
        "delete" => ("204", Value::Null),
        _ => ("200", json!({})),
    };
    let mut operation = json!({
        "operationId": "x",
        "parameters": [{ "in": "query", "name": "cursor" }, { "in": "query", "name": "limit" }],
        "responses": { status: {} },
    });
    if !example.is_null() {
        operation["responses"][status]["content"] = json!({ "text/plain": { "example": example } });
    }
    merge(&mut operation, more);
    json!({ "info": { "version": "1.0.0" }, "paths": { path: { method: operation } } })
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// The rules that fire. It also checks that each message names the place and gives advice.
fn rules(document: &Value) -> Vec<Rule> {
    let found = lint(document);
    for violation in &found {
        let text = violation.to_string();
        assert!(text.contains(violation.rule.requirements()[0]), "{text}");
        assert!(violation.advice.len() > 10, "{text}");
    }
    found.into_iter().map(|violation| violation.rule).collect()
}

#[track_caller]
fn fires(requirement: &str, request: &str, id: &str, more: Value, expected: &[Rule]) {
    let (method, path) = request.split_once(' ').unwrap();
    let mut document = document(&method.to_lowercase(), path, more);
    document["paths"][path][method.to_lowercase()]["operationId"] = id.into();
    assert_eq!(rules(&document), expected, "{request}: {:#?}", lint(&document));
    let named = |rule: &Rule| rule.requirements().contains(&requirement);
    assert!(expected.is_empty() || expected.iter().any(named), "{requirement}: {expected:?}");
}

fn body(schema: Value) -> Value {
    json!({ "requestBody": { "content": { "application/json": { "schema": schema } } } })
}

/// All violations at once, not only the first one.
#[test]
fn the_contract_keeps_the_rules() {
    let found: Vec<_> = lint(&bundle()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The member that YAML makes of text after an unquoted comma.
#[test]
fn stray_members() {
    let stray = json!({ "or of the error; it has another.": null });
    for place in [
        json!({ "responses": { "200": { "headers": { "X": { "schema": stray } } } } }),
        json!({ "responses": { "200": stray } }),
        json!({ "parameters": [stray] }),
        body(json!({ "properties": { "a": { "items": stray } } })),
        stray.clone(),
    ] {
        let mut document = document("put", "/users/{id}", json!({ "operationId": "replace-user" }));
        merge(&mut document["paths"]["/users/{id}"]["put"], place);
        assert_eq!(rules(&document), [Rule::StrayMember], "{document}");
    }
    let ours =
        body(json!({ "type": "object", "x-resource": {}, "properties": { "any, name": {} } }));
    fires("A-67", "PUT /users/{id}", "replace-user", ours, &[]);
}

#[test]
fn every_exception_is_needed() {
    let found: Vec<_> = unused_exceptions(&bundle()).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(!unused_exceptions(&json!({ "paths": {} })).is_empty(), "the rule works");
}

/// The good examples of the requirements.
#[test]
fn what_is_recommended_passes() {
    let none = || json!({});
    for (requirement, request, id) in [
        ("D-8", "GET /users", "list-users"),
        ("D-9", "GET /users/{userId}", "get-user"),
        ("D-10", "POST /users", "create-user"),
        ("D-11", "PUT /users/{userId}", "replace-user"),
        ("D-12", "PATCH /users/{userId}", "update-user"),
        ("D-13", "DELETE /users/{userId}", "delete-user"),
        ("D-14", "GET /users/{userId}/orders", "list-user-orders"),
        ("D-15", "GET /users/{userId}/orders/{orderId}", "get-order"),
        ("E-10", "GET /publishing-rights", "list-publishing-rights"),
        ("E-12", "POST /books/{id}/publish", "publish-book"),
        ("B-46", "POST /approvals/{id}/approve", "approve-approval"),
        ("K-22", "POST /records/bulk", "change-records"),
        ("B-10", "POST /auth/login", "login"),
    ] {
        fires(requirement, request, id, none(), &[]);
    }
}

/// The bad examples of the requirements (S-66), one in each row.
#[test]
fn what_is_forbidden_is_caught() {
    use Rule::{Alias, Batch, KebabCase, Nesting, Nouns, Plural, SecretInUrl, VerbLast, Version};
    let none = || json!({});
    fires("D-3", "GET /getUsers", "get-users", none(), &[KebabCase, Nouns]);
    fires("D-16", "GET /getUser", "get-user", none(), &[KebabCase, Nouns]);
    fires("D-16", "GET /user/{id}", "get-user", none(), &[Plural]);
    fires("D-16", "POST /createUser", "create-user", none(), &[KebabCase, Nouns]);
    let id = "delete-orders";
    fires("D-16", "DELETE /user/{id}/orders/all", id, none(), &[Plural, Nouns, Nesting]);
    fires("D-4", "GET /user", "list-users", none(), &[Plural]);
    fires("E-9", "GET /book/{id}", "get-book", none(), &[Plural]);
    fires("D-5", "GET /userProfiles", "list-user-profiles", none(), &[KebabCase]);
    let id = "list-publishing-rights";
    fires("E-10", "GET /publishing_rights", id, none(), &[KebabCase]);
    let deep = "GET /orgs/{org}/teams/{team}/members/{member}/roles/{role}";
    fires("D-194", deep, "get-role", none(), &[Nesting]);
    fires("D-6", "GET /orgs/{org}/teams/{team}/members", "list-members", none(), &[Nesting]);
    fires("E-11", "POST /books/create", "create-book", none(), &[Nouns]);
    fires("E-12", "GET /books/{id}/publish", "get-book", none(), &[VerbLast]);
    fires("K-21", "POST /publish/{id}/books", "create-book", none(), &[VerbLast]);
    fires("D-195", "GET /list_users", "list-users", none(), &[KebabCase, Nouns]);
    fires("D-195", "GET /fetchUserOrders", "get-user-orders", none(), &[KebabCase, Nouns]);
    fires("D-195", "GET /userList", "get-users", none(), &[KebabCase, Plural]);
    let operations = json!({ "properties": { "operations": { "type": "array" } } });
    fires("D-189", "POST /batch", "create-batch", body(operations.clone()), &[Batch, Batch]);
    fires("D-189", "POST /users", "create-user", body(operations), &[Batch]);
    fires("K-22", "POST /bulk", "create-bulk", none(), &[Batch]);
    let version = json!({ "properties": { "version": { "type": "string" } } });
    fires("D-190", "POST /users", "create-user", body(version), &[Version]);
    let counter = json!({ "properties": { "version": { "type": "integer" } } });
    fires("D-190", "POST /users", "create-user", body(counter), &[]);
    fires("D-190", "GET /v2/users", "list-users", none(), &[Version]);
    let query = |name| json!({ "parameters": [{ "in": "query", "name": name }] });
    fires("E-8", "GET /users/{id}", "get-user", query("api-version"), &[Version]);
    for name in ["token", "password", "client_secret", "apiKey"] {
        fires("D-196", "GET /users/{id}", "get-user", query(name), &[SecretInUrl]);
    }
    let answer = json!({ "text/plain": { "example": { "aliases": ["/users"] } } });
    let answer = json!({ "responses": { "200": { "content": answer } } });
    fires("D-188", "GET /users", "list-users", answer, &[Alias]);
    fires("D-188", "GET /users/users", "list-users", none(), &[Alias]);
}

#[test]
fn an_irregular_singular_is_that_of_the_resource() {
    let named = json!({ "operationId": "replace-shelf" });
    let mut document = document("put", "/shelves/{id}", named);
    assert_eq!(rules(&document), [Rule::OperationName]);
    let resource = json!({ "name": "shelf", "collection": "shelves" });
    document["components"]["schemas"]["Shelf"]["x-resource"] = resource;
    assert_eq!(rules(&document), []);
}

#[test]
fn operations_are_named_and_answer_alike() {
    use Rule::{CreateStatus, DeleteStatus, FileExtension, GetBody, OperationName, Pagination};
    let none = || json!({});
    for (request, id) in [
        ("GET /users", "get-users"),
        ("GET /users", "list-people"),
        ("GET /users/{id}", "fetch-user"),
        ("POST /users", "add-user"),
        ("PUT /users/{id}", "update-user"),
        ("PATCH /users/{id}", "patch-user"),
        ("DELETE /users/{id}", "remove-user"),
        ("POST /books/{id}/publish", "release-book"),
    ] {
        fires("D-195", request, id, none(), &[OperationName]);
    }
    fires("D-21", "GET /users/{id}", "get-user", body(none()), &[GetBody]);
    let answers = |status: &str| json!({ "responses": { status: {} } });
    fires("D-67", "DELETE /users/{id}", "delete-user", answers("200"), &[DeleteStatus]);
    let bare = json!({ "parameters": null });
    fires("D-197", "GET /users", "list-users", bare, &[Pagination]);
    let id = "get-report";
    fires("D-3", "GET /reports.csv/{id}", id, none(), &[FileExtension, Rule::Plural]);

    let mut document = document("post", "/users", json!({ "operationId": "create-user" }));
    document["paths"]["/users/{id}"] = json!({
        "get": { "operationId": "get-user", "responses": { "200": {} } }
    });
    assert_eq!(rules(&document), [CreateStatus], "the object can be read, but no Location");
    document["paths"]["/users"]["post"]["responses"]["201"]["headers"]["Location"] = json!({});
    assert_eq!(rules(&document), []);
    document["paths"]["/users"]["post"]["responses"] = json!({ "200": {} });
    assert_eq!(rules(&document), [CreateStatus], "not 201");
}

/// Two paths that differ in the names of variables, in spelling or in number only.
#[test]
fn one_path_for_one_thing() {
    for other in ["/user-profiles/{key}", "/userProfiles/{id}", "/user-profile/{id}"] {
        let mut document = document("get", "/user-profiles/{id}", json!({}));
        document["paths"][other] = document["paths"]["/user-profiles/{id}"].clone();
        assert!(rules(&document).contains(&Rule::Alias), "{other}");
    }
}

/// S-63: for each rule of `.spectral.yml`, a broken copy of the contract is caught.
/// `scripts/spectral` checks that Spectral catches the same copies.
#[test]
fn the_gate_catches_broken_copies() {
    let broken = |pointer: &str, change: &dyn Fn(&mut Map<String, Value>)| {
        let mut copy = bundle();
        change(copy.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
        rules(&copy)
    };
    let version = |info: &mut Map<_, _>| drop(info.insert("version".into(), "1.0".into()));
    assert_eq!(broken("/info", &version), [Rule::InfoVersion]);

    let list = "/paths/~1projects/get";
    let id = |list: &mut Map<_, _>| drop(list.insert("operationId".into(), "listProjects".into()));
    let found = broken(list, &id);
    assert!(found.contains(&Rule::OperationIdCase), "{found:?}");

    let page = format!("{list}/responses/200/content/application~1json");
    let example = |content: &mut Map<String, Value>| {
        content.remove("examples").or_else(|| content.remove("example")).unwrap();
    };
    assert_eq!(broken(&page, &example), [Rule::ResponseExamples]);

    let tag = |list: &mut Map<_, _>| drop(list.insert("tags".into(), json!(["ai"])));
    assert_eq!(broken(list, &tag), [Rule::AiMetadata]);

    // An AI operation whose answer has the metadata passes.
    let mut copy = bundle();
    tag(copy.pointer_mut(list).unwrap().as_object_mut().unwrap());
    let names = ["model_id", "model_version", "confidence"];
    let schema = copy.pointer_mut(&page).unwrap()["schema"].take();
    let properties: Map<_, _> = names.iter().map(|name| (name.to_string(), json!({}))).collect();
    let metadata = json!({ "required": names, "properties": properties });
    copy.pointer_mut(&page).unwrap()["schema"] = json!({ "allOf": [schema, metadata] });
    assert_eq!(rules(&copy), []);
}

/// The Rust gate and `.spectral.yml` have the same rules.
#[test]
fn the_gate_is_that_of_spectral() {
    let text = std::fs::read_to_string(files::folder().join("../.spectral.yml")).unwrap();
    let file = files::parse(&text).unwrap();
    let gate = [Rule::AiMetadata, Rule::InfoVersion, Rule::OperationIdCase, Rule::ResponseExamples];
    let mut named: Vec<_> = file["rules"].as_object().unwrap().keys().collect();
    named.sort();
    assert_eq!(named, gate.map(Rule::name));
}
