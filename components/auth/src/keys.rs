//! The RS256 keys of the issuer. A key is made on first use and kept sealed.
//!
//! The public keys are published as a JWK Set (RFC 7517), at `/.well-known/jwks.json` and in the
//! key-value store, where the gateways read it. The set is signed
//! (`components/gateway/src/key_set.rs`).
//!
//! When a key has signed for `signing_key_days`, the next call that signs replaces it. The replaced
//! key verifies for one more day, which is longer than any token lives (K-36).

use std::cell::RefCell;
use std::rc::Rc;

use ed25519_compact::{KeyPair, Seed};
use jwt_simple::algorithms::{
    Ed25519KeyPair, EdDSAKeyPairLike as _, RS256KeyPair, RSAKeyPairLike as _,
};
use jwt_simple::claims::Claims;
use jwt_simple::prelude::{Duration, UnixTimeStamp};
use kit::{Call, Error, Internal, Reply, Seal, System, entry, revocation, values};
use serde_json::{Value as Json, json};
use spin_sdk::experimental::wasi::keyvalue::store;

use crate::settings::SETTINGS;

/// The purpose of the key that signs the set. It is a key of its own; `keys_verifier` is its public
/// half.
const PURPOSE: &str = "key set";
const MODULUS_BITS: usize = 2048;
const DAY: i64 = 86_400_000;
/// How long a replaced key still verifies, in milliseconds.
const VERIFY_MS: i64 = DAY;
/// How long an instance signs with a key before it checks whether another host has made a new one,
/// in milliseconds.
const RECHECK_MS: i64 = 60_000;

thread_local! {
    /// The opened key, and when it was looked up. It is kept because unsealing and parsing cost
    /// more than signing.
    static SIGNING: RefCell<Option<(Rc<RS256KeyPair>, i64)>> = const { RefCell::new(None) };
    /// The newest key in the sets that this instance has published. No token is signed with a key
    /// that the gateways cannot know.
    static PUBLISHED_KEY: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// `GET /.well-known/jwks.json`
pub(crate) async fn publish(call: &Call) -> kit::Result {
    let system = System::open(call, "public keys belong to no tenant")?;
    if key_set(&system)?.is_none() {
        signing(call).await?;
    }
    let keys = key_set(&system)?.ok_or("a key was made").internal()?;
    let set = sign(keys).await?;
    // The caller may be a gateway that found the store empty.
    publish_to_gateways(&set)?;
    revocation::publish_lost(&system)?;
    Ok(Reply::bytes("application/json; charset=utf-8", set))
}

/// The key that signs now. It is made if there is none.
pub(crate) async fn signing(call: &Call) -> kit::Result<Rc<RS256KeyPair>> {
    // The seal is loaded each time: in development it refuses strangers.
    let seal = Seal::load(call).await?;
    let now = kit::now();
    if let Some((key, looked_up)) = SIGNING.with_borrow(Clone::clone)
        && (looked_up..looked_up + RECHECK_MS).contains(&now)
    {
        return Ok(key);
    }
    let system = System::open(call, "signing keys belong to no tenant")?;
    let oldest = now - SETTINGS.signing_key;
    let key = match newest(&system, &seal, oldest)? {
        Some(key) => key,
        None => next(&system, &seal, oldest)?,
    };
    let key = Rc::new(key);
    // Published again with each look-up, because gateways refuse a set that is much older than the
    // tokens it verifies.
    let announced = publish_to_gateways(&sign(key_set(&system)?.unwrap_or_default()).await?);
    if PUBLISHED_KEY.with_borrow(|known| known != key.key_id()) {
        announced?;
        // Otherwise each gateway that sees a token for the first time would ask for the
        // revocations.
        revocation::publish_lost(&system)?;
        PUBLISHED_KEY.set(key.key_id().clone());
    }
    SIGNING.set(Some((Rc::clone(&key), now)));
    Ok(key)
}

/// The newest key, unless it was made before `oldest`.
fn newest(system: &System<'_>, seal: &Seal, oldest: i64) -> kit::Result<Option<RS256KeyPair>> {
    let found = system.fetch_optional::<(String, String)>(
        "SELECT id, sealed FROM signing_keys WHERE retired_at IS NULL AND created_at > $1 \
         ORDER BY created_at DESC, id DESC LIMIT 1",
        values![oldest],
    )?;
    let Some((id, sealed)) = found else { return Ok(None) };
    let der = seal.open(&id, &sealed)?;
    Ok(Some(RS256KeyPair::from_der(&der).internal()?.with_key_id(&id)))
}

/// Makes a key and retires the one before. Several instances may make one at the same time; the
/// first one that is written is used by all.
fn next(system: &System<'_>, seal: &Seal, oldest: i64) -> kit::Result<RS256KeyPair> {
    let id = kit::id("key");
    let made = RS256KeyPair::generate(MODULUS_BITS).internal()?.with_key_id(&id);
    let sealed = seal.seal(&id, &made.to_der().internal()?)?;
    let jwk = made.public_key().with_key_id(&id).to_jwk();
    system.with_lock("signing keys", || match newest(system, seal, oldest)? {
        Some(winner) => Ok(winner),
        None => {
            system.execute(
                "UPDATE signing_keys SET retired_at = $1 WHERE retired_at IS NULL",
                values![kit::now()],
            )?;
            system.execute(
                "INSERT INTO signing_keys (id, sealed, public_jwk, created_at) \
                 VALUES ($1, $2, $3, $4)",
                values![&id, &sealed, &jwk, kit::now()],
            )?;
            Ok(made)
        }
    })
}

/// Writes the set to the place where the gateways read it.
fn publish_to_gateways(set: &[u8]) -> kit::Result<()> {
    let bucket = store::open("default").internal()?;
    bucket.set(entry::KEYS, set).internal()
}

/// The document: the set, and beside it (RFC 7517 section 5) the same set as a signed JWT for the
/// gateways. They read it from the key-value store, where every function may write.
async fn sign(keys: Vec<Json>) -> kit::Result<Vec<u8>> {
    let seed = Seed::new(kit::derived(PURPOSE).await?);
    let key = Ed25519KeyPair::from_bytes(&*KeyPair::from_seed(seed)).internal()?;
    let mut claims = Claims::with_custom_claims(json!({ "keys": &keys }), Duration::from_secs(0));
    // The gateway decides how old the set may be.
    claims.expires_at = None;
    let now = u64::try_from(kit::now()).internal()?;
    claims.issued_at = Some(UnixTimeStamp::from_millis(now));
    claims.invalid_before = None;
    let signed = key.sign(claims).internal()?;
    serde_json::to_vec(&json!({ "keys": keys, "signed": signed })).internal()
}

/// The public keys. `None` before the first one is made.
fn key_set(system: &System<'_>) -> kit::Result<Option<Vec<Json>>> {
    let keys = system.fetch_all::<String>(
        "SELECT public_jwk FROM signing_keys WHERE retired_at IS NULL OR retired_at > $1 \
         ORDER BY created_at DESC",
        values![kit::now() - VERIFY_MS],
    )?;
    let keys = keys.iter().map(|jwk| {
        let mut jwk: Json = serde_json::from_str(jwk).internal()?;
        jwk["use"] = "sig".into();
        jwk["alg"] = "RS256".into();
        Ok::<_, Error>(jwk)
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    Ok(if keys.is_empty() { None } else { Some(keys) })
}
