//! `tenantry doctor`: looks at everything that a server needs before one is started, and says
//! of each thing that is wrong what to do.

mod database;
mod keys;
mod redis;

use crate::manifest::Manifest;
use crate::options::Options;
use crate::runtime_config::{Place, RuntimeConfig};
use crate::site;
use crate::variables::Variables;
use std::time::Duration;

/// How far a clock may be from that of a store.
const SKEW: Duration = Duration::from_secs(2);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it is.
    pub state: State,
    /// What was found there.
    pub text: String,
    /// What to do about it; empty when all is well.
    pub remedy: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// It works, and somebody should look at it.
    Doubtful,
    /// A server would not start, or not answer.
    Bad,
}

impl Finding {
    fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, state: State::Good, text: text.into(), remedy: String::new() }
    }

    fn bad(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { subject, state: State::Bad, text: text.into(), remedy: remedy.to_owned() }
    }

    fn doubtful(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { state: State::Doubtful, ..Self::bad(subject, text, remedy) }
    }
}

/// Looks at the manifest, its files and variables, the runtime config, the stores, the clocks
/// and the keys. Changes nothing.
pub async fn doctor(options: &Options) -> Vec<Finding> {
    let mut found = Vec::new();
    let manifest = match Manifest::read(&options.manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            let remedy = "name the manifest with --from, or correct it";
            return vec![Finding::bad("manifest", format!("{error:#}"), remedy)];
        }
    };
    found.push(functions(options, &manifest));
    let variables = match Variables::resolve(manifest.variables(), &options.variables) {
        Ok(variables) => variables,
        Err(error) => {
            found.push(Finding::bad("variables", format!("{error:#}"), "set what is missing"));
            return found;
        }
    };
    found.push(keys::master(&variables));
    let config = match RuntimeConfig::read(options.runtime_config.as_deref(), &options.data) {
        Ok(config) => config,
        Err(error) => {
            let remedy = "correct the file; docs/guides/scaling.md has an example";
            found.push(Finding::bad("runtime config", format!("{error:#}"), remedy));
            return found;
        }
    };
    for (label, place) in &config.key_value_stores {
        match place {
            Place::File(path) => {
                let text = format!("{label:?} is the file {}, for one server", path.display());
                found.push(Finding::good("key-value", text));
            }
            Place::Redis { url, .. } => found.extend(redis::examine(label, url).await),
        }
    }
    match site::set(&variables, site::WRITER) {
        Some(url) => found.extend(database::postgres(url, &variables).await),
        None => found.extend(database::sqlite(&config, &variables)),
    }
    found
}

fn functions(options: &Options, manifest: &Manifest) -> Finding {
    let components = match manifest.components(&options.components) {
        Ok(components) => components,
        Err(error) => {
            return Finding::bad("functions", format!("{error:#}"), "name those of the manifest");
        }
    };
    let missing: Vec<String> = components
        .iter()
        .flat_map(|(id, component)| {
            [manifest.source(id, component).map(Some), manifest.route(id, component)]
        })
        .filter_map(|file| match file {
            Ok(Some(path)) if path.exists() => None,
            Ok(Some(path)) => Some(format!("{} is not there", path.display())),
            Ok(None) => None,
            Err(error) => Some(format!("{error:#}")),
        })
        .collect();
    match missing.first() {
        None => Finding::good("functions", format!("{} are built", components.len())),
        Some(first) => Finding::bad("functions", first, "run `tenantry build`"),
    }
}

/// The clock of a store against ours: tokens, leases and limits compare the two.
fn clock(of: &str, their_ms: i64) -> Finding {
    let ours = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let apart = i64::try_from(ours).unwrap_or(i64::MAX).abs_diff(their_ms);
    match Duration::from_millis(apart) {
        apart if apart <= SKEW => Finding::good("clock", format!("{of}: {apart:?} apart")),
        apart => Finding::doubtful(
            "clock",
            format!("{of}: {apart:?} apart"),
            "let NTP set the clocks of both machines: tokens, limits and leases go by them",
        ),
    }
}
