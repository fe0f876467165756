//! The conformance suite for any HTTP API (`tools/conformance`) passes on this one.

use std::ffi::OsString;

use crate::support::server::root;
use crate::support::{Placement, dedicated};

everywhere! { passes(placement) }

/// A part that the suite's own description of this API leaves out: a deprecated operation, because
/// only an operator can deprecate one.
const DEPRECATED: &str = "
[deprecated]
operation = { method = \"GET\", path = \"/api/v1/notices\" }
link = true
";
const LIFECYCLE: &str = r#"{"rfc9745": true, "deprecations": [{
    "major": 1, "operation": "list-notices", "announced_at": "2026-01-01",
    "deprecated_at": "2026-02-01", "sunset_at": "2099-01-01", "guide": "/docs/migrate"
}]}"#;

/// Every check passes, also those of a SHOULD, with the limits of the contract.
async fn passes(placement: Placement) {
    let variables = [
        ("api_lifecycle", LIFECYCLE),
        ("limit_read_per_minute", "150"),
        ("limit_write_per_minute", "30"),
        ("limit_auth_per_minute", "10"),
        ("limit_ip_per_minute", "600"),
    ];
    let (app, server, directory) = dedicated(placement, &variables).await;
    let known = root().join("tools/conformance/targets/tenantry.toml");
    let target = directory.path().join("target.toml");
    std::fs::write(&target, std::fs::read_to_string(known).unwrap() + DEPRECATED).unwrap();
    let results = directory.path().join("results.json");
    let arguments = [
        "conformance".into(),
        app.base.clone().into(),
        "--strict".into(),
        "--target".into(),
        target.into_os_string(),
        "--json".into(),
        results.clone().into_os_string(),
    ];
    let status = conformance::run(arguments.map(OsString::from)).await;
    assert_eq!(status, 0, "the report is above");
    let results: serde_json::Value =
        serde_json::from_slice(&std::fs::read(results).unwrap()).unwrap();
    let checks = results["checks"].as_array().unwrap();
    let skipped: Vec<_> = checks.iter().filter(|check| check["outcome"] == "skipped").collect();
    let ids = skipped.iter().map(|check| check["id"].as_str().unwrap());
    // Equal requests may happen not to meet. Tests of the gateway make them meet.
    let ids: Vec<_> = ids.filter(|id| *id != "idempotency-wait").collect();
    // No operation of the bundle requires a key yet.
    assert_eq!(ids, ["idempotency-missing"]);
    server.shutdown().await.unwrap();
}
