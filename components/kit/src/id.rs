//! Identifiers: `<prefix>_` and 22 base62 digits. The first part of the digits is the time, so ids
//! of one prefix sort by creation time (K-10). Clients treat them as opaque.

/// A new identifier: 48 bits of milliseconds, then 80 random bits.
///
/// # Panics
/// If the host has no randomness: then an id could repeat, so none may be made.
pub fn id(prefix: &str) -> String {
    let mut random = [0; 10];
    #[allow(clippy::expect_used, reason = "see Panics")]
    getrandom::fill(&mut random).expect("the host provides randomness");
    format!("{prefix}_{}", encode(crate::now().unsigned_abs(), random))
}

/// A new trace id (W3C Trace Context, section 3.2.2.3), for work that belongs to no request.
///
/// # Panics
/// As [`id`].
pub fn trace_id() -> String {
    let mut random = [0; 16];
    #[allow(clippy::expect_used, reason = "see Panics")]
    getrandom::fill(&mut random).expect("the host provides randomness");
    format!("{:032x}", u128::from_be_bytes(random) | 1)
}

fn encode(ms: u64, random: [u8; 10]) -> String {
    let random = random.iter().fold(0, |sum: u128, byte| sum << 8 | u128::from(*byte));
    // base62 sorts digits before upper case before lower case, as ASCII does.
    format!("{:0>22}", base62::encode(u128::from(ms) << 80 | random))
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn ids_sort_by_time_and_have_one_length() {
        let ids: Vec<String> = [0, 1, 1_700_000_000_000, 1_700_000_000_001, u64::MAX >> 16]
            .iter()
            .flat_map(|ms| [encode(*ms, [0; 10]), encode(*ms, [255; 10])])
            .collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == 22), "{ids:?}");
    }
}
