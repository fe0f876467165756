//! Tokens that were revoked before their end: those of members who have left or lost rights, of
//! machine clients that were disabled or deleted, and of logins whose refresh token was used twice.
//!
//! Functions write a revocation in the transaction that ends the right. They publish it in the
//! key-value store, one entry for each subject (`components/kit/src/revocation.rs`). The gateway
//! reads the entries whenever it verifies a token, which is at most once a minute for each token.
//!
//! A subject has a version, and a token names the version that it was issued for. An entry names
//! the first version whose tokens are valid. So no clock decides, and a token that is issued after
//! the revocation is valid at once.
//!
//! A lost store does not make revoked tokens valid again. When all entries are published, a mark is
//! set in the store. If the mark is gone, then the gateway asks `auth` to publish them again. If
//! the store does not answer, then the request gets a 503, as for keys.

use std::sync::atomic::{AtomicU64, Ordering};

use protocol::{Code, Error, entry};

use crate::platform::{Fault, Platform};

/// How long a mark that was seen counts without another look, in milliseconds.
const TRUSTED_MS: u64 = 1_000;

/// A subject that a revocation may name, at the version that the token names.
pub(crate) struct Subject<'a> {
    pub(crate) id: &'a str,
    pub(crate) version: i64,
}

/// When the mark was last seen, in milliseconds since the Unix epoch.
#[derive(Default)]
pub(crate) struct Revocations(AtomicU64);

impl Revocations {
    /// Whether the token of any of these subjects is revoked.
    pub(crate) async fn any<P: Platform>(
        &self,
        platform: &P,
        tenant: &str,
        subjects: &[Option<Subject<'_>>],
        now: u64,
    ) -> Result<bool, Error> {
        self.complete(platform, now).await?;
        for Subject { id, version } in subjects.iter().flatten() {
            let held = platform.get(&entry::revoked(tenant, id)).await.map_err(fault)?;
            if held.as_deref().is_some_and(|held| entry::valid_from(held) > *version) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes sure that all entries are in the store.
    async fn complete<P: Platform>(&self, platform: &P, now: u64) -> Result<(), Error> {
        let seen = self.0.load(Ordering::Relaxed);
        if (seen..seen.saturating_add(TRUSTED_MS)).contains(&now) {
            return Ok(());
        }
        if platform.get(entry::ALL_REVOKED).await.map_err(fault)?.is_none() {
            // `auth` publishes the revocations together with its keys. Many gateways may ask at the
            // same moment, and `auth` may refuse some of them. Then one that it has answered is
            // enough for all.
            if let Err(why) = platform.fetch_keys().await
                && platform.get(entry::ALL_REVOKED).await.map_err(fault)?.is_none()
            {
                return Err(fault(why));
            }
        }
        self.0.store(now, Ordering::Relaxed);
        Ok(())
    }
}

fn fault(fault: Fault) -> Error {
    Error::because(Code::ServiceUnavailable, format!("revocations: {fault:?}"))
}
