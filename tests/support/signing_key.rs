//! The key with which servers of the tests sign tokens. Otherwise each server would need a second
//! of `auth` to make one.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_simple::prelude::*;

use super::{seal, stores};

/// The master key of a fresh checkout, as in `spin.toml`.
const MASTER: &str = "ZGV2ZWxvcG1lbnQgb25seSwgbmV2ZXIgZGVwbG95ISE=";
const ID: &str = "key_OneForAllServersOfTest";
/// The variable with which a test process gets the key of its run.
pub const VARIABLE: &str = "TENANTRY_TEST_KEY";

/// The sealed key and its public half, as SQL values.
static COLUMNS: LazyLock<String> =
    LazyLock::new(|| std::env::var(VARIABLE).unwrap_or_else(|_| make()));

pub fn columns() -> &'static str {
    &COLUMNS
}

fn make() -> String {
    let key = RS256KeyPair::generate(2048).unwrap();
    let sealed = seal::seal(&master(), ID, &key.to_der().unwrap());
    let public = key.public_key().with_key_id(ID).to_jwk();
    format!("'{}', '{public}'", STANDARD.encode(sealed))
}

pub fn master() -> Vec<u8> {
    STANDARD.decode(MASTER).unwrap()
}

/// Gives the key to a server in development that has not started yet and has no key.
pub fn give(data: &Path) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let sql = format!(
        "INSERT INTO signing_keys (id, sealed, public_jwk, created_at) \
         SELECT '{ID}', {}, {now} WHERE NOT EXISTS (SELECT 1 FROM signing_keys)",
        columns()
    );
    if !stores::external() {
        stores::with_schema(data);
    } else if !data.join("database").exists() {
        // This server has stores of its own.
        return;
    }
    stores::execute(data, &sql);
}
