//! Settings: `spin.toml` declares them, gives each component those that it reads, and no others.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::files::tracked;
use super::tree::toml;
use crate::support::server::root;

pure! {
    components_get_what_they_read() every_setting_is_read() defaults_of_the_gateway()
    the_page_is_up_to_date()
}

/// Variables that a component has under another name than the application.
const RENAMED: [(&str, &str); 2] =
    [("postgres_own_url", "postgres_url_"), ("postgres_own_reader_url", "postgres_reader_url_")];

/// The source of a crate without its tests.
fn source(folder: &str) -> String {
    let is_source = |path: &Path| {
        path.extension().is_some_and(|it| it == "rs")
            && !path.components().any(|part| part.as_os_str().to_string_lossy().contains("tests"))
    };
    let files = tracked().into_iter().filter(|path| path.starts_with(folder) && is_source(path));
    files.filter_map(|path| std::fs::read_to_string(root().join(path)).ok()).collect()
}

fn names(pattern: &str, source: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(source).map(|found| found[1].to_owned()).collect()
}

/// The variables that a function reads through `kit::Variables`.
fn of_function(name: &str) -> BTreeSet<String> {
    let reads = r#"\.(?:text|optional|number|days|value)\(\s*"([a-z][a-z0-9_]*)"|(?:let name = |duration\()"([a-z][a-z0-9_]*)""#;
    let source = source(&format!("components/{name}/src/settings.rs"));
    let pattern = Regex::new(reads).unwrap();
    let found = pattern.captures_iter(&source).filter_map(|it| it.get(1).or_else(|| it.get(2)));
    found.map(|name| name.as_str().to_owned()).collect()
}

/// The variables that the gateway reads in every component.
fn of_gateway() -> BTreeSet<String> {
    let reads =
        r#"(?:settings|Self)\s*\.(?:text|is_set|number|value|list|variable)\(\s*"([a-z_]+)""#;
    names(reads, &source("components/gateway"))
}

/// The variables that the kit reads, in the functions that have them.
fn of_kit() -> BTreeSet<String> {
    names(r#""([a-z]+(?:_[a-z]+)+|development)""#, &source("components/kit/src"))
}

/// The classes of the limits of a function's operations, whose variables the gateway reads.
fn classes(function: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(format!("openapi/{function}.yaml"))).unwrap();
    let classes = names(r"x-limit-class: ([a-z]+)", &text);
    classes.iter().map(|class| format!("limit_{class}_per_minute")).collect()
}

/// Every component has the variables that its gateway and its function read. It has none that
/// nobody reads. Each has the value of the application's variable of the same name.
fn components_get_what_they_read() {
    let manifest = toml("spin.toml");
    let (gateway, kit) = (of_gateway(), of_kit());
    assert!(gateway.len() > 10 && gateway.contains("tick_token"), "{gateway:?}");
    let store = |name: &String| name.starts_with("postgres_") || name.starts_with("read_own");
    for (name, component) in manifest["component"].as_table().unwrap() {
        let given: BTreeSet<_> =
            component["variables"].as_table().unwrap().keys().cloned().collect();
        let has_database = component.get("sqlite_databases").is_some();
        let common = gateway.iter().filter(|name| has_database || !store(name)).cloned();
        let function = of_function(name);
        let needed: BTreeSet<_> = common
            .chain(classes(name))
            .chain(function)
            .chain(["limit_ip_per_minute".to_owned()])
            .collect();
        let missing: Vec<_> = needed.difference(&given).collect();
        assert!(missing.is_empty(), "[component.{name}.variables] lacks {missing:?}");
        let limits = |name: &String| name.starts_with("limit_");
        let unread: Vec<_> = given
            .difference(&needed)
            .filter(|name| !kit.contains(*name) && !limits(name))
            .collect();
        assert!(unread.is_empty(), "nothing reads {unread:?} of [component.{name}.variables]");
        for (variable, template) in component["variables"].as_table().unwrap() {
            let template = template.as_str().unwrap();
            let renamed = RENAMED.iter().find(|(own, _)| own == variable);
            let expected = match renamed {
                _ if variable == "service_name" => name.clone(),
                Some((_, prefix)) => format!("{{{{ {prefix}{name} }}}}"),
                None => format!("{{{{ {variable} }}}}"),
            };
            assert_eq!(template, expected, "[component.{name}.variables] {variable}");
        }
    }
}

/// Every declared variable reaches a component.
fn every_setting_is_read() {
    let manifest = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    for name in toml("spin.toml")["variables"].as_table().unwrap().keys() {
        assert!(manifest.contains(&format!("{{{{ {name} }}}}")), "nothing gets {name}");
    }
}

/// The gateway's own defaults, for manifests that leave a variable out, are those of `spin.toml`.
fn defaults_of_the_gateway() {
    let manifest = toml("spin.toml");
    let reads =
        Regex::new(r#"(?:text|number)\(\s*"([a-z_]+)",\s*(?:"([^"]*)"|([0-9_]+))"#).unwrap();
    let source = source("components/gateway");
    let mut seen = 0;
    for found in reads.captures_iter(&source).filter(|found| &found[1] != "service_name") {
        let default = manifest["variables"][&found[1]]["default"].as_str().unwrap();
        let own = found.get(2).or_else(|| found.get(3)).unwrap().as_str();
        let own = if found.get(3).is_some() { own.replace('_', "") } else { own.to_owned() };
        assert_eq!(own, default, "{}", &found[1]);
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}

/// `docs/settings.md` is what `scripts/bless` makes of `spin.toml` now.
fn the_page_is_up_to_date() {
    let manifest = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let page = openapi::settings::page(&manifest).unwrap();
    let kept = std::fs::read_to_string(root().join("docs/settings.md")).unwrap_or_default();
    assert!(page == kept, "docs/settings.md is not up to date: run scripts/bless");
}
