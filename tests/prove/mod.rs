//! Proofs: what must hold whatever happens, held against histories that nobody has thought of.
//! Each has a short run among the tests, which always asks for the same; `scripts/prove` gives
//! longer ones, and tells the seed that repeats them.

mod clock;
pub mod crash;
mod leak;
mod limits;
mod memory;

use std::time::{Duration, Instant};

/// Randomness of the seed that `scripts/prove` gave, else always the same. Each proof has its
/// own, so that one that runs alone does what it did among the others.
///
/// The seed fixes what is asked for and when; how the machine interleaves it, nobody does.
pub fn random(proof: &str) -> fastrand::Rng {
    let seed = number("TENANTRY_PROVE_SEED").unwrap_or(1);
    // FNV-1a: the hasher of the standard library promises no stable value.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    fastrand::Rng::with_seed(proof.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, step))
}

/// The numbers of the rounds: so many among the tests, as many or for as long as
/// `scripts/prove` was asked for.
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
