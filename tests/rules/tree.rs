//! The tree of files matches the architecture.

use super::components::functions;
use crate::support::server::root;

pure! {
    manifest_components_contract_and_tests_agree() the_route_with_a_dot_is_last()
    functions_share_the_kit_only() one_development_key() only_auth_has_the_master_key()
    default_limits_are_those_of_the_contract() one_version()
}

pub(super) fn toml(path: &str) -> toml::Table {
    std::fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

/// `spin.toml`, `components/`, `openapi/` and `tests/` name the same functions.
fn manifest_components_contract_and_tests_agree() {
    let manifest = toml("spin.toml");
    let mut named: Vec<_> = manifest["component"].as_table().unwrap().keys().cloned().collect();
    named.sort();
    assert_eq!(named, functions());
    for name in functions() {
        assert!(root().join(format!("openapi/{name}.yaml")).exists(), "openapi/{name}.yaml");
        assert!(root().join(format!("tests/{name}/mod.rs")).exists(), "tests/{name}/mod.rs");
    }
}

/// The route that begins with a dot is the last one, because Spin 4.1 would hide the routes after
/// it behind `/...`.
fn the_route_with_a_dot_is_last() {
    let manifest = toml("spin.toml");
    let routes = manifest["trigger"]["http"].as_array().unwrap();
    let routes: Vec<_> = routes.iter().map(|trigger| trigger["route"].as_str().unwrap()).collect();
    assert_eq!(routes[routes.len() - 2..], ["/...", "/.well-known/jwks.json"], "{routes:?}");
}

/// The kit is the only crate that functions share.
fn functions_share_the_kit_only() {
    for name in functions() {
        let manifest = toml(&format!("components/{name}/Cargo.toml"));
        let ours = ["auth", "docs", "events", "gateway", "projects", "tenantry"];
        for dependency in manifest["dependencies"].as_table().unwrap().keys() {
            assert!(!ours.contains(&dependency.as_str()), "{name} depends on {dependency}");
        }
    }
}

/// The keys that are refused outside development are those of the manifest.
fn one_development_key() {
    let seal = std::fs::read_to_string(root().join("components/kit/src/seal.rs")).unwrap();
    for name in ["master_key", "sealing_key"] {
        let default = toml("spin.toml")["variables"][name]["default"].as_str().unwrap().to_owned();
        assert!(seal.contains(&format!("\"{default}\"")), "{name}");
    }
}

/// Only `auth` gets the master key, from which the issuer's keys are derived.
fn only_auth_has_the_master_key() {
    let manifest = toml("spin.toml");
    for (name, component) in manifest["component"].as_table().unwrap() {
        let has = component["variables"].as_table().unwrap().values().any(|template| {
            template.as_str().is_some_and(|template| template.contains("{{ master_key }}"))
        });
        assert_eq!(has, name == "auth", "{name}");
    }
}

/// The default limits of the manifest are those of the contract (K-47).
fn default_limits_are_those_of_the_contract() {
    let manifest = toml("spin.toml");
    let limits = crate::support::contract::CONTRACT["x-limits"].as_object().unwrap();
    for (class, limit) in limits {
        let variable = &manifest["variables"][&format!("limit_{class}_per_minute")]["default"];
        assert_eq!(variable.as_str(), Some(limit["per_minute"].to_string().as_str()), "{class}");
        assert_eq!(limit["burst"], limit["per_minute"], "{class}: the variable says no burst");
    }
    let kept = &manifest["variables"]["idempotency_retention_seconds"]["default"];
    let told = &crate::support::contract::CONTRACT["x-idempotency"]["retention_seconds"];
    assert_eq!(kept.as_str(), Some(told.to_string().as_str()));
}

/// The workspace, the manifest and the contract have the same version.
fn one_version() {
    let version =
        toml("Cargo.toml")["workspace"]["package"]["version"].as_str().unwrap().to_owned();
    assert_eq!(toml("spin.toml")["application"]["version"].as_str(), Some(version.as_str()));
    assert_eq!(
        crate::support::contract::CONTRACT["info"]["version"].as_str(),
        Some(version.as_str())
    );
}
