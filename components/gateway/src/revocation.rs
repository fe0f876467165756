//! Tokens that were revoked before their end: those of members who have left or may do less,
//! of machine clients that were disabled or deleted, and of logins whose refresh token was used
//! twice. Functions write a revocation in the transaction of what ends, and publish it in the
//! key-value store, one entry for each subject (`components/kit/src/revocation.rs`); it is asked
//! whenever a token is verified, which is once a minute and token at most.
//!
//! A subject is at a version, and a token names the one that it was issued for. An entry says
//! from which version on tokens are good, so no clock decides, and a token that is issued after
//! the revocation is good at once.
//!
//! A store that was lost revives nothing: who has published all entries leaves a mark behind, and
//! where that is gone, `auth` is asked to publish them again. A store that does not answer is a
//! 503, as for keys.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Code, Error, Fault, Platform};

/// What stands before the keys of entries, `revoked:<tenant>:<subject>`.
const PREFIX: &str = "revoked:";
/// Where it is marked that all entries are in the store.
const COMPLETE: &str = "revoked:complete";
/// How long the mark need not be looked at again, in milliseconds.
const TRUSTED_MS: u64 = 1_000;
const BELOW: &str = ",\"below\":";

/// Who may be revoked, at the version that a token names.
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: i64,
}

/// When the mark was last seen, in milliseconds since the Unix epoch.
#[derive(Default)]
pub(crate) struct Revocations(AtomicU64);

impl Revocations {
    /// Whether any of them is revoked.
    pub(crate) async fn any<P: Platform>(
        &self,
        platform: &P,
        tenant: &str,
        subjects: &[Option<Subject<'_>>],
        now: u64,
    ) -> Result<bool, Error> {
        self.complete(platform, now).await?;
        for Subject { id, version } in subjects.iter().flatten() {
            let entry = platform.get(&format!("{PREFIX}{tenant}:{id}")).await.map_err(fault)?;
            if entry.as_deref().is_some_and(|entry| below(entry) > *version) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sees to it that all entries are in the store.
    async fn complete<P: Platform>(&self, platform: &P, now: u64) -> Result<(), Error> {
        let seen = self.0.load(Ordering::Relaxed);
        if (seen..seen.saturating_add(TRUSTED_MS)).contains(&now) {
            return Ok(());
        }
        if platform.get(COMPLETE).await.map_err(fault)?.is_none() {
            // It publishes the revocations with its keys. Many gateways may ask at the same moment,
            // more than `auth` lets: one that it has answered is enough for all.
            if let Err(why) = platform.ask_for_keys().await
                && platform.get(COMPLETE).await.map_err(fault)?.is_none()
            {
                return Err(fault(why));
            }
        }
        self.0.store(now, Ordering::Relaxed);
        Ok(())
    }
}

/// The first version whose tokens are good. What cannot be read revokes all.
fn below(entry: &[u8]) -> i64 {
    let text = std::str::from_utf8(entry).unwrap_or_default();
    let digits = text.split_once(BELOW).and_then(|(_, rest)| rest.strip_suffix('}'));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(i64::MAX)
}

fn fault(fault: Fault) -> Error {
    Error::internal(Code::ServiceUnavailable, format!("revocations: {fault:?}"))
}
