//! Checks the settings before a server listens. The server does not start if the settings would
//! leave it open to others, or if it would not do what its operator wrote.

use crate::config::manifest::Manifest;
use crate::config::master::{MASTER_KEY, MASTER_KEY_ADVICE, Master};
use crate::config::options::Options;
use crate::config::variables::Variables;
use crate::preflight::databases;
use crate::preflight::keys;
use anyhow::{Context as _, bail, ensure};
use gateway::is_loopback_url;

/// The variables that say how the server is to be used.
const DEVELOPMENT: &str = "development";
const PORTS: &str = "development_ports";
/// The value of [`PORTS`] that means no port.
const NONE: &str = "0";

/// The variables of a server. Fails if a server must not be started with these options.
///
/// # Errors
///
/// One sentence that names the setting and, after a semicolon, says what to do.
pub(crate) fn read(manifest: &Manifest, options: &Options) -> anyhow::Result<Variables> {
    let mut variables = resolve(manifest, options)?;
    let development = resolve_development(&mut variables, options)?;
    let master = Master::of(&variables)?;
    match master {
        Some(Master::Public) if !development => bail!(
            "variable {MASTER_KEY}: is the public one of every checkout; {MASTER_KEY_ADVICE}, or give \
             --development on your own machine"
        ),
        _ if development => check_local_only(&variables, options)?,
        _ => {}
    }
    if let Some(master) = &master {
        keys::fill(&mut variables, master)?;
    }
    Ok(variables)
}

/// The values of the variables. Fails if the environment sets a variable that is not declared.
pub(crate) fn resolve(manifest: &Manifest, options: &Options) -> anyhow::Result<Variables> {
    let declared = manifest.variables();
    let environment = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    if let Some(unread) = crate::config::variables::unread(declared, environment) {
        bail!("{unread}");
    }
    Variables::resolve(declared, &options.variables)
        .with_context(|| manifest.path.display().to_string())
}

/// Whether this is the machine of a developer. Sets the variables that depend on it.
pub(crate) fn resolve_development(
    variables: &mut Variables,
    options: &Options,
) -> anyhow::Result<bool> {
    if options.development || may_assume_development(variables, options) {
        variables.set(DEVELOPMENT, "true".to_owned());
    }
    let development = match variables.get(DEVELOPMENT).map(str::trim) {
        Some("true") => true,
        None => options.development,
        Some("" | "false") => false,
        Some(other) => bail!("variable {DEVELOPMENT}: is {other:?}; set it to true, or not at all"),
    };
    match variables.get(PORTS).map(str::trim) {
        Some(NONE) if development => variables.set(PORTS, "*".to_owned()),
        None | Some(NONE) => {}
        Some(_) if development => {}
        Some(_) => bail!(
            "variable {PORTS}: lets webhooks go to this machine, which only --development allows; \
             leave it out"
        ),
    }
    Ok(development)
}

/// Whether nothing suggests that this server is for others. Then it has no key of its own, no
/// trusted proxy, no PostgreSQL, no runtime config, and an address that only this machine reaches.
fn may_assume_development(variables: &Variables, options: &Options) -> bool {
    let is_unset = |name| variables.get(name).is_none_or(|value| value.trim().is_empty());
    options.assume_development
        && options.runtime_config.is_none()
        && is_unset(DEVELOPMENT)
        && is_unset("trusted_proxies")
        && databases::writers(variables).is_empty()
        && matches!(Master::of(variables), Ok(Some(Master::Public)))
        && check_local_only(variables, options).is_ok()
}

/// The notice that must appear on the screen when a server starts, if there is one.
pub(crate) fn notice(variables: &Variables) -> anyhow::Result<Option<String>> {
    let is_public = Master::of(variables)? == Some(Master::Public);
    Ok(is_public.then(|| {
        format!(
            "DEVELOPMENT: programs on this machine are served, and nobody else. For others, {MASTER_KEY_ADVICE}."
        )
    }))
}

/// Refuses development mode if others could reach the server.
fn check_local_only(variables: &Variables, options: &Options) -> anyhow::Result<()> {
    let instead = format!("for others, {MASTER_KEY_ADVICE} and leave --development out");
    ensure!(
        options.listen.ip().to_canonical().is_loopback(),
        "--development: --listen {} can be reached from other machines; listen on 127.0.0.1, or, \
         {instead}",
        options.listen
    );
    let url = variables.get("public_url").unwrap_or_default().trim();
    ensure!(
        url.is_empty() || is_loopback_url(url),
        "--development: variable public_url is {url}, where others reach this server; leave it \
         out, or, {instead}"
    );
    Ok(())
}
