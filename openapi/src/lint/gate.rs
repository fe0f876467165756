//! The rules of `.spectral.yml` in Rust, so that they are checked without Node, too (K-75, K-76).

use serde_json::Value;

use super::operations::examples;
use super::report::Report;
use super::rule::Rule;
use super::words;
use crate::document::{follow, operations, resolve};

/// The members in which the answer of an AI model describes the model and its confidence.
const METADATA: [&str; 3] = ["confidence", "model_id", "model_version"];

pub(super) fn check(bundle: &Value, report: &mut Report) {
    let version = bundle["info"]["version"].as_str().unwrap_or_default();
    if !is_semver(version) {
        report.other("info", Rule::InfoVersion, "write the version of the artifact, like 1.2.3");
    }
    for (path, method, operation) in operations(bundle) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let mut note = |rule, advice: String| report.path(method, path, rule, advice);
        if !words::is_kebab(id) || id.starts_with(|c: char| c.is_ascii_digit()) {
            note(Rule::OperationIdCase, format!("write `operationId: {}`", words::kebab(id)));
        }
        let ai = operation["tags"].as_array().is_some_and(|tags| tags.contains(&"ai".into()));
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let Ok(response) = follow(bundle, response) else { continue };
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                if examples(bundle, content).is_empty() {
                    let advice = format!("give the answer {status} ({media_type}) an `example`");
                    note(Rule::ResponseExamples, advice);
                }
                // The gateway wraps the other forms around this one, so only this one is checked.
                let judged = ai && status.starts_with('2') && media_type == "application/json";
                let missing = |name: &&str| !has(bundle, &content["schema"], name);
                let missing: Vec<_> = METADATA.into_iter().filter(missing).collect();
                if judged && !missing.is_empty() {
                    let names = missing.join(", ");
                    let advice = format!("require {names} in the schema of the answer {status}");
                    note(Rule::AiMetadata, advice);
                }
            }
        }
    }
}

/// Whether a schema, or a part of its `allOf`, has the property and requires it.
fn has(bundle: &Value, schema: &Value, name: &str) -> bool {
    let schema = match schema.get("$ref").and_then(Value::as_str) {
        Some(target) => resolve(bundle, target).unwrap_or(&Value::Null),
        None => schema,
    };
    let required = schema["required"].as_array().is_some_and(|all| all.contains(&name.into()));
    let described = schema["properties"].as_object().is_some_and(|all| all.contains_key(name));
    let mut parts = schema["allOf"].as_array().into_iter().flatten();
    (required && described) || parts.any(|part| has(bundle, part, name))
}

/// Whether a text is a version of Semantic Versioning 2.0.0: three numbers, with optional parts
/// after `-` and `+`.
fn is_semver(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(a, b)| (a, Some(b)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(a, b)| (a, Some(b)));
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let number = |part: &str| digits(part) && (part == "0" || !part.starts_with('0'));
    let name = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let numbers: Vec<_> = core.split('.').collect();
    numbers.len() == 3
        && numbers.into_iter().all(number)
        && pre.is_none_or(|it| {
            it.split('.').all(|part| number(part) || (name(part) && !digits(part)))
        })
        && build.is_none_or(|it| it.split('.').all(name))
}

#[cfg(test)]
mod tests {
    use super::is_semver;

    #[test]
    fn semantic_versions() {
        for good in ["0.0.0", "1.20.3", "1.0.0-rc.1", "1.0.0-0a+build.7"] {
            assert!(is_semver(good), "{good}");
        }
        for bad in ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0.0", "1.0.0-", "1.0.0-01", "1.0.0+"] {
            assert!(!is_semver(bad), "{bad}");
        }
    }
}
