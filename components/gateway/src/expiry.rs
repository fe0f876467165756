//! When an entry of the key-value store may be forgotten. Spin's stores have no expiry
//! (K-53), so the entry itself says it: a value in its first line, a counter, which is
//! nothing but a number, at the end of its key. A store that can forget by itself, such as
//! the host's Redis, reads it here.

const VALUE: &[u8] = b"{\"expires_at\":";

/// When a value may be forgotten, in milliseconds since the Unix epoch; `None`: never.
pub fn of_value(value: &[u8]) -> Option<u64> {
    let rest = value.strip_prefix(VALUE)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// When a counter may be forgotten, in milliseconds since the Unix epoch; `None`: never.
pub fn of_counter(key: &str) -> Option<u64> {
    let (_, seconds) = key.rsplit_once('@')?;
    seconds.parse::<u64>().ok()?.checked_mul(1000)
}

/// The key of a counter that may be forgotten at `seconds` since the Unix epoch.
pub(crate) fn counter(name: &str, seconds: u64) -> String {
    format!("{name}@{seconds}")
}

/// A value that says nothing but when it may be forgotten.
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
        assert_eq!(of_counter(&counter("limit:read:tenant_1:usr_1", 60)), Some(60_000));
        assert_eq!(of_counter("limit:read"), None);
        assert_eq!(of_counter("a@b"), None);
    }
}
