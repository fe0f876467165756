//! The operations that tenants call.

use std::sync::LazyLock;

use protocol::contract::Operation;

/// Operations that would end the only credential of a tenant, after which it would be told nothing.
const ENDING: [&str; 1] = ["logout"];

/// Every operation except those of the operator, whose credential no tenant has, and [`ENDING`].
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let functions = openapi::functions().unwrap();
    let all = functions.iter().flat_map(|name| openapi::load(name).unwrap());
    let all = all.filter(|operation| !operation.path.starts_with("/internal/"));
    all.filter(|operation| !ENDING.contains(&operation.id)).collect()
});

/// The collection whose objects or pages are read at this path.
pub(super) fn collection(path: &str) -> Option<&'static str> {
    let is_there = |known: &str| known.strip_suffix("/{id}").unwrap_or(known) == path;
    let reads = OPERATIONS.iter().filter(|operation| operation.method == "GET");
    let shapes = reads.filter(|operation| is_there(operation.path)).filter_map(|it| it.shape);
    shapes.map(|shape| shape.collection).find(|collection| !collection.is_empty())
}
