//! The time at which an entry of the key-value store may be forgotten. Spin's stores have no expiry
//! (K-53), so each value names this time at its beginning. A store that can delete expired entries
//! itself, such as those of the host, reads it here. For other stores, the tick deletes them.

const VALUE: &[u8] = b"{\"expires_at\":";

/// When a value may be forgotten, in milliseconds since the Unix epoch; `None` means never.
pub fn of_value(value: &[u8]) -> Option<u64> {
    let rest = value.strip_prefix(VALUE)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// A value whose only content is the time at which it may be forgotten.
pub(crate) fn mark(expires_at: u64) -> Vec<u8> {
    format!("{{\"expires_at\":{expires_at}}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_say_when_they_may_be_forgotten() {
        assert_eq!(of_value(&mark(17)), Some(17));
        assert_eq!(of_value(b"{\"expires_at\":17,\"fingerprint\":\"x\"}\nbody"), Some(17));
        assert_eq!(of_value(b"{\"keys\":[]}"), None);
        assert_eq!(of_value(b"{\"expires_at\":99999999999999999999}"), None);
    }
}
