//! The coverage gate: each operation has a test file of its own and an isolation row. No command
//! can bless an exception.

use std::collections::BTreeSet;

use crate::isolation::{ROWS, Row};
use crate::support::contract::operations;
use crate::support::server::root;

pure! {
    each_operation_has_a_test_file() each_operation_has_an_isolation_row()
    public_operations_are_these() work_has_a_test_file_and_is_seen_by_nobody()
}

/// `tests/<tag>/<operation id>.rs` holds the tests of an operation.
fn each_operation_has_a_test_file() {
    for (_, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        let tag = operation["tags"][0].as_str().unwrap();
        let file = format!("tests/{tag}/{}.rs", id.replace('-', "_"));
        let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
        assert!(text.contains("async fn "), "{id} ({path}) has no test in {file}");
        let module = std::fs::read_to_string(root().join(format!("tests/{tag}/mod.rs"))).unwrap();
        assert!(module.contains(&format!("mod {};", id.replace('-', "_"))), "{file} is not run");
    }
}

/// The isolation rows match the contract: none is missing, and none is left over.
fn each_operation_has_an_isolation_row() {
    let contract: BTreeSet<_> = operations()
        .iter()
        .map(|(_, _, o)| o["operationId"].as_str().unwrap().to_owned())
        .collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(contract, rows);
}

/// The list of public operations may only shrink. An addition must be made here by hand, and is
/// seen in a review.
fn public_operations_are_these() {
    const PUBLIC: [&str; 16] = [
        "register",
        "login",
        "issue-token",
        "get-jwks",
        "get-openapi",
        "get-api-docs",
        "get-native-openapi",
        "list-errors",
        "get-error",
        // These check a credential of their own.
        "tick",
        "list-limits",
        "replace-limit",
        "delete-limit",
        // These check the signature of a provider.
        "receive-webhook",
        "receive-integration-webhook",
        "receive-billing-webhook",
    ];
    for (_, _, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        let security = operation["security"].as_array();
        let open = security.is_some_and(|list| {
            list.is_empty() || list.iter().any(|way| way.as_object().unwrap().is_empty())
        });
        let public = open;
        assert_eq!(public, PUBLIC.contains(&id), "{id}");
        let row = &ROWS.iter().find(|(name, _)| *name == id).unwrap().1;
        assert_eq!(public, matches!(row, Row::Public), "{id}");
    }
}

/// Work of functions is no operation of clients. `tests/<function>/work_<function>.rs` holds its
/// tests.
fn work_has_a_test_file_and_is_seen_by_nobody() {
    let mut count = 0;
    for function in contract::functions().unwrap() {
        for operation in contract::load(&function).unwrap() {
            let seen =
                operations().iter().any(|(_, _, known)| known["operationId"] == operation.id);
            if seen {
                continue;
            }
            assert_eq!(operation.path, format!("/internal/work/{function}"), "{}", operation.id);
            let file = format!("tests/{function}/{}.rs", operation.id.replace('-', "_"));
            let text = std::fs::read_to_string(root().join(&file)).unwrap_or_default();
            assert!(text.contains("needs_the_credential("), "{file} tests the credential");
            count += 1;
        }
    }
    assert!(count > 0);
}
