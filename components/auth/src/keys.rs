//! The issuer's RS256 keys: made on first use, kept sealed, their public halves published
//! as a JWK Set (RFC 7517) at `/.well-known/jwks.json` and in the key-value store, where
//! the gateways look.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jwt_simple::algorithms::RS256KeyPair;
use kit::{Call, Error, Internal, Reply, System, Value};
use spin_sdk::experimental::wasi::keyvalue::store;

use crate::seal::Seal;
use crate::text;

/// The key-value key under which gateways look for the JWK Set.
const PUBLISHED: &str = "auth:jwks";
const MODULUS_BITS: usize = 2048;

thread_local! {
    /// The opened key: unsealing and parsing costs more than signing.
    static SIGNING: RefCell<Option<Rc<RS256KeyPair>>> = const { RefCell::new(None) };
    /// Whether this instance has published the set. A lost set is asked for again by the
    /// gateways, so once for each instance is enough.
    static IS_PUBLISHED: Cell<bool> = const { Cell::new(false) };
}

/// `GET /.well-known/jwks.json`
pub(crate) async fn publish(call: &Call) -> kit::Result {
    let system = System::open(call, "public keys belong to no tenant")?;
    let Some(set) = key_set(&system)? else {
        signing(call).await?;
        let set = key_set(&system)?.ok_or("a key was made").internal()?;
        return answer(set);
    };
    // Whoever asks may be a gateway that found the store empty.
    announce(&set)?;
    answer(set)
}

fn answer(set: Vec<u8>) -> kit::Result {
    Ok(Reply::bytes("application/json; charset=utf-8", set)
        .header("cache-control", "public, max-age=300"))
}

/// The key that signs now, made when there is none.
pub(crate) async fn signing(call: &Call) -> kit::Result<Rc<RS256KeyPair>> {
    // The seal is loaded each time: it refuses strangers while the development key is set.
    let seal = Seal::load(call).await?;
    if let Some(key) = SIGNING.with_borrow(Clone::clone) {
        return Ok(key);
    }
    let system = System::open(call, "signing keys belong to no tenant")?;
    let key = match newest(&system, &seal)? {
        Some(key) => key,
        None => first(&system, &seal)?,
    };
    let key = Rc::new(key);
    if !IS_PUBLISHED.get() {
        announce(&key_set(&system)?.unwrap_or_default())?;
        IS_PUBLISHED.set(true);
    }
    SIGNING.set(Some(Rc::clone(&key)));
    Ok(key)
}

fn newest(system: &System<'_>, seal: &Seal) -> kit::Result<Option<RS256KeyPair>> {
    let rows = system.query(
        "SELECT id, sealed FROM signing_keys WHERE retired_at IS NULL \
         ORDER BY created_at DESC, id DESC LIMIT 1",
        &[],
    )?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(None) };
    let id = row.text();
    let der = seal.open(&id, &row.text())?;
    Ok(Some(RS256KeyPair::from_der(&der).internal()?.with_key_id(&id)))
}

/// Makes the first key. Several instances may each make one; the first to write wins.
fn first(system: &System<'_>, seal: &Seal) -> kit::Result<RS256KeyPair> {
    let id = kit::id("key");
    let made = RS256KeyPair::generate(MODULUS_BITS).internal()?.with_key_id(&id);
    let sealed = seal.seal(&id, &made.to_der().internal()?)?;
    let jwk = made.public_key().with_key_id(&id).to_jwk();
    system.in_turn("signing keys", || match newest(system, seal)? {
        Some(winner) => Ok(winner),
        None => {
            system.execute(
                "INSERT INTO signing_keys (id, sealed, public_jwk, created_at) \
                 VALUES ($1, $2, $3, $4)",
                &[text(&id), text(&sealed), text(&jwk), Value::Integer(kit::now())],
            )?;
            Ok(made)
        }
    })
}

/// Writes the set to where the gateways look.
fn announce(set: &[u8]) -> kit::Result<()> {
    let bucket = store::open("default").internal()?;
    bucket.set(PUBLISHED, set).internal()
}

/// The JWK Set; `None` before the first key is made.
fn key_set(system: &System<'_>) -> kit::Result<Option<Vec<u8>>> {
    let rows = system.query(
        "SELECT public_jwk FROM signing_keys WHERE retired_at IS NULL ORDER BY created_at DESC",
        &[],
    )?;
    let keys = rows.into_iter().map(|mut row| {
        let mut jwk: serde_json::Value = serde_json::from_str(&row.text()).internal()?;
        jwk["use"] = "sig".into();
        jwk["alg"] = "RS256".into();
        Ok::<_, Error>(jwk)
    });
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Ok(None);
    }
    serde_json::to_vec(&serde_json::json!({ "keys": keys })).map(Some).internal()
}
