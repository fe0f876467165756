//! The error registry (S-41).

use std::path::Path;

use gateway::Code;
use openapi::pages::Page;
use wit_parser::{Resolve, TypeDefKind};

use crate::support::contract::{CONTRACT, operation, violations};
use crate::support::server::root;

pure! {
    rows_and_interface_agree() the_table() the_pages_are_those_of_the_registry()
    the_examples_keep_their_schemas()
    answers_are_held_against_nested_schemas()
}

/// The rows have the names and the order of `wit/errors.wit`. The conversions compare the cases, and
/// this test the spelling that clients see.
fn rows_and_interface_agree() {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit")).unwrap();
    let code = resolve.types.iter().find(|(_, t)| t.name.as_deref() == Some("code")).unwrap().1;
    let TypeDefKind::Enum(cases) = &code.kind else { panic!("code is an enum") };
    let interface: Vec<_> = cases.cases.iter().map(|case| case.name.replace('-', "_")).collect();
    let rows: Vec<_> = Code::ALL.iter().map(|code| code.row().name.to_owned()).collect();
    assert_eq!(interface, rows);
}

/// A snapshot of the whole registry, so that a review sees each change of a status or spelling.
fn the_table() {
    let rows: Vec<_> = Code::ALL
        .iter()
        .map(|code| {
            let row = code.row();
            format!(
                "{} {} {} {} {}: {}",
                row.status,
                row.name,
                row.screaming,
                row.specific,
                if row.retryable { "retryable" } else { "final" },
                row.title
            )
        })
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots") }, {
        insta::assert_snapshot!("registry", rows.join("\n"));
    });
}

/// The differences between a folder and the pages that belong in it.
fn stale(folder: &Path, pages: &[Page]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in pages {
        if std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            found.push(format!("{name} is stale"));
        }
    }
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if pages.iter().all(|(known, _)| *known != name) {
            found.push(format!("{name} is an orphan"));
        }
    }
    found.sort();
    found
}

/// `docs/errors/` has exactly the pages that the registry generates now.
fn the_pages_are_those_of_the_registry() {
    let pages = openapi::pages::all().unwrap();
    let folder = root().join("docs/errors");
    assert_eq!(stale(&folder, &pages), Vec::<String>::new(), "run scripts/bless");
    let mut others = pages;
    others[1].1.push('x');
    let renamed = std::mem::replace(&mut others[2].0, "new.md".to_owned());
    let expected = [
        format!("{} is stale", others[1].0),
        format!("{renamed} is an orphan"),
        "new.md is stale".into(),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(stale(&folder, &others), expected, "the rule works");
}

/// The examples of errors in the contract keep the schemas that it describes.
fn the_examples_keep_their_schemas() {
    let mut count = 0;
    for (name, response) in CONTRACT["components"]["responses"].as_object().unwrap() {
        for (media_type, content) in response["content"].as_object().into_iter().flatten() {
            let named = content["examples"].as_object().into_iter().flatten();
            let named = named.map(|(_, it)| match it["$ref"].as_str() {
                Some(target) => &CONTRACT.pointer(&target[1..]).unwrap()["value"],
                None => &it["value"],
            });
            for example in content.get("example").into_iter().chain(named) {
                let errors = violations(&content["schema"], example);
                assert!(errors.is_empty(), "{name} as {media_type}: {errors:?}\n{example:#}");
                count += 1;
            }
        }
    }
    for (name, schema) in CONTRACT["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let errors = violations(schema, example);
            assert!(errors.is_empty(), "{name}: {errors:?}\n{example:#}");
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

/// A wrong answer does not pass because its schema leads elsewhere by `$ref`.
fn answers_are_held_against_nested_schemas() {
    let list = operation("GET", "/api/v1/projects").unwrap();
    let schema = &list["responses"]["200"]["content"]["application/json"]["schema"];
    let mut page = CONTRACT["components"]["examples"]["Projects"]["value"].clone();
    assert_eq!(violations(schema, &page), Vec::<String>::new());
    page["items"][0]["status"] = "SLEEPING".into();
    assert_ne!(violations(schema, &page), Vec::<String>::new());
}
