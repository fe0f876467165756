//! The entries of the key-value store that gateway, functions and runner share: their keys, and the
//! time at which each may be forgotten.
//!
//! Spin's stores have no expiry (K-53), so a value names its end at its beginning. A store that can
//! delete expired entries itself, such as those of the runner, reads it there. For other stores,
//! the tick deletes them.

const EXPIRES_AT: &str = "{\"expires_at\":";
const BELOW: &str = ",\"below\":";

/// The key of the published verification keys.
pub const KEYS: &str = "auth:jwks";
/// The key of the quotas that the operator has set.
pub const QUOTAS: &str = "limits:overrides";
/// The key of the mark that says that all revocations are in the store.
pub const ALL_REVOKED: &str = "revoked:complete";

/// The beginnings of the keys of all entries that expire.
pub const EXPIRING: [&str; 5] = ["audited:", "idempotency:", "limit:", "revoked:", "wrote:"];

/// The key of the mark that this audit entry was written in this hour, counted from the Unix epoch.
pub fn audited(hour: u64, what: &str) -> String {
    format!("audited:{hour}:{what}")
}

/// The key of a request with an `Idempotency-Key`: its reservation, then its answer.
pub fn idempotency(key: &str) -> String {
    format!("idempotency:{key}")
}

/// The key of the bucket of a class. `of` names whose bucket it is.
pub fn limit(class: &str, of: &str) -> String {
    format!("limit:{class}:{of}")
}

/// The key of the revocation of a subject: a user, a client or a login.
pub fn revoked(tenant: &str, subject: &str) -> String {
    format!("revoked:{tenant}:{subject}")
}

/// The key of the mark that this caller has written recently.
pub fn recent_write(tenant: &str, caller: &str) -> String {
    format!("wrote:{tenant}:{caller}")
}

/// When a value may be forgotten, in milliseconds since the Unix epoch; `None` means never.
pub fn expires_at(value: &[u8]) -> Option<u64> {
    let rest = value.strip_prefix(EXPIRES_AT.as_bytes())?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// A value whose only content is the time at which it may be forgotten.
pub fn mark(expires_at: u64) -> Vec<u8> {
    format!("{EXPIRES_AT}{expires_at}}}").into_bytes()
}

/// The mark of one writer among several: nobody else writes the same value.
pub fn mark_by(expires_at: u64, writer: &str) -> Vec<u8> {
    format!("{EXPIRES_AT}{expires_at},\"by\":\"{writer}\"}}").into_bytes()
}

/// The value of a revocation. Tokens that were issued at a version below `below` are not valid.
pub fn revocation(expires_at: i64, below: i64) -> Vec<u8> {
    format!("{EXPIRES_AT}{expires_at}{BELOW}{below}}}").into_bytes()
}

/// The first version whose tokens are valid. An unreadable value revokes all versions.
pub fn valid_from(revocation: &[u8]) -> i64 {
    let text = std::str::from_utf8(revocation).unwrap_or_default();
    let digits = text.split_once(BELOW).and_then(|(_, rest)| rest.strip_suffix('}'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_say_when_they_may_be_forgotten() {
        assert_eq!(expires_at(&mark(17)), Some(17));
        assert_eq!(expires_at(&mark_by(17, "me")), Some(17));
        assert_eq!(expires_at(b"{\"expires_at\":17,\"fingerprint\":\"x\"}\nbody"), Some(17));
        assert_eq!(expires_at(b"{\"keys\":[]}"), None);
        assert_eq!(expires_at(b"{\"expires_at\":99999999999999999999}"), None);
    }

    #[test]
    fn an_unreadable_revocation_revokes_all() {
        assert_eq!(valid_from(&revocation(17, 3)), 3);
        assert_eq!(expires_at(&revocation(17, 3)), Some(17));
        for broken in [&b""[..], b"{}", b"{\"expires_at\":17,\"below\":", b"{\"expires_at\":17}"] {
            assert_eq!(valid_from(broken), i64::MAX);
        }
    }

    #[test]
    fn what_expires_is_swept() {
        let keys = [audited(1, "x"), idempotency("x"), limit("x", "y"), revoked("x", "y")];
        for key in keys.into_iter().chain([recent_write("x", "y")]) {
            assert!(EXPIRING.iter().any(|prefix| key.starts_with(prefix)), "{key}");
        }
        for key in [KEYS, QUOTAS] {
            assert!(!EXPIRING.iter().any(|prefix| key.starts_with(prefix)), "{key}");
        }
    }
}
