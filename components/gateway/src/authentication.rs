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
use protocol::{Caller, Code, Error, Grants, Principal, metadata};
use sha2::{Digest, Sha256};

use crate::key_set::Keys;
use crate::platform::Platform;
use crate::record::Record;
use crate::revocation::{Revocations, Subject};
use crate::router::Route;
use crate::settings::Settings;
use crate::verified::{CACHE_MS, Verified};

/// The most tokens that are remembered.
const MAX_CACHED: usize = 4096;
/// How far the clock of the issuing host may be ahead of ours, in milliseconds. RFC 7519 section
/// 4.1.5 allows "no more than a few minutes".
const SKEW_MS: u64 = 60_000;
/// The longest life of a token that the issuer grants, in milliseconds (K-35).
const MAX_LIFETIME_MS: u64 = 3_600_000;

/// Which tokens are accepted, the published keys, verified tokens, and the known state of the
/// revocations.
pub(crate) struct Tokens {
    /// `iss` of the tokens that are accepted.
    issuer: String,
    /// `aud` of the tokens that are accepted.
    audience: String,
    keys: Keys,
    /// The hash is fast and can be guessed. Nobody can choose these keys, because they are verified.
    verified: Mutex<HashMap<String, Arc<Verified>, foldhash::fast::RandomState>>,
    revocations: Revocations,
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
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        Ok(Self {
            issuer: settings.text("token_issuer", "tenantry").await,
            audience: settings.text("token_audience", "tenantry").await,
            keys: Keys::load(settings).await?,
            verified: Mutex::default(),
            revocations: Revocations::default(),
        })
    }

    /// The caller of an operation; `None` only for public operations, which ignore bearer tokens.
    pub(crate) async fn authenticate<P: Platform>(
        &self,
        platform: &P,
        parts: &Parts,
        route: &Route<'_>,
        record: &mut Record,
    ) -> Result<Option<Caller>, Error> {
        if route.operation.public {
            return Ok(None);
        }
        let token = bearer(parts)?;
        let now = platform.now();
        let verified = match self.cached(token, now) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.verify(platform, token, now).await?);
                self.cache(token, &verified, now);
                verified
            }
        };
        let caller = verified.caller.clone();
        record.verified = Some(verified);
        Ok(Some(caller))
    }

    fn cached(&self, token: &str, now: u64) -> Option<Arc<Verified>> {
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.get(token).filter(|verified| verified.is_valid(now)).cloned()
    }

    fn cache(&self, token: &str, verified: &Arc<Verified>, now: u64) {
        let mut map = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_CACHED {
            map.retain(|_, verified| verified.is_valid(now));
        }
        if map.len() < MAX_CACHED {
            map.insert(token.to_owned(), Arc::clone(verified));
        }
    }

    async fn verify<P: Platform>(
        &self,
        platform: &P,
        token: &str,
        now: u64,
    ) -> Result<Verified, Error> {
        let metadata = Token::decode_metadata(token).map_err(|_| invalid("is not a JWT"))?;
        if metadata.algorithm() != "RS256" {
            return Err(invalid("is not signed with RS256"));
        }
        let id = metadata.key_id().ok_or_else(|| invalid("names no key"))?;
        let key = self.keys.find(platform, id, now).await?;
        let key = key.ok_or_else(|| invalid("has an unknown key"))?;
        let options = VerificationOptions {
            allowed_issuers: Some(HashSet::from([self.issuer.clone()])),
            allowed_audiences: Some(HashSet::from([self.audience.clone()])),
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
        let credential =
            metadata::credential(subjects.iter().flatten().map(|it| (it.id, it.version)));
        let principal = match custom.client_id {
            Some(client) => Principal::Client(client),
            None => Principal::User(subject.clone()),
        };
        let (scopes, roles) = (&custom.scopes, &custom.roles);
        let (scopes, roles) = (scopes.iter().map(String::as_str), roles.iter().map(String::as_str));
        let grants = Grants::new(scopes, roles, custom.plan.as_deref());
        Ok(Verified {
            issued_at: claims.issued_at.map_or(0, |moment| moment.as_millis()),
            principal_hash: hex::encode(&Sha256::digest(subject)[..8]),
            caller: Caller { tenant: custom.tenant_id, principal, grants },
            credential,
            until: expires.min(now + CACHE_MS),
        })
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
    if expires.saturating_sub(issued) > MAX_LIFETIME_MS {
        return Err(invalid("is valid for longer than the issuer allows"));
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
