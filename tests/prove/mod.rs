//! Proofs: properties that must always hold, tested with random histories of requests. Each proof
//! has a short run in the ordinary tests, which always sends the same requests. `scripts/prove`
//! runs longer ones, and prints the seed that repeats them.

mod clock;
pub mod crash;
mod leak;
mod limits;
mod memory;

use std::time::{Duration, Instant};

/// A random generator with the seed that `scripts/prove` gave, or else with a fixed seed. Each
/// proof has its own generator, so that a proof sends the same requests alone and among the others.
///
/// The seed determines which requests are sent, and when. It does not determine how the machine
/// interleaves them.
pub fn random(proof: &str) -> fastrand::Rng {
    let seed = number("TENANTRY_PROVE_SEED").unwrap_or(1);
    // FNV-1a, because the hasher of the standard library does not promise a stable value.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    fastrand::Rng::with_seed(proof.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, step))
}

/// The numbers of the rounds: this many in the ordinary tests, and otherwise as many, or for as
/// long, as `scripts/prove` was asked to run.
pub fn rounds(among_the_tests: u64) -> impl Iterator<Item = u64> {
    let count = number("TENANTRY_PROVE_ROUNDS").unwrap_or(among_the_tests);
    let minutes = number("TENANTRY_PROVE_MINUTES");
    let end = minutes.map(|minutes| Instant::now() + Duration::from_mins(minutes));
    (0..).take_while(move |round| match end {
        Some(end) => Instant::now() < end,
        None => *round < count,
    })
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: is no number")))
}
