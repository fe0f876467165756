//! `tenantry doctor`: checks everything that a server needs before one is started. For each problem
//! it says what to do.

mod database;
mod embedded;
mod finding;
mod keys;
mod redis;

pub use finding::{Finding, Verdict};

use crate::config::manifest::Manifest;
use crate::config::options::Options;
use crate::config::runtime_config::{RuntimeConfig, StoreLocation};
use crate::preflight::databases;
use crate::preflight::settings;

/// Checks the manifest, its files and variables, the runtime config, the stores, the clocks and the
/// keys. Changes nothing.
pub async fn doctor(options: &Options) -> Vec<Finding> {
    let mut found = Vec::new();
    let manifest = match Manifest::of(options) {
        Ok(manifest) => manifest,
        Err(error) => {
            let remedy = "name the manifest with --from, or correct it";
            return vec![Finding::fail("manifest", format!("{error:#}"), remedy)];
        }
    };
    found.push(functions(options, &manifest));
    let mut variables = match settings::resolve(&manifest, options) {
        Ok(variables) => variables,
        Err(error) => {
            found.push(Finding::refused("variables", &error, "set what is missing"));
            return found;
        }
    };
    found.push(match settings::resolve_development(&mut variables, options) {
        Ok(development) => keys::master(&variables, development),
        Err(error) => Finding::refused("variables", &error, "correct it"),
    });
    let config = match RuntimeConfig::read(options.runtime_config.as_deref(), &options.data) {
        Ok(config) => config,
        Err(error) => {
            let remedy = "correct the file; docs/guides/scaling.md has an example";
            found.push(Finding::fail("runtime config", format!("{error:#}"), remedy));
            return found;
        }
    };
    found.extend(embedded::folder(&options.data));
    for (label, place) in &config.key_value_stores {
        match place {
            StoreLocation::File(path) => found.push(embedded::key_value(label, path)),
            StoreLocation::Redis { url, .. } => found.extend(redis::examine(label, url).await),
        }
    }
    if let Err(error) = databases::check_consistent(&variables) {
        found.push(Finding::refused("database", &error, "see docs/guides/scaling.md"));
    }
    match databases::writers(&variables).is_empty() {
        true => found.extend(embedded::database(&config, &variables)),
        false => found.extend(database::postgres(&variables).await),
    }
    found
}

fn functions(options: &Options, manifest: &Manifest) -> Finding {
    let components = match manifest.components(&options.components) {
        Ok(components) => components,
        Err(error) => {
            return Finding::fail("functions", format!("{error:#}"), "name those of the manifest");
        }
    };
    for (id, component) in &components {
        let files = manifest.source(id, component).and_then(|_| manifest.route(id, component));
        if let Err(error) = files {
            return Finding::refused("functions", &error, "run `tenantry build`");
        }
    }
    Finding::pass("functions", format!("{} are built", components.len()))
}
