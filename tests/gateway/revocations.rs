//! When a revocation takes effect, on a platform whose clock and store the tests turn: within a
//! minute, exactly for the versions that it names, and not at the price of a lost store.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::limits::{Quota, Taken};
use gateway::{
    Body, BodyError, Context, Error, Fault, Gateway, Idempotency, IncomingBody, Limit, Operation,
    Platform, Request, Response,
};
use jwt_simple::prelude::*;
use serde_json::json;

const MARK: &str = "revoked:complete";
const MINUTE: u64 = 60_000;

struct World {
    now: AtomicU64,
    entries: Mutex<HashMap<String, Vec<u8>>>,
    /// The store answers nothing about revocations.
    mute: AtomicBool,
    /// What the database has, published by whoever is asked for the keys.
    revoked: Mutex<HashMap<String, Vec<u8>>>,
    asked: AtomicU64,
}

/// Making one takes its time.
static KEY: LazyLock<RS256KeyPair> =
    LazyLock::new(|| RS256KeyPair::generate(2048).unwrap().with_key_id("key_1"));

/// What `auth` signs key sets with.
static ISSUER: LazyLock<Ed25519KeyPair> = LazyLock::new(Ed25519KeyPair::generate);

impl World {
    fn new() -> Self {
        let jwk = KEY.public_key().with_key_id("key_1").to_jwk();
        let jwk: serde_json::Value = serde_json::from_str(&jwk).unwrap();
        let claims = Claims::with_custom_claims(json!({ "keys": [jwk] }), Duration::from_mins(5));
        let keys = json!({ "signed": ISSUER.sign(claims).unwrap() }).to_string().into_bytes();
        let entries = [("auth:jwks".to_owned(), keys), (MARK.to_owned(), b"1".to_vec())];
        Self {
            now: AtomicU64::new(Clock::now_since_epoch().as_millis()),
            entries: Mutex::new(entries.into()),
            mute: AtomicBool::new(false),
            revoked: Mutex::default(),
            asked: AtomicU64::new(0),
        }
    }

    fn token(&self, claims: serde_json::Value) -> String {
        let mut custom = json!({ "tenant_id": "t", "scopes": [] });
        custom.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let claims = Claims::with_custom_claims(custom, Duration::from_mins(30))
            .with_issuer("tenantry")
            .with_audience("tenantry")
            .with_subject("usr_1");
        KEY.sign(claims).unwrap()
    }

    /// Notes that tokens of a subject below a version are revoked, and publishes it.
    fn revoke(&self, subject: &str, below: i64) {
        let entry = format!("{{\"expires_at\":9999999999999,\"below\":{below}}}").into_bytes();
        let key = format!("revoked:t:{subject}");
        self.revoked.lock().unwrap().insert(key.clone(), entry.clone());
        self.entries.lock().unwrap().insert(key, entry);
    }

    async fn gateway(&self) -> Gateway {
        let operation = Operation {
            id: "get-thing".to_owned(),
            method: "GET".to_owned(),
            path: "/things".to_owned(),
            version: 1,
            public: false,
            scopes: Vec::new(),
            limit: Limit { class: "read".to_owned(), quota: Quota::per_minute(150), cost: 1 },
            idempotency: Idempotency::Unsupported,
            consumes: Vec::new(),
            body_required: false,
            produces: vec!["application/json".to_owned()],
            shape: None,
        };
        Gateway::load(self, vec![operation]).await.unwrap()
    }

