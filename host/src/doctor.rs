//! `tenantry doctor`: checks everything that a server needs before one is started. For each problem
//! it says what to do.

mod database;
mod embedded;
mod keys;
mod redis;

use crate::manifest::Manifest;
use crate::options::Options;
use crate::runtime_config::{Place, RuntimeConfig};
use crate::settings;
use crate::site;
use std::time::Duration;

/// The largest accepted difference between the clock of this host and that of a store.
const SKEW: Duration = Duration::from_secs(2);

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// The verdict.
    pub state: State,
    /// What the check found.
    pub text: String,
    /// What to do about it; empty if all is well.
    pub remedy: String,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything is as it should be.
    Good,
    /// It works, but somebody should look at it.
    Doubtful,
    /// A server would not start, or would not answer.
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

    /// A finding from an error. Errors of the runner say in one sentence what was found and, after
    /// a semicolon, what to do. `remedy` is for errors that have no such second part.
    fn refused(subject: &'static str, error: &anyhow::Error, remedy: &str) -> Self {
        let told = format!("{error:#}");
        let (text, remedy) = told.split_once("; ").unwrap_or((&told, remedy));
        Self::bad(subject, text, remedy)
    }
}

/// Checks the manifest, its files and variables, the runtime config, the stores, the clocks and the
/// keys. Changes nothing.
pub async fn doctor(options: &Options) -> Vec<Finding> {
    let mut found = Vec::new();
    let manifest = match Manifest::of(options) {
        Ok(manifest) => manifest,
        Err(error) => {
            let remedy = "name the manifest with --from, or correct it";
            return vec![Finding::bad("manifest", format!("{error:#}"), remedy)];
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
    found.push(match settings::develops(&mut variables, options) {
        Ok(development) => keys::master(&variables, development),
        Err(error) => Finding::refused("variables", &error, "correct it"),
    });
    let config = match RuntimeConfig::read(options.runtime_config.as_deref(), &options.data) {
        Ok(config) => config,
        Err(error) => {
            let remedy = "correct the file; docs/guides/scaling.md has an example";
            found.push(Finding::bad("runtime config", format!("{error:#}"), remedy));
            return found;
        }
    };
    found.extend(embedded::folder(&options.data));
    for (label, place) in &config.key_value_stores {
        match place {
            Place::File(path) => found.push(embedded::key_value(label, path)),
            Place::Redis { url, .. } => found.extend(redis::examine(label, url).await),
        }
    }
    if let Err(error) = site::consistent(&variables) {
        found.push(Finding::refused("database", &error, "see docs/guides/scaling.md"));
    }
    match site::writers(&variables).is_empty() {
        true => found.extend(embedded::database(&config, &variables)),
        false => found.extend(database::postgres(&variables).await),
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
    for (id, component) in &components {
        let files = manifest.source(id, component).and_then(|_| manifest.route(id, component));
        if let Err(error) = files {
            return Finding::refused("functions", &error, "run `tenantry build`");
        }
    }
    Finding::good("functions", format!("{} are built", components.len()))
}

/// Compares the clock of a store with ours. Tokens, leases and limits depend on both.
fn clock(of: &str, their_ms: i64) -> Finding {
    let ours = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let apart = i64::try_from(ours).unwrap_or(i64::MAX).abs_diff(their_ms);
    let text = format!("{of}: {apart} ms apart");
    match Duration::from_millis(apart) <= SKEW {
        true => Finding::good("clock", text),
        false => Finding::doubtful(
            "clock",
            text,
            "let NTP set the clocks of both machines: tokens, limits and leases go by them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_millis();
        let now = i64::try_from(now).expect("a time");
        assert_eq!(clock("it", now).state, State::Good);
        assert_eq!(clock("it", now - 3000).state, State::Doubtful);
        assert_eq!(clock("it", now + 5000).state, State::Doubtful);
    }
}
