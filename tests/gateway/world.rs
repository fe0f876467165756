//! A platform for tests of the gateway alone. The test controls its clock, its store and the
//! publisher of the keys.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::limits::{BucketRequest, Decision, Quota};
use gateway::{
    Body, BodyError, Context, DueWork, Error, Fault, Gateway, Idempotency, IncomingBody, Limit,
    Operation, Platform, Request, Response,
};
use jwt_simple::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Barrier;

/// The key of the store under which the signing keys are published.
pub(super) const KEYS: &str = "auth:jwks";
/// The key of the store which says that all revocations are published.
pub(super) const MARK: &str = "revoked:complete";

type Entries = HashMap<String, Vec<u8>>;

/// The signing key is made once, because that takes time.
static KEY: LazyLock<RS256KeyPair> =
    LazyLock::new(|| RS256KeyPair::generate(2048).unwrap().with_key_id("key_1"));
/// The key with which `auth` signs key sets.
static ISSUER: LazyLock<Ed25519KeyPair> = LazyLock::new(Ed25519KeyPair::generate);

/// The environment of one gateway.
pub(super) struct World {
    now: AtomicU64,
    variables: HashMap<&'static str, String>,
    /// The key-value store, which has the signing keys and the mark at first.
    pub(super) entries: Mutex<Entries>,
    buckets: Mutex<HashMap<String, u64>>,
    /// The store keys that were written, one entry for each write.
    pub(super) writes: Mutex<Vec<String>>,
    /// If true, the store does not answer about revocations.
    pub(super) mute: AtomicBool,
    /// The entries that `auth` publishes again when a gateway asks it for the keys.
    pub(super) published: Mutex<Entries>,
    /// How often a gateway asked `auth`.
    pub(super) asked: AtomicU64,
    /// Holds look-ups of the keys until this many have come.
    together: Option<Barrier>,
}

impl World {
    /// A world with these variables, besides the one that tells whose key sets count.
    pub(super) fn new(variables: &[(&'static str, &str)]) -> Self {
        let jwk: Value =
            serde_json::from_str(&KEY.public_key().with_key_id("key_1").to_jwk()).unwrap();
        let claims = Claims::with_custom_claims(json!({ "keys": [jwk] }), Duration::from_mins(5));
        let keys = json!({ "signed": ISSUER.sign(claims).unwrap() }).to_string().into_bytes();
        let entries = Entries::from([(KEYS.to_owned(), keys), (MARK.to_owned(), b"1".to_vec())]);
        let mut variables: HashMap<_, _> =
            variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        variables.insert("keys_verifier", STANDARD.encode(ISSUER.public_key().to_bytes()));
        Self {
            now: AtomicU64::new(Clock::now_since_epoch().as_millis()),
            variables,
            published: Mutex::new(entries.clone()),
            entries: Mutex::new(entries),
            buckets: Mutex::default(),
            writes: Mutex::default(),
            mute: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            together: None,
        }
    }

    /// Makes this many look-ups of the keys wait for each other.
    pub(super) fn together(self, lookups: usize) -> Self {
        Self { together: Some(Barrier::new(lookups)), ..self }
    }

    /// Moves the clock on.
    pub(super) fn wait(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    /// A gateway in front of one operation.
    pub(super) async fn gateway(&self, public: bool) -> Gateway {
        let operation = Operation {
            id: "get-thing".to_owned(),
            method: "GET".to_owned(),
            path: "/things".to_owned(),
            version: 1,
            public,
            scopes: Vec::new(),
            limit: Limit { class: "read".to_owned(), per_minute: 150, burst: 150, cost: 1 },
            idempotency: Idempotency::Unsupported,
            headers: Vec::new(),
            consumes: Vec::new(),
            body_required: false,
            produces: vec!["application/json".to_owned()],
            shape: None,
        };
        Gateway::load(self, vec![operation]).await.unwrap()
    }

    /// The status of the answer to a request from `address`.
    pub(super) async fn ask(
        &self,
        gateway: &Gateway,
        address: Ipv4Addr,
        token: Option<&str>,
    ) -> u16 {
        let mut request = http::Request::get("/api/v1/things");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        gateway.handle(self, IpAddr::V4(address), parts, Nothing).await.status().as_u16()
    }
}

/// A token of `usr_1` in tenant `t` with more claims.
pub(super) fn token(claims: Value) -> String {
    let mut custom = json!({ "tenant_id": "t", "scopes": [] });
    custom.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let claims = Claims::with_custom_claims(custom, Duration::from_mins(30))
        .with_issuer("tenantry")
        .with_audience("tenantry")
        .with_subject("usr_1");
    KEY.sign(claims).unwrap()
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
        self.variables.get(name).cloned()
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        if key.starts_with("revoked:t:") && self.mute.load(Ordering::Relaxed) {
            return Err(Fault::Unavailable("down".to_owned()));
        }
        if let Some(together) = self.together.as_ref().filter(|_| key == KEYS) {
            together.wait().await;
        }
        Ok(self.entries.lock().unwrap().get(key).cloned())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        self.writes.lock().unwrap().push(key.to_owned());
        self.entries.lock().unwrap().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.writes.lock().unwrap().push(key.to_owned());
        self.entries.lock().unwrap().remove(key);
        Ok(())
    }

    async fn take(&self, key: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        let mut buckets = self.buckets.lock().unwrap();
        let now = self.now() * 1000;
        let (decision, moved) =
            BucketRequest::new(quota, cost).decide(buckets.get(key).copied(), now);
        if let Some(moved) = moved {
            buckets.insert(key.to_owned(), moved);
            self.writes.lock().unwrap().push(key.to_owned());
        }
        Ok(decision)
    }

    async fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        let mut entries = self.entries.lock().unwrap();
        let holds = entries.get(key).map(Vec::as_slice) == expected;
        if holds {
            entries.insert(key.to_owned(), value.to_vec());
            self.writes.lock().unwrap().push(key.to_owned());
        }
        Ok(holds)
    }

    async fn call(
        &self,
        _: Context,
        _: &str,
        _: Request,
    ) -> Result<Result<Response<()>, Error>, Fault> {
        Ok(Ok(Response { status: 200, headers: Vec::new(), body: Body::Empty }))
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let published = self.published.lock().unwrap().clone();
        let keys = published[KEYS].clone();
        self.entries.lock().unwrap().extend(published);
        Ok(keys)
    }

    fn wake(&self, _: DueWork) {}

    fn log(&self, _: &str) {}
}

struct Nothing;

impl IncomingBody for Nothing {
    async fn read(self, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(Vec::new())
    }
}
