//! The first requests that need a key, all at once: while one looks it up, the others must
//! not be refused for it. A platform made for this test holds the look-ups until all of
//! them have come.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway::limits::{Quota, Taken};
use gateway::{
    Body, BodyError, Context, Error, Fault, Gateway, Idempotency, IncomingBody, Limit, Operation,
    Platform, Request, Response,
};
use jwt_simple::prelude::*;
use tokio::sync::Barrier;

const REQUESTS: usize = 4;

struct Edge {
    keys: Vec<u8>,
    verifier: String,
    together: Barrier,
}

impl Platform for Edge {
    type Stream = ();

    fn now(&self) -> u64 {
        Clock::now_since_epoch().as_millis()
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, name: &str) -> Option<String> {
        (name == "keys_verifier").then(|| self.verifier.clone())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        match key {
            "auth:jwks" => {}
            "revoked:complete" => return Ok(Some(b"1".to_vec())),
            _ => return Ok(None),
        }
        self.together.wait().await;
        Ok(Some(self.keys.clone()))
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
        Err(Fault::Unavailable("not asked in this test".to_owned()))
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

#[tokio::test]
async fn nobody_is_refused_for_a_key_on_its_way() {
    let pair = RS256KeyPair::generate(2048).unwrap().with_key_id("key_1");
    let jwk = pair.public_key().with_key_id("key_1").to_jwk();
    let issuer = Ed25519KeyPair::generate();
    let jwk: serde_json::Value = serde_json::from_str(&jwk).unwrap();
    let keys = serde_json::json!({ "keys": [jwk] });
    let signed = Claims::with_custom_claims(keys, Duration::from_mins(5));
    let signed = serde_json::json!({ "signed": issuer.sign(signed).unwrap() });
    let edge = Edge {
        keys: signed.to_string().into_bytes(),
        verifier: STANDARD.encode(issuer.public_key().to_bytes()),
        together: Barrier::new(REQUESTS),
    };
    let custom = serde_json::json!({ "tenant_id": "tenant_1", "scopes": [] });
    let claims = Claims::with_custom_claims(custom, Duration::from_mins(5))
        .with_issuer("tenantry")
        .with_audience("tenantry")
        .with_subject("usr_1");
    let token = pair.sign(claims).unwrap();
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
    let gateway = Gateway::load(&edge, vec![operation]).await.unwrap();
    let answer = async || {
        let request =
            http::Request::get("/api/v1/things").header("authorization", format!("Bearer {token}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        gateway.handle(&edge, IpAddr::V4(Ipv4Addr::LOCALHOST), parts, Nothing).await.status()
    };
    let all = async { tokio::join!(answer(), answer(), answer(), answer()) };
    let (a, b, c, d) = tokio::time::timeout(std::time::Duration::from_secs(5), all)
        .await
        .expect("each looks for itself");
    assert_eq!([a, b, c, d], [http::StatusCode::OK; REQUESTS]);
}
