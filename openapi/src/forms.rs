//! The forms of a success beside the native one. The contract describes only the native form, and
//! this module adds the others to the bundle. The gateway renders them for each operation that does
//! not have `x-representation: native`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::document::{METHODS, follow};

/// Each media type with the schema of the form. The example for an object has the same name, and
/// the one for a page the same name with `Page`.
const FORMS: [(&str, &str); 3] = [
    ("application/json;profile=\"camel\"", "SuccessCamel"),
    ("application/json;profile=\"envelope\"", "SuccessEnvelope"),
    ("application/vnd.api+json", "SuccessDocument"),
];

/// Whether an operation is answered in the native form only.
pub(crate) fn is_native(operation: &Value) -> bool {
    operation.get("x-representation").is_some()
}

/// Whether this module added this media type to a success. Then the gateway produces it, and not
/// the function.
pub(crate) fn is_written(operation: &Value, media_type: &str) -> bool {
    !is_native(operation) && FORMS.iter().any(|(known, _)| *known == media_type)
}

/// Adds the forms to each success with a JSON body.
pub(crate) fn write(bundle: &mut Value) -> Result<()> {
    let mut targets = Vec::new();
    for (path, item) in bundle["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method).filter(|it| !is_native(it)) else { continue };
            for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                if !status.starts_with('2') {
                    continue;
                }
                let target = match response.get("$ref").and_then(Value::as_str) {
                    Some(target) => target.trim_start_matches('#').to_owned(),
                    None => {
                        let path = path.replace('~', "~0").replace('/', "~1");
                        format!("/paths/{path}/{method}/responses/{status}")
                    }
                };
                let schema = &follow(bundle, response)?["content"]["application/json"]["schema"];
                if !schema.is_null() && !targets.iter().any(|(known, _)| *known == target) {
                    targets.push((target, schema["properties"].get("next_cursor").is_some()));
                }
            }
        }
    }
    for (target, is_page) in targets {
        let response = bundle.pointer_mut(&target).context("was found above")?;
        for (media_type, name) in FORMS {
            let content = &mut response["content"][media_type];
            ensure!(content.is_null(), "{target}: {media_type} needs `x-representation: native`");
            let example = if is_page { format!("{name}Page") } else { name.to_owned() };
            *content = json!({
                "schema": { "$ref": format!("#/components/schemas/{name}") },
                "examples": { "form": { "$ref": format!("#/components/examples/{example}") } },
            });
        }
    }
    Ok(())
}
