//! Keys that are derived from the master key, each for one purpose (HKDF-SHA256, RFC 5869). From a
//! derived key nobody can compute the master key or another derived key.
//! `components/kit/src/seal.rs` derives the same keys.

use crate::config::master::Master;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::Variables;
use crate::preflight::databases;
use crate::stores::postgres;
use crate::stores::sqlite::copy;
use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, Seed};
use hkdf::Hkdf;
use sha2::Sha256;
use std::path::Path;

/// The variable that holds the public key with which gateways verify what `auth` has signed.
const KEYS_VERIFIER: &str = "keys_verifier";
/// The variable with the key that `webhooks` and `integrations` seal with, and the variable with the
/// key that older releases sealed with.
const SEALING_KEY: &str = "sealing_key";
const PREVIOUS_SEALING_KEY: &str = "sealing_key_before";

fn derived(master: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, master)
        .expand(format!("tenantry {purpose}").as_bytes(), &mut key)
        .expect("32 bytes are not too many");
    key
}

/// The public half of the key that `auth` signs key sets with, in base64.
fn verifier(master: &[u8; 32]) -> String {
    let pair = KeyPair::from_seed(Seed::new(derived(master, "key set")));
    STANDARD.encode(*pair.pk)
}

/// The variables that are derived from a master key, with their values.
fn of(master: &[u8; 32]) -> [(&'static str, String); 2] {
    [(KEYS_VERIFIER, verifier(master)), (SEALING_KEY, STANDARD.encode(derived(master, "webhooks")))]
}

/// The environment variables that an operator sets on Spin beside the master key. The runner
/// derives them by itself.
///
/// # Errors
/// The key is not 32 bytes in base64.
pub fn keys(master_key: &str) -> anyhow::Result<Vec<(String, String)>> {
    let all = of(Master::read(master_key)?.bytes())
        .map(|(name, value)| (format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value));
    Ok(all.into())
}

/// Sets the derived variables that the manifest has.
///
/// # Errors
///
/// A variable is set to a value that does not come from this master key.
pub(crate) fn fill(variables: &mut Variables, master: &Master) -> anyhow::Result<()> {
    // The defaults of the manifest are those of the public key.
    let defaults = of(Master::Public.bytes());
    for ((name, value), (_, default)) in of(master.bytes()).into_iter().zip(defaults) {
        let held = variables.get(name).map(str::trim).unwrap_or_default();
        ensure!(
            held.is_empty() || held == value || held == default,
            "variable {name}: does not match master_key; leave it out, because the runner derives \
             it"
        );
        variables.set(name, value);
    }
    Ok(())
}

/// Gives `webhooks` and `integrations` the master key as long as the database has secrets that are
/// sealed with it.
pub(crate) async fn remember(
    variables: &mut Variables,
    config: &RuntimeConfig,
) -> anyhow::Result<()> {
    let given = variables.get(PREVIOUS_SEALING_KEY).is_none_or(|text| !text.trim().is_empty());
    let Some(master) = Master::of(variables)?.filter(|_| !given) else { return Ok(()) };
    let writers = databases::writers(variables);
    // The access of all functions, or the one of `webhooks`.
    let mut able = writers.iter().filter(|it| it.function.is_none_or(|name| name == "webhooks"));
    let old = match able.next() {
        Some(access) => {
            let sql = "SELECT tenantry_has_seals_of_the_master_key()";
            postgres::connect(access.url).await?.query_one(sql, &[]).await?.get(0)
        }
        None => in_file(config.default_database()?).unwrap_or(false),
    };
    if old {
        variables.set(PREVIOUS_SEALING_KEY, STANDARD.encode(master.bytes()));
    }
    Ok(())
}

/// Whether the database file has secrets that are sealed with the master key. Fails if the file or
/// its tables do not exist yet.
fn in_file(database: &Path) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM webhook_secrets WHERE sealed NOT LIKE '2.%') \
               OR EXISTS (SELECT 1 FROM integration_secrets WHERE sealed NOT LIKE '2.%') \
               OR EXISTS (SELECT 1 FROM integration_connections WHERE sealed NOT LIKE '2.%')";
    copy::open(database)?.query_row(sql, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_has_what_follows_from_its_master_key() {
        let manifest: toml::Table = include_str!("../../../spin.toml").parse().expect("a manifest");
        for (name, value) in of(Master::Public.bytes()) {
            let default = &manifest["variables"][name]["default"];
            assert_eq!(default.as_str(), Some(value.as_str()), "{name}");
        }
    }
}
