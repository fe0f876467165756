//! The YAML files of the contract.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// The name of the file that all functions share.
pub(crate) const COMMON: &str = "common";

/// The folder of the files.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The path of a function's file.
pub(crate) fn path(function: &str) -> PathBuf {
    folder().join(function).with_extension("yaml")
}

/// The names of the functions, sorted.
pub(crate) fn functions() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder()).context("cannot list the contract")? {
        let path = entry.context("cannot list the contract")?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|name| *name != COMMON);
        if let (Some("yaml"), Some(name)) = (path.extension().and_then(|e| e.to_str()), name) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Reads the file of a function.
pub(crate) fn read(function: &str) -> Result<Value> {
    let name = format!("{function}.yaml");
    let text = fs::read_to_string(path(function)).with_context(|| name.clone())?;
    parse(&text).context(name)
}

/// Parses YAML to JSON. `yes`, `no`, `on` and `off` are strings, as in YAML 1.2.
pub(crate) fn parse(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| anyhow::anyhow!("{error}"))
}
