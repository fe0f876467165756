//! Identifiers: `<prefix>_` and 22 base62 digits, the first part of which is the time, so
//! that ids of one prefix sort by their making (K-10). Clients treat them as opaque.

/// A new identifier: 48 bits of milliseconds, then 80 random bits.
///
/// # Panics
/// When the host has no randomness: an id that could repeat must not be made.
pub fn id(prefix: &str) -> String {
    let mut random = [0; 10];
    #[allow(clippy::expect_used, reason = "see Panics")]
    getrandom::fill(&mut random).expect("the host provides randomness");
    format!("{prefix}_{}", encode(crate::now().unsigned_abs(), random))
}

/// A new trace id (W3C Trace Context, section 3.2.2.3), for work that is of no request.
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
    // base62 sorts digits before upper before lower case, as ASCII does.
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
