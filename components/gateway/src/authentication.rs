//! Authentication: a bearer access token, RS256 with the keys that `auth` publishes (C-11, E-55,
//! K-36). Any other algorithm is refused before a key is looked up.
//!
//! A verified token is remembered until it expires, but for at most a minute, because RS256 costs
//! 150 µs natively and a millisecond in WebAssembly. Each verification also checks whether the
//! token was revoked (`revocation.rs`). So a revocation takes effect within that minute. The memory
//! maps a whole token to its own caller, so no data of one tenant can reach another.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;
use jwt_simple::prelude::*;
use protocol::{entry, note};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::key_set::{KeySet, Refused};
use crate::revocation::{Revocations, Subject};
use crate::router::Route;
use crate::trace::{Seen, hex};
use crate::{Caller, Code, Error, Fault, Grant, Platform, Principal};

const REMEMBERED: usize = 4096;
const REMEMBER_MS: u64 = 60_000;
/// The shortest time between two searches of the published keys for an unknown `kid`.
const REFRESH_MS: u64 = 1_000;
/// How far the clock of the issuing host may be ahead of ours, in milliseconds. RFC 7519 section
/// 4.1.5 allows "no more than a few minutes".
const SKEW_MS: u64 = 60_000;
/// The longest life of a token that the issuer grants, in milliseconds (K-35).
const LONGEST_MS: u64 = 3_600_000;

/// The log line for the operator if the store has a key set that `auth` has not signed.
const FORGED: &str = concat!(
    r#"{"level":"warn","message":"the verification keys in the key-value store (auth:jwks) are not "#,
    r#"signed by auth: something else has written them, or the variable keys_verifier is not that "#,
    r#"of the master key (tenantry keys)"}"#
);
const MISMATCH: &str = "auth signs with another key: set the variable keys_verifier \
    (SPIN_VARIABLE_KEYS_VERIFIER) to what `tenantry keys` prints for its master key";

/// Verified tokens, the published keys, and the known state of the revocations.
#[derive(Default)]
pub(crate) struct Tokens {
    verified: Mutex<HashMap<String, Arc<Verified>>>,
    keys: Mutex<Keys>,
    revocations: Revocations,
}

#[derive(Default)]
struct Keys {
    by_id: KeySet,
    loaded: u64,
}

/// The content of a verified token.
pub(crate) struct Verified {
    pub(crate) caller: Caller,
    /// The subjects that a revocation of the token may name, as functions read them
    /// ([`note::credential`]).
    pub(crate) credential: String,
    principal_hash: String,
    /// Milliseconds since the epoch.
    issued_at: u64,
    /// Milliseconds since the epoch.
    until: u64,
}

impl Verified {
    /// Whether the token need not be verified again. If a clock was set back, then it must be.
    fn holds(&self, now: u64) -> bool {
        (now + 1..=now + REMEMBER_MS).contains(&self.until)
    }
}

/// The claims besides the registered ones (K-36).
#[derive(Serialize, Deserialize)]
struct Claims {
    tenant_id: String,
    #[serde(default)]
    client_id: Option<String>,
    /// The login that the token descends from.
    #[serde(default)]
    sid: Option<String>,
    /// The version of the user or client when the token was issued.
    #[serde(default)]
    ver: i64,
    /// The member whose end is also the end of the machine client. `owner_ver` is the version of
    /// this member.
    #[serde(default)]
    owner_id: Option<String>,
    #[serde(default)]
    owner_ver: i64,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    plan: Option<String>,
}

