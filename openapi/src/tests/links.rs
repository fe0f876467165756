//! Creations link to the operations on the created object.

use serde_json::{Value, json};

use crate::document::follow;
use crate::{bundle, files};

fn links(paths: &str, pointer: &str) -> Value {
    let file = files::parse(paths).unwrap();
    let common = files::read(files::COMMON).unwrap();
    let bundle = bundle::assemble(common, vec![("x".into(), file)]).unwrap();
    bundle.pointer(pointer).cloned().unwrap_or_default()
}

const CREATE: &str = "post: { responses: { '201': { content: { application/json: { schema: \
                      { properties: { id: true } } } } } } }";

#[test]
fn the_contract_has_them() {
    let bundle = bundle();
    let answer =
        follow(&bundle, &bundle["paths"]["/projects"]["post"]["responses"]["201"]).unwrap();
    let id = json!({ "id": "$response.body#/id" });
    for name in ["get-project", "replace-project", "update-project", "delete-project"] {
        let expected = json!({ "operationId": name, "parameters": id });
        assert_eq!(answer["links"][name], expected, "{name}");
    }
}

/// The variables in the path of the collection come from the request.
#[test]
fn nested_collections_keep_their_parent() {
    let paths = format!(
        "paths: {{ '/a/{{a_id}}/b': {{ {CREATE} }}, \
         '/a/{{a_id}}/b/{{id}}': {{ get: {{ operationId: get-b, responses: {{}} }} }} }}"
    );
    let found = links(&paths, "/paths/~1a~1{a_id}~1b/post/responses/201/links/get-b/parameters");
    assert_eq!(found, json!({ "a_id": "$request.path.a_id", "id": "$response.body#/id" }));
}

/// A shared response stays shared, unless its links name variables of the path.
#[test]
fn shared_answers() {
    let answer = "{ $ref: '#/components/responses/New' }";
    let post = format!("post: {{ responses: {{ '201': {answer} }} }}");
    let file = |path: &str| {
        format!(
            "paths: {{ '{path}': {{ {post} }}, \
             '{path}/{{id}}': {{ get: {{ operationId: get-x, responses: {{}} }} }} }}\n\
             components: {{ responses: {{ New: {{ content: {{ application/json: {{ schema: \
             {{ properties: {{ id: true }} }} }} }} }} }} }}"
        )
    };
    let at = "/components/responses/New/links/get-x/operationId";
    assert_eq!(links(&file("/x"), at), "get-x");
    assert_eq!(links(&file("/x"), "/paths/~1x/post/responses/201/links"), Value::Null);
    assert_eq!(links(&file("/a/{a}/x"), at), Value::Null);
    let at = "/paths/~1a~1{a}~1x/post/responses/201/links/get-x/operationId";
    assert_eq!(links(&file("/a/{a}/x"), at), "get-x");
}

#[test]
fn what_cannot_be_asked_is_not_linked() {
    let get = "get: { operationId: get-x, responses: {} }";
    for paths in [
        format!("paths: {{ /x: {{ {CREATE} }} }}"),
        format!("paths: {{ /x: {{ {CREATE} }}, '/x/{{id}}/y': {{ {get} }} }}"),
        format!("paths: {{ /x: {{ {CREATE} }}, '/xs/{{id}}': {{ {get} }} }}"),
        format!("paths: {{ /x: {{ {} }}, '/x/{{k}}': {{ {get} }} }}", CREATE.replace("id:", "n:")),
    ] {
        assert_eq!(links(&paths, "/paths/~1x/post/responses/201/links"), Value::Null, "{paths}");
    }
}
