//! The key that servers of the tests sign tokens with. Making one takes `auth` a second, and each
//! server would.

use std::path::Path;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_simple::prelude::*;

use super::{seal, stores};

/// The master key of a checkout, as `spin.toml` has it.
const MASTER: &str = "ZGV2ZWxvcG1lbnQgb25seSwgbmV2ZXIgZGVwbG95ISE=";
const ID: &str = "key_OneForAllServersOfTest";
/// Where a process of a test finds the key of its run.
pub const VARIABLE: &str = "TENANTRY_TEST_KEY";

/// The sealed key and its public half, for SQL.
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

/// Gives it to a server in development that has not started yet and has made none before.
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
        // One with stores of its own.
        return;
    }
    stores::execute(data, &sql);
}