    async fn ask(&self, gateway: &Gateway, token: &str) -> u16 {
        let request =
            http::Request::get("/api/v1/things").header("authorization", format!("Bearer {token}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        gateway.handle(self, address, parts, Nothing).await.status().as_u16()
    }

    fn wait(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Platform for World {
    type Stream = ();

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, name: &str) -> Option<String> {
        let verifier = || STANDARD.encode(ISSUER.public_key().to_bytes());
        (name == "keys_verifier").then(verifier)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        if key.starts_with("revoked:t:") && self.mute.load(Ordering::Relaxed) {
            return Err(Fault::Unavailable("down".to_owned()));
        }
        Ok(self.entries.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, _: &str, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn take(&self, _: &str, _: Quota, _: u32) -> Result<Taken, Fault> {
        Ok(Taken { admitted: true, fill: 0 })
    }

    async fn swap(&self, _: &str, _: Option<&[u8]>, _: &[u8]) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn call(
        &self,
        _: Context,
        _: &str,
        _: Request,
    ) -> Result<Result<Response<()>, Error>, Fault> {
        Ok(Ok(Response { status: 200, headers: Vec::new(), body: Body::Empty }))
    }

    async fn ask_for_keys(&self) -> Result<Vec<u8>, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut entries = self.entries.lock().unwrap();
        entries.extend(self.revoked.lock().unwrap().clone());
        entries.insert(MARK.to_owned(), b"1".to_vec());
        Ok(entries["auth:jwks"].clone())
    }

    fn wake(&self) {}

    fn log(&self, _: &str) {}
}

struct Nothing;

impl IncomingBody for Nothing {
    async fn read(self, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(Vec::new())
    }
}

/// A token that is remembered is asked about after a minute at most, and one that is issued for
/// the next version is good at once.
#[tokio::test]
async fn takes_effect_within_a_minute() {
    let world = World::new();
    let gateway = world.gateway().await;
    let (before, after) = (world.token(json!({ "ver": 3 })), world.token(json!({ "ver": 4 })));
    assert_eq!(world.ask(&gateway, &before).await, 200);
    world.revoke("usr_1", 4);
    assert_eq!(world.ask(&gateway, &after).await, 200);
    world.wait(MINUTE);
    assert_eq!(world.ask(&gateway, &before).await, 401);
    assert_eq!(world.ask(&gateway, &after).await, 200);
}

/// Whoever a token hangs on can end it: the client, the member that it belongs to, the login.
#[tokio::test]
async fn every_subject_counts() {
    let client = json!({ "client_id": "cli_1", "ver": 1, "owner_id": "usr_9", "owner_ver": 5 });
    let login = json!({ "ver": 1, "sid": "fam_1" });
    for (claims, subject, below, status) in [
        (&client, "cli_1", 2, 401),
        (&client, "usr_9", 6, 401),
        (&client, "usr_9", 5, 200),
        (&client, "usr_1", 9, 200),
        (&login, "fam_1", 1, 401),
        (&login, "fam_2", 1, 200),
        // Of before there were versions.
        (&json!({}), "usr_1", 1, 401),
    ] {
        let world = World::new();
        world.revoke(subject, below);
        let token = world.token(claims.clone());
        assert_eq!(world.ask(&world.gateway().await, &token).await, status, "{claims} {subject}");
    }
}

/// A store that has lost everything lets nobody in before it is filled again, and one that does
/// not answer lets in only who is remembered.
#[tokio::test]
async fn a_lost_store_revives_nobody() {
    let world = World::new();
    let gateway = world.gateway().await;
    let (dead, alive) = (world.token(json!({ "ver": 1 })), world.token(json!({ "ver": 2 })));
    world.revoke("usr_1", 2);
    assert_eq!(world.ask(&gateway, &alive).await, 200);
    world.entries.lock().unwrap().retain(|key, _| key == "auth:jwks");
    world.wait(MINUTE);
    assert_eq!(world.ask(&gateway, &dead).await, 401);
    assert_eq!(world.ask(&gateway, &alive).await, 200);
    assert_eq!(world.asked.load(Ordering::Relaxed), 1);
    world.mute.store(true, Ordering::Relaxed);
    assert_eq!(world.ask(&gateway, &alive).await, 200);
    world.wait(MINUTE);
    assert_eq!(world.ask(&gateway, &alive).await, 503);
}
