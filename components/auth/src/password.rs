//! Passwords: argon2id with the parameters that OWASP recommends (19 MiB, 2 passes).

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use kit::{Error, Internal};

/// A hash of no password, for logins of unknown users: they must take as long as others.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$HmsC4DiAQn9RWDpeNUWnCsyUbB4xLAuzj4JdXKx4h64";

/// The PHC string of a password.
pub(crate) fn hash(password: &str) -> kit::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).internal()?;
    let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(Error::internal)?.to_string())
}

/// Whether it is the password of this hash. Takes as long when there is no hash.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> kit::Result<bool> {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(Error::internal)?;
    let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(matches && hash.is_some())
}
