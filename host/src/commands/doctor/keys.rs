//! Checks of the master key: whether it opens what was sealed with it.

use super::finding::Finding;
use crate::config::master::{MASTER_KEY_ADVICE, Master};
use crate::config::variables::Variables;
use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const NONCE: usize = 12;

pub(super) fn master(variables: &Variables, development: bool) -> Finding {
    let make =
        format!("{MASTER_KEY_ADVICE}, the same on every host, and keep it apart from the backups");
    match Master::of(variables) {
        Err(_) => Finding::fail("master key", "is not 32 bytes in base64", &make),
        Ok(Some(Master::Public)) if development => Finding::warn(
            "master key",
            "is the public one of development: only programs on this machine are served",
            &make,
        ),
        Ok(Some(Master::Public)) => Finding::fail(
            "master key",
            "is the public one of every checkout, with which a server starts in development only",
            &format!("{make}, or start it with --development"),
        ),
        Ok(_) => Finding::pass("master key", "is set"),
    }
}

/// Whether the master key opens the newest signing key.
pub(super) fn signing(variables: &Variables, sealed: Option<(String, String)>) -> Finding {
    let Some((id, sealed)) = sealed else {
        return Finding::pass("signing key", "is made at the first login");
    };
    let master = Master::of(variables).ok().flatten();
    match master.and_then(|master| open(master.bytes(), &id, &sealed)) {
        Some(_) => {
            Finding::pass("signing key", format!("{id} can be decrypted with the master key"))
        }
        None => Finding::fail(
            "signing key",
            format!("{id} cannot be decrypted: it was encrypted with another master key"),
            "set SPIN_VARIABLE_MASTER_KEY to the key that the other hosts have, or had",
        ),
    }
}

fn open(master: &[u8], id: &str, sealed: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(sealed).ok()?;
    let (nonce, cipher) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: cipher, aad: id.as_bytes() };
    let cipher = Aes256Gcm::new_from_slice(master).ok()?;
    cipher.decrypt(&Nonce::from(*nonce), payload).ok()
}

#[cfg(test)]
mod tests {
    use super::open;

    /// Values that any release has sealed must open. OpenSSL's AES-256-GCM made this one.
    #[test]
    fn what_others_have_sealed_opens() {
        let key = b"thirty-two bytes are a key here.";
        let sealed = "AAECAwQFBgcICQoLhfgNsD4pngSgshQF6n8xRugdJCa4/cR71yOdocs=";
        assert_eq!(open(key, "webhook:whk_1", sealed).as_deref(), Some(&b"whsec_example"[..]));
        assert_eq!(open(key, "webhook:whk_2", sealed), None);
    }
}
