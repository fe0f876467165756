//! Bearer tokens: RS256, verified with the keys of the database, and remembered for a minute.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use http::{HeaderMap, header};
use jwt_simple::prelude::*;
use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::caller::Caller;
use super::problem::{Problem, problem};
use super::store::Store;

const REMEMBERED: usize = 4096;
const REMEMBER_MS: u64 = 60_000;
/// The shortest time between two reads of the keys because of an unknown key.
const REFRESH_MS: u64 = 5_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    tenant_id: String,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

/// Verified tokens and the keys.
#[derive(Default)]
pub(super) struct Tokens {
    verified: RwLock<HashMap<String, Arc<Caller>>>,
    keys: Mutex<(u64, HashMap<String, Arc<RS256PublicKey>>)>,
}

impl Tokens {
    /// The caller that the token names.
    pub(super) async fn authenticate(
        &self,
        store: &Store,
        headers: &HeaderMap,
        now: u64,
    ) -> Result<Arc<Caller>, Problem> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
            })
            .ok_or_else(|| problem(401, "authentication_required", "Send an access token."))?
            .1
            .trim();
        let known = self.verified.read().get(token).filter(|caller| caller.until > now).cloned();
        if let Some(caller) = known {
            return Ok(caller);
        }
        let caller = Arc::new(self.verify(store, token, now).await?);
        let mut verified = self.verified.write();
        if verified.len() >= REMEMBERED {
            verified.retain(|_, caller| caller.until > now);
        }
        if verified.len() < REMEMBERED {
            verified.insert(token.to_owned(), caller.clone());
        }
        Ok(caller)
    }

    async fn verify(&self, store: &Store, token: &str, now: u64) -> Result<Caller, Problem> {
        let invalid = |_| invalid();
        let metadata = Token::decode_metadata(token).map_err(invalid)?;
        let key = match metadata.key_id() {
            Some(id) if metadata.algorithm() == "RS256" => self.key(store, id, now).await?,
            _ => None,
        };
        let options = VerificationOptions {
            allowed_issuers: Some(HashSet::from(["tenantry".to_owned()])),
            allowed_audiences: Some(HashSet::from(["tenantry".to_owned()])),
            time_tolerance: Some(Duration::from_secs(0)),
            accept_future: true,
            ..VerificationOptions::default()
        };
        let key = key.ok_or_else(self::invalid)?;
        let claims = key.verify_token::<Claims>(token, Some(options)).map_err(invalid)?;
        let expires = claims.expires_at.ok_or_else(self::invalid)?.as_millis();
        let subject = claims.subject.ok_or_else(self::invalid)?;
        Ok(Caller {
            tenant: claims.custom.tenant_id,
            scopes: claims.custom.scopes,
            hash: hex::encode(&Sha256::digest(&subject)[..8]),
            id: claims.custom.client_id.unwrap_or(subject),
            until: expires.min(now + REMEMBER_MS),
        })
    }

    async fn key(
        &self,
        store: &Store,
        id: &str,
        now: u64,
    ) -> Result<Option<Arc<RS256PublicKey>>, Problem> {
        let (loaded, keys) = &mut *self.keys.lock().await;
        let age = now.saturating_sub(*loaded);
        if age >= REMEMBER_MS || (!keys.contains_key(id) && age >= REFRESH_MS) {
            let found = store.signing_keys().await?.into_iter();
            let parsed =
                found.filter_map(|(id, jwk)| Some((id, RS256PublicKey::from_jwk(&jwk).ok()?)));
            *keys = parsed.map(|(id, key)| (id, Arc::new(key))).collect();
            *loaded = now;
        }
        Ok(keys.get(id).cloned())
    }
}

fn invalid() -> Problem {
    problem(401, "invalid_token", "The access token is not valid.")
}
