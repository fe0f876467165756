//! The coverage gate: each operation has tests in a file of its own, and an isolation row if it has a
//! body. No command can bless an exception.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::isolation::{ROWS, is_public};
use crate::rules::words::names;
use crate::support::calls::{folder, module};
use crate::support::contract::{CONTRACT, operations};
use crate::support::server::root;

pure! {
    each_operation_has_tests() each_body_has_an_isolation_row()
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

/// The isolation table has a row for each operation of a tenant that needs a body, and none that is
/// left over.
fn each_body_has_an_isolation_row() {
    let named = |it: &Value| it["operationId"].as_str().unwrap().to_owned();
    let all: BTreeSet<_> = operations().iter().map(|(_, _, it)| named(it)).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|(id, _)| (*id).to_owned()).collect();
    let public = operations().iter().filter(|(_, _, it)| is_public(it));
    let public: Vec<_> =
        public.map(|(_, _, it)| named(it)).filter(|id| rows.contains(id)).collect();
    assert!(public.is_empty(), "tests/isolation.rs has rows of public operations: {public:?}");
    let left: Vec<_> = rows.difference(&all).collect();
    assert!(left.is_empty(), "tests/isolation.rs has rows of unknown operations: {left:?}");
    let bodies = operations().iter().map(|(_, _, it)| *it);
    let bodies = bodies.filter(|it| it["requestBody"]["required"] == true && !is_public(it));
    let missing: Vec<_> = bodies.map(named).filter(|id| !rows.contains(id)).collect();
    assert!(missing.is_empty(), "tests/isolation.rs has no rows for {missing:?}");
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
        assert_eq!(is_public(operation), PUBLIC.contains(&id), "{id}");
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
