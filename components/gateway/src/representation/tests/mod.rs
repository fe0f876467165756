//! Whole exchanges through the gateway, with a function whose answer a test sets.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failures;
mod forms;
mod negotiation;
mod pages;
mod requests;
mod samples;
mod success;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context as Task, Poll, Waker};

use serde_json::Value;

use crate::limits::{BucketRequest, Decision, Quota};
use crate::{
    Body, BodyError, Context, DueWork, Error, Fault, Gateway, Idempotency, IncomingBody, Limit,
    Operation, Platform, Relation, Request, Response, Shape,
};

const TRACE: &str = "07070707070707070707070707070707";
/// 2024-01-15T10:30:00.000Z
const NOW: u64 = 1_705_314_600_000;

/// The platform: a function that gives one answer and remembers its request.
#[derive(Default)]
struct Stub {
    answer: Mutex<Option<Result<Response<()>, Error>>>,
    asked: Mutex<Option<Request>>,
    /// The content of the slot of the idempotency key.
    slot: Mutex<Option<Vec<u8>>>,
}

impl Platform for Stub {
    type Stream = ();

    fn now(&self) -> u64 {
        NOW
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, name: &str) -> Option<String> {
        (name == "public_url").then(|| "https://api.example.com/".to_owned())
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.slot.lock().unwrap().clone())
    }

    async fn set(&self, _: &str, value: &[u8]) -> Result<(), Fault> {
        *self.slot.lock().unwrap() = Some(value.to_vec());
        Ok(())
    }

    async fn delete(&self, _: &str) -> Result<(), Fault> {
        *self.slot.lock().unwrap() = None;
        Ok(())
    }

    async fn take(&self, _: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        Ok(BucketRequest::new(quota, cost).decide(None, NOW * 1000).0)
    }

    async fn swap(&self, _: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        let mut slot = self.slot.lock().unwrap();
        let is_expected = slot.as_deref() == expected;
        if is_expected {
            *slot = Some(value.to_vec());
        }
        Ok(is_expected)
    }

    async fn call(
        &self,
        _: Context,
        _: &str,
        request: Request,
    ) -> Result<Result<Response<()>, Error>, Fault> {
        *self.asked.lock().unwrap() = Some(request);
        Ok(self.answer.lock().unwrap().take().expect("the function is asked once"))
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        Err(Fault::Unavailable("no keys in this test".to_owned()))
    }

    fn wake(&self, _: DueWork) {}

    fn log(&self, _: &str) {}
}

struct Sent(Vec<u8>);

impl IncomingBody for Sent {
    async fn read(self, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(self.0)
    }
}

/// Nothing in these tests ever waits.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// The answer of an exchange, and the request that the function got.
struct Exchange {
    status: u16,
    headers: http::HeaderMap,
    body: Vec<u8>,
    /// The request to the function; `None` if it was not called.
    asked: Option<Request>,
}

impl Exchange {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body that the function read.
    #[track_caller]
    fn read(&self) -> Value {
        serde_json::from_slice(&self.asked.as_ref().expect("the function was asked").body).unwrap()
    }

    /// A parameter that the function got.
    #[track_caller]
    fn parameter(&self, name: &str) -> Option<&str> {
        let parameters = &self.asked.as_ref().expect("the function was asked").parameters;
        parameters.iter().find(|it| it.name == name).map(|it| it.value.as_str())
    }
}

/// A request: `method target`, headers, and the body, which may be empty.
type Sending<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn exchange(
    operation: &Operation,
    sending: Sending<'_>,
    answer: Result<Response<()>, Error>,
) -> Exchange {
    exchange_with(&Stub::default(), operation, sending, answer)
}

fn exchange_with(
    stub: &Stub,
    operation: &Operation,
    (line, headers, body): Sending<'_>,
    answer: Result<Response<()>, Error>,
) -> Exchange {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = http::Request::builder().method(method).uri(target);
    if headers.iter().all(|(name, _)| *name != "x-request-id") {
        request = request.header("x-request-id", "req-789");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    *stub.answer.lock().unwrap() = Some(answer);
    let gateway = now(Gateway::load(stub, vec![operation.clone()])).unwrap();
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let response = now(gateway.handle(stub, peer, parts, Sent(body.as_bytes().to_vec())));
    let (parts, body) = response.into_parts();
    Exchange {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: match body {
            Body::Bytes(bytes) => bytes,
            Body::Empty => Vec::new(),
            Body::Streaming(()) => b"a stream".to_vec(),
        },
        asked: stub.asked.lock().unwrap().take(),
    }
}

/// A successful answer of the function.
fn ok(status: u16, headers: &[(&str, &str)], body: &str) -> Result<Response<()>, Error> {
    let owned = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let body = match body {
        "" => Body::Empty,
        text => Body::Bytes(text.as_bytes().to_vec()),
    };
    Ok(Response { status, headers: owned.collect(), body })
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|item| (*item).to_owned()).collect()
}

/// A public operation on users, as in the samples of JSON:API (D-30…44).
fn users(method: &str, path: &str) -> Operation {
    let writes = matches!(method, "POST" | "PUT" | "PATCH");
    let relation = |name: &str, member: &str, collection: &str, many| Relation {
        name: name.to_owned(),
        member: member.to_owned(),
        collection: collection.to_owned(),
        many,
    };
    Operation {
        id: "the-operation".to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        version: 1,
        public: true,
        scopes: Vec::new(),
        limit: Limit { class: "read".to_owned(), per_minute: 150, burst: 150, cost: 1 },
        idempotency: if writes { Idempotency::Optional } else { Idempotency::Unsupported },
        headers: Vec::new(),
        consumes: strings(if writes { &["application/json"] } else { &[] }),
        body_required: writes,
        produces: strings(&["application/json"]),
        shape: Some(Shape {
            collection: "users".to_owned(),
            is_addressed: true,
            is_page: false,
            is_numbered: false,
            enums: strings(&["role", "memberships.roles"]),
            maps: strings(&["metadata"]),
            relations: vec![
                relation("manager", "manager_id", "users", false),
                relation("teams", "team_ids", "teams", true),
            ],
        }),
    }
}

/// A public operation on books, as in the samples of `camel` (E-87…92), with the contract of
/// projects.
fn books(method: &str, path: &str) -> Operation {
    Operation {
        shape: Some(Shape {
            collection: "books".to_owned(),
            is_addressed: true,
            is_page: path == "/books" && method == "GET",
            is_numbered: path == "/books" && method == "GET",
            enums: strings(&["status", "channels"]),
            maps: strings(&["metadata"]),
            relations: Vec::new(),
        }),
        ..users(method, path)
    }
}

/// An operation whose form a standard fixes.
fn fixed(produces: &[&str]) -> Operation {
    Operation { shape: None, produces: strings(produces), ..users("GET", "/fixed") }
}

const ENVELOPE: (&str, &str) = ("accept", "application/json;profile=\"envelope\"");
const CAMEL: (&str, &str) = ("accept", "application/json;profile=\"camel\"");
const JSON_API: (&str, &str) = ("accept", "application/vnd.api+json");
const SENDS_JSON: (&str, &str) = ("content-type", "application/json");
