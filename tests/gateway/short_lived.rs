//! A gateway that lives for one request, as on Spin: what it counts in memory is lost, and the
//! limit by address holds nevertheless for who shows no credential.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;

use gateway::limits::{Ask, Quota, Taken};
use gateway::{
    Body, BodyError, Context, Error, Fault, Gateway, Idempotency, IncomingBody, Limit, Operation,
    Platform, Request, Response,
};

const NOW: u64 = 1_811_851_200_000;

/// A store that lasts.
#[derive(Default)]
struct Store {
    buckets: Mutex<HashMap<String, u64>>,
    writes: Mutex<Vec<String>>,
}

impl Platform for Store {
    type Stream = ();

    fn now(&self) -> u64 {
        NOW
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, name: &str) -> Option<String> {
        let value = match name {
            "limit_ip_per_minute" => "3",
            "limit_read_per_minute" => "1000",
            _ => return None,
        };
        Some(value.to_owned())
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    async fn set(&self, key: &str, _: &[u8]) -> Result<(), Fault> {
        self.writes.lock().unwrap().push(key.to_owned());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.set(key, &[]).await
    }

    async fn take(&self, key: &str, quota: Quota, cost: u32) -> Result<Taken, Fault> {
        let mut buckets = self.buckets.lock().unwrap();
        let (taken, moved) = Ask::new(quota, cost).answer(buckets.get(key).copied(), NOW * 1000);
        if let Some(moved) = moved {
            buckets.insert(key.to_owned(), moved);
            self.writes.lock().unwrap().push(key.to_owned());
        }
        Ok(taken)
    }

    async fn swap(&self, key: &str, _: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        self.set(key, value).await.map(|()| true)
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

fn operation(public: bool) -> Operation {
    Operation {
        id: "get-thing".to_owned(),
        method: "GET".to_owned(),
        path: "/things".to_owned(),
        version: 1,
        public,
        scopes: Vec::new(),
        limit: Limit { class: "read".to_owned(), quota: Quota::per_minute(150), cost: 1 },
        idempotency: Idempotency::Unsupported,
        consumes: Vec::new(),
        body_required: false,
        produces: vec!["application/json".to_owned()],
        shape: None,
    }
}

/// One request, of a gateway that then ends.
async fn status(store: &Store, public: bool, address: Ipv4Addr) -> u16 {
    let gateway = Gateway::load(store, vec![operation(public)]).await.unwrap();
    let (parts, ()) = http::Request::get("/api/v1/things").body(()).unwrap().into_parts();
    gateway.handle(store, IpAddr::V4(address), parts, Nothing).await.status().as_u16()
}

#[tokio::test]
async fn addresses_without_a_credential_are_limited() {
    for (public, admitted) in [(true, 200), (false, 401)] {
        let store = Store::default();
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(status(&store, public, Ipv4Addr::new(192, 0, 2, 1)).await);
        }
        assert_eq!(statuses, [admitted, admitted, admitted, 429, 429]);
        assert_eq!(store.writes.lock().unwrap().len(), 3, "one for each that was admitted");
        assert_eq!(status(&store, public, Ipv4Addr::new(192, 0, 2, 2)).await, admitted);
    }
}
