//! Properties of the built components (S-1, S-3).

use wit_component::DecodedWasm;

use crate::support::server::root;

pure! { functions_export_the_route_only() the_gateway_is_a_door() }

/// The functions: the folders of `components/` besides the gateway, and what it shares with them.
pub(super) fn functions() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(root().join("components"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["gateway", "kit", "protocol"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

fn interfaces(name: &str) -> (Vec<String>, Vec<String>) {
    let file = root().join(format!("target/wasm32-wasip2/guest/{name}.wasm"));
    let bytes = std::fs::read(&file)
        .unwrap_or_else(|_| panic!("{} is not built: run scripts/test", file.display()));
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
        panic!("{name} is a component")
    };
    let names = |items: &wit_parser::IndexMap<wit_parser::WorldKey, wit_parser::WorldItem>| {
        items.keys().map(|key| resolve.name_world_key(key)).collect()
    };
    (names(&resolve.worlds[world].imports), names(&resolve.worlds[world].exports))
}

/// Each function exports the route with the shared errors and tenancy, and no `wasi:http`. So no
/// request can bypass the gateway.
fn functions_export_the_route_only() {
    for name in functions() {
        let (imports, exports) = interfaces(&name);
        assert_eq!(exports, ["tenantry:platform/route@1.0.0"], "{name}");
        for shared in ["errors", "tenancy"] {
            let interface = format!("tenantry:platform/{shared}@1.0.0");
            assert!(imports.contains(&interface), "{name}: {imports:?}");
        }
    }
}

/// The gateway imports the route and exports HTTP.
fn the_gateway_is_a_door() {
    let (imports, exports) = interfaces("gateway");
    assert!(imports.iter().any(|name| name == "tenantry:platform/route@1.0.0"), "{imports:?}");
    assert!(exports.iter().any(|name| name.starts_with("wasi:http/handler@0.3")), "{exports:?}");
}
