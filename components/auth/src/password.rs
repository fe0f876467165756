//! Passwords: argon2id with the parameters that OWASP recommends (19 MiB, 2 passes).

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use kit::text::nfc;
use kit::{Error, Internal};

/// A hash of no password, for logins of unknown users: they must take as long as others.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm8$HmsC4DiAQn9RWDpeNUWnCsyUbB4xLAuzj4JdXKx4h64";

/// The PHC string of a password. One that is typed on another keyboard, which composes its
/// characters in another way, is the same (NFC, K-12; RFC 8265 section 4.2.2).
pub(crate) fn hash(password: &str) -> kit::Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).internal()?;
    let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
    let hash = Argon2::default().hash_password(nfc(password).as_bytes(), &salt);
    Ok(hash.map_err(Error::internal)?.to_string())
}

/// Whether it is the password of this hash. Takes as long when there is no hash.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> kit::Result<bool> {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY)).map_err(Error::internal)?;
    let is =
        |password: &str| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    let normal = nfc(password);
    // As it was typed: so passwords were hashed before they were normalised.
    let matches = is(&normal) || normal != password && is(password);
    Ok(matches && hash.is_some())
}
