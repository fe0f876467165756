//! The content of a token whose signature was verified.

use protocol::Caller;

/// How long a token is remembered at most, in milliseconds.
pub(crate) const CACHE_MS: u64 = 60_000;

/// The content of a verified token.
pub(crate) struct Verified {
    pub(crate) caller: Caller,
    /// The subjects that a revocation of the token may name, as functions read them
    /// ([`protocol::metadata::credential`]).
    pub(crate) credential: String,
    /// The SHA-256 of the principal, shortened, because logs must hold no identity.
    pub(crate) principal_hash: String,
    /// Milliseconds since the epoch.
    pub(crate) issued_at: u64,
    /// The time until which the token is remembered, in milliseconds since the epoch.
    pub(crate) until: u64,
}

impl Verified {
    /// Whether the token need not be verified again. If a clock was set back, then it must be.
    pub(crate) fn is_valid(&self, now: u64) -> bool {
        (now + 1..=now + CACHE_MS).contains(&self.until)
    }
}
