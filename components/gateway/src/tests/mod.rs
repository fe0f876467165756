//! The gateway from outside, with a platform for these tests: the steps of a request before and
//! after the function.

mod answers;
mod keys;
mod requests;
mod versions;

use std::sync::Mutex;

use futures::executor::block_on;
use http::HeaderMap;

use crate::limits::{BucketRequest, Decision, Quota};
use crate::*;

/// 2027-06-01, noon.
const NOW: u64 = 1_811_851_200_000;
const HOUR: u64 = 3_600_000;

/// A platform in which every function answers 200 with the request that it got.
struct World {
    now: u64,
    variables: Vec<(&'static str, &'static str)>,
    media_type: &'static str,
    log: Mutex<Vec<String>>,
}

impl Platform for World {
    type Stream = ();

    fn now(&self) -> u64 {
        self.now
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, name: &str) -> Option<String> {
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(None)
    }

    async fn set(&self, _: &str, _: &[u8]) -> Result<(), Fault> {
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    async fn take(&self, _: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        Ok(BucketRequest::new(quota, cost).decide(None, self.now * 1000).0)
    }

    async fn swap(&self, _: &str, _: Option<&[u8]>, _: &[u8]) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn call(
        &self,
        _: Context,
        operation: &str,
        request: Request,
    ) -> Result<Result<Response<()>, Error>, Fault> {
        let signed = request.header("x-signed").unwrap_or("nothing").to_owned();
        let other = request.header("x-other").unwrap_or("nothing").to_owned();
        let path = request.parameters.into_iter().filter(|p| p.location == Location::Path);
        let path: Vec<_> = path.map(|parameter| parameter.value).collect();
        let headers = vec![
            ("x-handed-on".to_owned(), format!("{signed}, {other}")),
            ("content-type".to_owned(), self.media_type.to_owned()),
            ("x-asked".to_owned(), format!("{operation} {}", path.join(","))),
        ];
        Ok(Ok(Response { status: 200, headers, body: Body::Bytes(b"{}".to_vec()) }))
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        Err(Fault::Unavailable("there are no keys in these tests".to_owned()))
    }

    fn wake(&self, _: DueWork) {}

    fn log(&self, line: &str) {
        self.log.lock().expect("not poisoned").push(line.to_owned());
    }
}

struct Sent(Vec<u8>);

impl IncomingBody for Sent {
    async fn read(self, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(self.0)
    }
}

fn operation(id: &str, method: &str, path: &str, version: u32) -> Operation {
    Operation {
        id: id.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        version,
        public: true,
        scopes: Vec::new(),
        limit: Limit { class: "read".to_owned(), per_minute: 150, burst: 150, cost: 1 },
        idempotency: Idempotency::Unsupported,
        headers: Vec::new(),
        consumes: match method {
            "POST" => vec!["application/json".to_owned()],
            _ => Vec::new(),
        },
        body_required: method == "POST",
        produces: vec!["application/json".to_owned()],
        shape: None,
    }
}

fn operations() -> Vec<Operation> {
    vec![
        operation("get-thing", "GET", "/things/{id}", 1),
        operation("list-things", "GET", "/things", 1),
        operation("create-thing", "POST", "/things", 1),
        operation("export-things", "GET", "/things/export", 1),
        operation("list-things-v2", "GET", "/things", 2),
        operation("list-news-v2", "GET", "/news", 2),
        operation("get-keys", "GET", "/.well-known/keys.json", 0),
        // As a component may write it that is not built with the kit.
        Operation {
            headers: vec!["X-Signed".to_owned(), "If-Match".to_owned()],
            ..operation("receive-thing", "GET", "/signed", 1)
        },
    ]
}

/// The parts of an answer that the tests look at.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: serde_json::Value,
    log: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or_default())
    }
}

impl World {
    fn new(variables: &[(&'static str, &'static str)]) -> Self {
        let media_type = "application/json";
        Self { now: NOW, variables: variables.to_vec(), media_type, log: Mutex::default() }
    }

    fn load(&self) -> Result<Gateway, String> {
        block_on(Gateway::load(self, operations()))
    }

    fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let gateway = self.load().expect("valid settings");
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        // Below the alias, errors have another form unless the request names one.
        if target.starts_with("/v") && headers.iter().all(|(name, _)| *name != "accept") {
            request = request.header("accept", "application/json;profile=\"native\"");
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let sent = Sent(body.as_bytes().to_vec());
        let response = block_on(gateway.handle(self, IpAddr::from([192, 0, 2, 7]), parts, sent));
        let (parts, body) = response.into_parts();
        let body = match body {
            Body::Bytes(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            _ => serde_json::Value::Null,
        };
        let log = self.log.lock().expect("not poisoned").join("\n");
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, log }
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], "")
    }
}

fn get(target: &str) -> Answer {
    World::new(&[]).get(target)
}
