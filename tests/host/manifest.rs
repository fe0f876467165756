//! A manifest that the host does not understand is refused before anything is served. The error
//! names the file and the key.

use super::manifest;
use crate::support::Placement;
use crate::support::server::plain_options;

logic! { unknown_and_unsupported_entries() }

/// The error of a server that must not start.
async fn refused(change: impl Fn(String) -> String) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut options = plain_options(Placement::Fused, &directory.path().join("data"), &[]);
    options.manifest = manifest(directory.path(), r#"key_value_stores = ["default"]"#);
    let text = std::fs::read_to_string(&options.manifest).unwrap();
    std::fs::write(&options.manifest, change(text)).unwrap();
    match host::up(options).await {
        Ok(_) => panic!("the server started"),
        Err(error) => format!("{error:#}"),
    }
}

async fn unknown_and_unsupported_entries() {
    let cases: [(&str, &str, &[&str]); 7] = [
        (
            "dependencies_inherit_configuration = true",
            "frobnicate = 1",
            &["spin.toml", "frobnicate"],
        ),
        (
            "key_value_stores",
            "ai_models = [\"llama\"]\nkey_value_stores",
            &["spin.toml", "ai_models"],
        ),
        ("dependencies_inherit_configuration = true", "", &["dependencies_inherit_configuration"]),
        ("component = \"fixture\"", "component = \"nobody\"", &["nobody"]),
        ("fixture.wasm", "missing.wasm", &["missing.wasm", "--build"]),
        ("own = \"{{ own }}\"", "own = \"{{ nowhere }}\"", &["nowhere"]),
        (
            "secret = { default = \"of another\" }",
            "secret = { required = true }",
            &["secret", "SPIN_VARIABLE_SECRET"],
        ),
    ];
    for (from, to, named) in cases {
        let error = refused(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        })
        .await;
        for name in named {
            assert!(error.contains(name), "{to:?}: {error}");
        }
    }
}
