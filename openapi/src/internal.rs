//! Operations that functions call of each other (`x-internal`). The document that clients read does
//! not have them.
//!
//! Each function with background work declares it as `POST /internal/work/{function}`. The function
//! `operations` calls all of them, by the list that is generated here.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::document::{METHODS, members, operations};

/// The beginning of the paths of work.
const WORK: &str = "/internal/work/";

/// The work of a function.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) function: String,
    /// The query parameters that the operation takes.
    pub(crate) parameters: Vec<String>,
}

/// Removes internal operations and internal facts from the document.
pub(crate) fn hide(bundle: &mut Value) {
    for path in members(&mut bundle["paths"]) {
        let Some(item) = path.as_object_mut() else { continue };
        item.retain(|_, operation| operation["x-internal"] != true);
    }
    if let Some(paths) = bundle["paths"].as_object_mut() {
        paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
    }
    for webhook in members(&mut bundle["webhooks"]) {
        webhook["post"]["x-event"].as_object_mut().and_then(|event| event.remove("operational"));
    }
}

/// The work of all functions. Work that may wait comes last, so that nothing else waits for it.
pub(crate) fn work(files: &[(String, Value)]) -> Result<Vec<Work>> {
    let mut all = Vec::new();
    for (function, file) in files {
        for (path, method, operation) in operations(file) {
            let place = || format!("{function}.yaml: {path}");
            let Some(named) = path.strip_prefix(WORK) else {
                ensure!(operation["x-internal"] != true, "{}: is no work", place());
                continue;
            };
            let is_work = named == function
                && method == "post"
                && operation["operationId"] == format!("work-{function}")
                && operation["x-limit-class"] == "tick"
                && operation["x-internal"] == true;
            ensure!(is_work, "{}: is not declared as the work of {function}", place());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let names = parameters.map(|one| Some(one["name"].as_str()?.to_owned()));
            let parameters = names.collect::<Option<_>>().with_context(place)?;
            all.push(Work { function: function.clone(), parameters });
        }
    }
    let waits = |work: &Work| work.parameters.iter().any(|name| name == "wait");
    all.sort_by_cached_key(|work| (waits(work), work.function.clone()));
    Ok(all)
}

/// The work as Rust source, the content of `$OUT_DIR/work.rs`.
pub(crate) fn source(work: &[Work]) -> String {
    let row = |Work { function, parameters }: &Work| {
        format!("    ({function:?}, {:?}, &{parameters:?}),\n", format!("{WORK}{function}"))
    };
    format!(
        "/// The functions with work, from their contracts: the name, the path of the operation, and\n\
         /// the query parameters that it takes.\n\
         pub(crate) const WORK: &[(&str, &str, &[&str])] = &[\n{}];\n",
        work.iter().map(row).collect::<String>()
    )
}

/// The name under which a function records events: the tag of its operations. If they have several,
/// then the name of the function.
pub(crate) fn recorder<'a>(function: &'a str, file: &'a Value) -> &'a str {
    let tags = operations(file).map(|(_, _, operation)| operation["tags"][0].as_str());
    let mut tags: Vec<_> = tags.flatten().collect();
    tags.sort_unstable();
    tags.dedup();
    if let [tag] = tags[..] { tag } else { function }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::files;

    fn all() -> Vec<(String, Value)> {
        let functions = files::functions().expect("the folder is read");
        let read = |name: String| (name.clone(), files::read(&name).expect("it is YAML"));
        functions.into_iter().map(read).collect()
    }

    #[test]
    fn what_is_received_is_delivered_by_the_same_call() {
        let work = work(&all()).expect("the contract is right");
        let names: Vec<_> = work.iter().map(|work| work.function.as_str()).collect();
        assert_eq!(names, ["auth", "events", "integrations", "webhooks"]);
        assert_eq!(work[3].parameters, ["work", "wait"]);
        let source = source(&work);
        assert!(source.contains(r#"("webhooks", "/internal/work/webhooks", &["work", "wait"])"#));
    }

    #[test]
    fn work_of_another_function_is_refused() {
        let wrong = |path: &str, operation: Value| {
            let file = json!({ "paths": { path: { "post": operation } } });
            work(&[("a".to_owned(), file)]).is_err()
        };
        let right = json!({ "operationId": "work-a", "x-limit-class": "tick", "x-internal": true });
        assert!(!wrong("/internal/work/a", right.clone()));
        assert!(wrong("/internal/work/b", right.clone()));
        assert!(wrong("/a", right.clone()), "internal, and nobody calls it");
        for key in ["operationId", "x-limit-class", "x-internal"] {
            let mut part = right.clone();
            part.as_object_mut().map(|part| part.remove(key));
            assert!(wrong("/internal/work/a", part), "{key}");
        }
    }

    #[test]
    fn clients_see_none_of_it() {
        let bundle = crate::bundle();
        let text = bundle.to_string();
        assert!(!text.contains(WORK) && !text.contains("x-internal"));
        assert!(!text.contains("\"operational\""));
    }

    #[test]
    fn events_are_recorded_under_the_tag() {
        let tagged = |tags: &[&str]| {
            let item = |tag: &&str| (format!("/{tag}"), json!({ "get": { "tags": [tag] } }));
            json!({ "paths": tags.iter().map(item).collect::<Map<_, _>>() })
        };
        assert_eq!(recorder("integrations", &tagged(&["webhooks"])), "webhooks");
        assert_eq!(recorder("operations", &tagged(&["tenants", "webhooks"])), "operations");
    }
}
