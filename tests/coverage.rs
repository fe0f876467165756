//! The coverage gate: each operation has tests in a file of its own, and an isolation row. No command
//! can bless an exception.

use std::collections::BTreeSet;

use crate::isolation::{ROWS, Row};
use crate::rules::words::names;
use crate::support::calls::{folder, module};
use crate::support::contract::{CONTRACT, operations};
use crate::support::server::root;

pure! {
    each_operation_has_tests() each_operation_has_an_isolation_row()
    public_operations_are_these() work_has_a_test_file_and_is_seen_by_nobody()
}

/// The file `<operation id>.rs` below `tests/<tag>/` holds the tests of an operation. Whether they
/// call it is asked when all tests have run (`nothing_was_left_out`).
fn each_operation_has_tests() {
    let names = names();
    for (_, path, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        let tag = operation["tags"][0].as_str().unwrap();
        assert!(has_test(&names, tag, id), "{id} ({path}) has no test below tests/{tag}/");
    }
    let names = "a::get_x::answers::logic::fused: test";
    assert!(has_test(names, "a", "get-x"), "the rule works");
    assert!(!has_test(names, "b", "get-x") && !has_test(names, "a", "get"), "the rule works");
}

/// Whether the names of all tests have one of this operation, with its tag.
fn has_test(names: &str, tag: &str, id: &str) -> bool {
    let module = module(id);
    names.lines().any(|name| {
        let mut parts = name.split("::");
        parts.next() == Some(tag) && parts.any(|part| part == module)
    })
}

/// Not a test of its own: whether each operation was called by a test of its file and was not
/// refused, and whether each type of events was seen by some test.
#[test]
#[ignore = "what scripts/test asks when all tests have run"]
fn nothing_was_left_out() {
    let folder = folder().expect("TENANTRY_TEST_CALLS is the folder of the run");
    let missing = |name: &&str| !folder.join(name).exists();
    let all = operations().iter().map(|(_, _, it)| it["operationId"].as_str().unwrap());
    let uncalled: Vec<_> = all.filter(missing).collect();
    assert!(uncalled.is_empty(), "the files of these operations do not call them: {uncalled:?}");
    let types = CONTRACT["webhooks"].as_object().unwrap().keys().map(String::as_str);
    let unseen: Vec<_> = types.filter(missing).collect();
    assert!(unseen.is_empty(), "no test sees an event of these types: {unseen:?}");
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
    for function in openapi::functions().unwrap() {
        for operation in openapi::load(&function).unwrap() {
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