impl Tokens {
    /// The caller of an operation; `None` only for public operations, which ignore bearer tokens.
    pub(crate) async fn authenticate<P: Platform>(
        &self,
        platform: &P,
        config: &Config,
        parts: &Parts,
        route: &Route<'_>,
        seen: &mut Seen,
    ) -> Result<Option<Caller>, Error> {
        if route.operation.public {
            return Ok(None);
        }
        let token = bearer(parts)?;
        let now = platform.now();
        let verified = match self.recall(token, now) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.verify(platform, config, token, now).await?);
                self.remember(token, &verified, now);
                verified
            }
        };
        seen.tenant = Some(verified.caller.tenant.clone());
        seen.principal_hash = Some(verified.principal_hash.clone());
        seen.issued_at = verified.issued_at;
        let caller = verified.caller.clone();
        seen.verified = Some(verified);
        Ok(Some(caller))
    }

    fn recall(&self, token: &str, now: u64) -> Option<Arc<Verified>> {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(token).filter(|verified| verified.holds(now)).cloned()
    }

    fn remember(&self, token: &str, verified: &Arc<Verified>, now: u64) {
        let mut map = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= REMEMBERED {
            map.retain(|_, verified| verified.holds(now));
        }
        if map.len() < REMEMBERED {
            map.insert(token.to_owned(), Arc::clone(verified));
        }
    }

    async fn verify<P: Platform>(
        &self,
        platform: &P,
        config: &Config,
        token: &str,
        now: u64,
    ) -> Result<Verified, Error> {
        let metadata = Token::decode_metadata(token).map_err(|_| invalid("is not a JWT"))?;
        if metadata.algorithm() != "RS256" {
            return Err(invalid("is not signed with RS256"));
        }
        let id = metadata.key_id().ok_or_else(|| invalid("names no key"))?;
        let key = self
            .key(platform, config, id, now)
            .await?
            .ok_or_else(|| invalid("has an unknown key"))?;
        let options = VerificationOptions {
            allowed_issuers: Some(HashSet::from([config.issuer.clone()])),
            allowed_audiences: Some(HashSet::from([config.audience.clone()])),
            time_tolerance: Some(Duration::from_secs(0)),
            // `lifetime` checks this, with a tolerance of its own.
            accept_future: true,
            artificial_time: Some(UnixTimeStamp::from_secs(now / 1000)),
            ..VerificationOptions::default()
        };
        let claims = key
            .verify_token::<Claims>(token, Some(options))
            .map_err(|_| invalid("is forged, expired or of another issuer or audience"))?;
        let expires = lifetime(&claims, now)?;
        let subject = claims.subject.ok_or_else(|| invalid("has no subject"))?;
        let custom = claims.custom;
        let who = custom.client_id.as_ref().unwrap_or(&subject);
        // A login is revoked as a whole, so it has no versions.
        let login = custom.sid.as_deref().map(|id| Subject { id, version: 0 });
        let owner = custom.owner_id.as_deref();
        let owner = owner.map(|id| Subject { id, version: custom.owner_ver });
        let subjects = [Some(Subject { id: who, version: custom.ver }), login, owner];
        let revoked = self.revocations.any(platform, &custom.tenant_id, &subjects, now);
        if revoked.await? {
            return Err(invalid("was revoked"));
        }
        let credential = note::credential(subjects.iter().flatten().map(|it| (it.id, it.version)));
        let principal = match custom.client_id {
            Some(client) => Principal::Client(client),
            None => Principal::User(subject.clone()),
        };
        let grants = (custom.roles.into_iter().map(Grant::Role))
            .chain(custom.scopes.into_iter().map(Grant::Scope))
            .chain(custom.plan.into_iter().map(Grant::Plan));
        Ok(Verified {
            issued_at: claims.issued_at.map_or(0, |moment| moment.as_millis()),
            principal_hash: hex(&Sha256::digest(subject)[..8]),
            caller: Caller { tenant: custom.tenant_id, principal, grants: grants.collect() },
            credential,
            until: expires.min(now + REMEMBER_MS),
        })
    }

    /// The published key with this id. It is looked up again if it is unknown or a minute old.
    async fn key<P: Platform>(
        &self,
        platform: &P,
        config: &Config,
        id: &str,
        now: u64,
    ) -> Result<Option<Arc<RS256PublicKey>>, Error> {
        {
            let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            // If the clock was set back, then the age is unknown, and the keys are read again.
            let age = now.checked_sub(keys.loaded).unwrap_or(u64::MAX);
            let known = keys.by_id.get(id).cloned();
            if (known.is_some() && age < REMEMBER_MS) || (known.is_none() && age < REFRESH_MS) {
                return Ok(known);
            }
        }
        let unset = |why: &str| {
            Error::because(Code::ServiceUnavailable, format!("verification keys: {why}"))
        };
        let fault = |fault: Fault| unset(&format!("{fault:?}"));
        // The lock is not held here. Requests that come meanwhile read the keys too, so they are
        // not refused for a key that is being read.
        let Some(verifier) = &config.keys_verifier else {
            return Err(unset("the variable keys_verifier is not set"));
        };
        let stored = match platform.get(entry::KEYS).await.map_err(fault)? {
            Some(document) => match verifier.read(&document, Some(now)) {
                Ok(keys) => Some(keys),
                Err(Refused::Stale) => None,
                Err(Refused::Forged) => {
                    platform.log(FORGED);
                    None
                }
            },
            None => None,
        };
        let by_id = match stored {
            Some(keys) if keys.contains_key(id) => keys,
            // The store has lost the set, or it has one from before a rotation.
            stored => match (platform.ask_for_keys().await, stored) {
                (Ok(document), _) => verifier.read(&document, None).map_err(|_| unset(MISMATCH))?,
                (Err(_), Some(keys)) => keys,
                (Err(why), None) => return Err(fault(why)),
            },
        };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *keys = Keys { by_id, loaded: now };
        Ok(keys.by_id.get(id).cloned())
    }
}

/// The end of a token, in milliseconds since the Unix epoch, if its times make it valid now. The
/// end itself is checked before. `iat` may be in the future: if a clock was set back, then our own
/// tokens, which have no `nbf`, look like this, and nobody must be locked out.
fn lifetime(claims: &JWTClaims<Claims>, now: u64) -> Result<u64, Error> {
    let latest = now + SKEW_MS;
    let expires = claims.expires_at.ok_or_else(|| invalid("never expires"))?.as_millis();
    let issued = claims.issued_at.ok_or_else(|| invalid("does not say when it was issued"))?;
    let issued = issued.as_millis();
    if claims.invalid_before.is_some_and(|moment| moment.as_millis() > latest) {
        return Err(invalid("is not valid yet"));
    }
    if expires.saturating_sub(issued) > LONGEST_MS {
        return Err(invalid("lives longer than the issuer lets it"));
    }
    Ok(expires)
}

fn bearer(parts: &Parts) -> Result<&str, Error> {
    let missing = || {
        Error::new(
            Code::AuthenticationRequired,
            "Send an access token: `Authorization: Bearer <token>`; POST /api/v1/auth/login gives one.",
        )
    };
    let value = parts.headers.get("authorization").ok_or_else(missing)?;
    let value = value.to_str().map_err(|_| invalid("is not ASCII"))?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    match token.trim() {
        "" => Err(missing()),
        token => Ok(token),
    }
}

fn invalid(why: &str) -> Error {
    Error::new(Code::InvalidToken, format!("The access token {why}."))
}
