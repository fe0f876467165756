//! The tree of files matches the architecture.

use std::collections::BTreeSet;
use std::process::Command;

use super::components::functions;
use super::files::tracked;
use crate::support::server::root;

pure! {
    manifest_components_contract_and_tests_agree() the_route_with_a_dot_is_last()
    functions_share_the_kit_only() native_tests_are_run() functions_with_a_database_have_rights()
    one_development_key() only_auth_has_the_master_key()
    default_limits_are_those_of_the_contract() one_version() work_is_reached()
    only_two_functions_reach_the_public_network()
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

/// The crates of this repository that a function may use. Only the kit knows of requests and rows;
/// the others are about words of the protocol and networks.
const SHARED: [&str; 3] = ["kit", "protocol", "special-use"];

/// The crates of this repository that a function uses besides those that functions share. A crate of
/// the repository is a member of the workspace, or has a path.
fn not_shared(manifest: &toml::Table, workspace: &toml::Table) -> Vec<String> {
    let all = &workspace["workspace"];
    let members = all["members"].as_array().unwrap();
    let is_ours = |name: &str, value: &toml::Value| {
        let has_path = |value: &toml::Value| value.get("path").is_some();
        let is_member =
            |path: &toml::Value| path.as_str().unwrap().rsplit('/').next() == Some(name);
        let shared = all["dependencies"].get(name).filter(|_| value.get("workspace").is_some());
        has_path(value) || shared.is_some_and(has_path) || members.iter().any(is_member)
    };
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let tables = targets.map(|(_, target)| &target["dependencies"]);
    let tables = tables.chain(manifest.get("dependencies")).map(|it| it.as_table().unwrap());
    let named = tables.flatten().filter(|(name, value)| is_ours(name, value));
    let named = named.map(|(name, _)| name.clone());
    named.filter(|name| !SHARED.contains(&name.as_str())).collect()
}

/// Functions share the kit, and never use each other.
fn functions_share_the_kit_only() {
    let workspace = toml("Cargo.toml");
    for name in functions() {
        let manifest = toml(&format!("components/{name}/Cargo.toml"));
        assert_eq!(not_shared(&manifest, &workspace), Vec::<String>::new(), "{name}");
    }
    let planted = "[dependencies]\nkit.workspace = true\nprojects = { path = '../projects' }\n\
                   serde = '1'\n[target.x.dependencies]\nhost.workspace = true\n";
    let found = not_shared(&planted.parse().unwrap(), &workspace);
    assert_eq!(found, ["host", "projects"], "the rule works");
}

/// The scripts build those functions natively whose code has native tests, and so run these tests.
fn native_tests_are_run() {
    let said = "source scripts/lib/common.sh; printf '%s\\n' \"${native[@]}\"";
    let said = Command::new("bash").args(["-c", said]).current_dir(root()).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("--workspace\n"), "{said}");
    for name in functions() {
        let left_out = said.lines().any(|line| line == format!("--exclude={name}"));
        assert_eq!(has_tests(&name), !left_out, "{name}: see list_crates in scripts/lib/common.sh");
    }
}

fn has_tests(function: &str) -> bool {
    let sources = tracked().into_iter().filter(|path| {
        path.starts_with(format!("components/{function}/src"))
            && path.extension().is_some_and(|extension| extension == "rs")
    });
    let mut texts = sources.filter_map(|path| std::fs::read_to_string(root().join(path)).ok());
    texts.any(|text| text.contains("#[test]"))
}

/// The functions that may open a database are those that have rights in it
/// (`migrations/rights.rs`).
fn functions_with_a_database_have_rights() {
    let manifest = toml("spin.toml");
    let components = manifest["component"].as_table().unwrap().iter();
    let opens = components.filter(|(_, it)| it.get("sqlite_databases").is_some());
    let opens: BTreeSet<_> = opens.map(|(name, _)| name.as_str()).collect();
    assert_eq!(opens, BTreeSet::from(migrations::rights::FUNCTIONS));
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

/// The manifest has a route to the work of each function that declares some. The tick could not
/// tell a route that is missing from a function that another host serves.
fn work_is_reached() {
    let manifest = toml("spin.toml");
    let routes = manifest["trigger"]["http"].as_array().unwrap();
    let mut reached: Vec<_> = routes
        .iter()
        .map(|trigger| (trigger["route"].as_str().unwrap(), trigger["component"].as_str().unwrap()))
        .filter(|(route, _)| route.starts_with("/internal/work/"))
        .map(|(route, component)| (route.to_owned(), component.to_owned()))
        .collect();
    reached.sort();
    let mut declared = Vec::new();
    for function in openapi::functions().unwrap() {
        let all = openapi::load(&function).unwrap().into_iter();
        let work = all.filter(|operation| operation.path.starts_with("/internal/work/"));
        declared.extend(work.map(|operation| (operation.path.to_owned(), function.clone())));
    }
    assert!(!declared.is_empty());
    assert_eq!(reached, declared);
}

/// Only functions that send to addresses of tenants or providers reach the public network.
fn only_two_functions_reach_the_public_network() {
    let manifest = toml("spin.toml");
    for (name, component) in manifest["component"].as_table().unwrap() {
        let hosts = component["allowed_outbound_hosts"].as_array().unwrap();
        let reaches = hosts.iter().any(|host| host.as_str() == Some("https://*:*"));
        assert_eq!(reaches, ["integrations", "webhooks"].contains(&name.as_str()), "{name}");
    }
}
