//! GET /api/v1/openapi.native.json

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::contract::CONTRACT;

logic! {
    /// This contract has the same operations, with each answer in the native form alone.
    async fn has_one_form_of_each_answer(app) {
        let anon = app.anon();
        let served = anon.get("/api/v1/openapi.native.json").await.expect(200);
        assert_eq!(served.body, openapi::native_bundle());
        let tag = [("if-none-match", served.header("etag").unwrap())];
        anon.send(http::Method::GET, "/api/v1/openapi.native.json", &tag, None).await.expect(304);
        let operations = |document: &Value| {
            let paths = document["paths"].as_object().unwrap().values();
            let ids = paths.flat_map(|path| path.as_object().unwrap().values()).filter_map(|it| it["operationId"].as_str());
            ids.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        assert_eq!(operations(&served.body), operations(&CONTRACT));
        let mut contents = Vec::new();
        found(&served.body, "content", &mut contents);
        assert!(contents.len() > 100, "{}", contents.len());
        for content in contents {
            let names: Vec<_> = content.as_object().unwrap().keys().collect();
            assert!(names.len() == 1 || names.iter().all(|name| *name != "application/json"), "{names:?}");
        }
        // A client generator makes up a name for each object schema without one, wherever it is.
        let mut forms = Vec::new();
        found(&served.body, "anyOf", &mut forms);
        let sparse = json!({ "$ref": "#/components/schemas/SparseProject" });
        assert!(forms.iter().any(|forms| forms[1] == sparse), "what `fields` leaves has a name");
        for form in forms.into_iter().flat_map(|forms| forms.as_array().unwrap()) {
            assert!(form.get("properties").is_none(), "{form}");
        }
    }
}

/// Every member with this name that is an object or a list.
fn found<'a>(value: &'a Value, name: &str, all: &mut Vec<&'a Value>) {
    match value {
        Value::Object(object) => {
            all.extend(object.get(name).filter(|it| it.is_object() || it.is_array()));
            object.values().for_each(|value| found(value, name, all));
        }
        Value::Array(list) => list.iter().for_each(|value| found(value, name, all)),
        _ => {}
    }
}
