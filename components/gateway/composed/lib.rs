//! The composed placement: the gateway as a component that exports `wasi:http/handler` and
//! imports the function's `route`. It runs on Spin and on any host with Spin's interfaces.

#![cfg(target_arch = "wasm32")]

mod bindings {
    #![allow(missing_docs, unreachable_pub)]
    spin_sdk::wit_bindgen::generate!({
        path: "../../../wit",
        world: "door",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });
}

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use protocol::metadata::DueWork;
use protocol::{Body, Context, Error, Operation, Request, Response};
use spin_sdk::experimental::wasi::keyvalue::{atomics, store};
use spin_sdk::http_service;
use spin_sdk::wit_bindgen::{StreamReader, StreamResult};

use self::bindings::tenantry::platform::{errors, messages, route, tenancy};
use gateway::holder::{self, Holder};
use gateway::length;
use gateway::limits::{BucketRequest, Decision, Quota, decode, encode, moved_by};
use gateway::{BodyError, Fault, Gateway, IncomingBody, Platform};

protocol::conversions!(errors, messages, tenancy, route);

/// The URL where `auth` publishes its keys. If `allowed_outbound_hosts` has `http://self`, then
/// Spin sends requests for `self.alt` to the application itself.
const KEYS: &str = "http://self.alt/.well-known/jwks.json";
/// The URL of this application itself.
const OWN: &str = "http://self.alt";
const CHUNK: usize = 16 * 1024;
/// Compare-and-swap attempts for one bucket. Only many requests of one identity without a pause can
/// make one request lose this often.
const ATTEMPTS: usize = 200;

thread_local! {
    static GATEWAY: std::cell::RefCell<Option<Rc<Gateway>>> = const { std::cell::RefCell::new(None) };
}

#[http_service]
async fn handle(
    request: spin_sdk::http::Request,
) -> http::Response<UnsyncBoxBody<Bytes, std::io::Error>> {
    let (parts, body) = request.into_parts();
    let is_asked = parts.headers.contains_key(holder::ASKED);
    let is_head = parts.method == http::Method::HEAD;
    let response = match gateway().await {
        Ok(gateway) => {
            let peer = peer(&parts);
            gateway.handle(&Spin, peer, parts, Incoming(body)).await
        }
        Err(cause) => {
            Spin.log(&format!(
                "{{\"level\":\"error\",\"message\":\"gateway\",\"cause\":{cause:?}}}"
            ));
            let mut response = http::Response::new(Body::Empty);
            *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            response
        }
    };
    let (mut parts, body) = response.into_parts();
    if !is_asked {
        parts.headers.remove(holder::HEADER);
    }
    if let Some(length) = length::of(&body, parts.status, is_head) {
        parts.headers.insert("content-length", http::HeaderValue::from(length));
    }
    let body = match body {
        Body::Empty => Empty::new().map_err(|never| match never {}).boxed_unsync(),
        Body::Bytes(bytes) => {
            Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync()
        }
        Body::Streaming(reader) => StreamBody::new(stream::unfold(reader, |mut reader| async {
            let (result, chunk) = reader.read(Vec::with_capacity(CHUNK)).await;
            match result {
                StreamResult::Complete(_) => Some((Ok(Frame::data(Bytes::from(chunk))), reader)),
                _ => None,
            }
        }))
        .boxed_unsync(),
    };
    http::Response::from_parts(parts, body)
}

/// The gateway of this instance. The first request makes it.
async fn gateway() -> Result<Rc<Gateway>, String> {
    if let Some(gateway) = GATEWAY.with_borrow(Clone::clone) {
        return Ok(gateway);
    }
    let operations = route::describe().await?.into_iter().map(Operation::from);
    let gateway = Rc::new(Gateway::load(&Spin, operations.collect()).await?);
    GATEWAY.set(Some(Rc::clone(&gateway)));
    Ok(gateway)
}

/// The address of the peer, from a header of the host. A client may send the same header, but a
/// host appends its own behind it, so the last one counts.
fn peer(parts: &http::request::Parts) -> IpAddr {
    let last = parts.headers.get_all("spin-client-addr").into_iter().next_back();
    last.and_then(|value| value.to_str().ok()?.parse::<SocketAddr>().ok())
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
}

struct Incoming<B>(B);

impl<B> IncomingBody for Incoming<B>
where
    B: http_body_util::BodyExt<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    async fn read(self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match Limited::new(self.0, limit).collect().await {
            Ok(collected) => Ok(collected.to_bytes().into()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(BodyError::TooLarge)
            }
            Err(_) => Err(BodyError::Broken),
        }
    }
}

/// The platform: Spin's interfaces.
struct Spin;

/// Microseconds since the Unix epoch.
fn micros() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

fn unavailable(error: store::Error) -> Fault {
    Fault::Unavailable(format!("key-value store: {error:?}"))
}

fn bucket() -> Result<store::Bucket, Fault> {
    store::open("default").map_err(unavailable)
}

impl Platform for Spin {
    type Stream = StreamReader<u8>;

    fn now(&self) -> u64 {
        micros() / 1000
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        // The host's randomness cannot fail. If it did, ids would repeat, but no secret is made of
        // it.
        let _ = getrandom::fill(&mut bytes);
        bytes
    }

    async fn variable(&self, name: &str) -> Option<String> {
        spin_sdk::variables::get(name).await.ok()
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        bucket()?.get(key).map_err(unavailable)
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        bucket()?.set(key, value).map_err(unavailable)
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        bucket()?.delete(key).map_err(unavailable)
    }

    /// Takes by compare-and-swap. If the swap is lost, then another request has moved the bucket,
    /// so in the end the bucket is empty. If a request loses all its attempts, then it is counted
    /// as if the store did not answer.
    async fn take(&self, key: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        let bucket = bucket()?;
        let request = BucketRequest::new(quota, cost);
        let mut cas = atomics::Cas::new(&bucket, key).map_err(unavailable)?;
        let mut held = cas.current().map_err(unavailable)?;
        let name = hex::encode(&self.random()[..4]);
        for _ in 0..ATTEMPTS {
            let (decision, moved) = request.decide(held.as_deref().and_then(decode), micros());
            // The bucket has not enough.
            let Some(moved) = moved else { return Ok(decision) };
            let value = encode(moved, &name, held.as_deref());
            cas = match atomics::swap(cas, &value) {
                Ok(()) => return Ok(decision),
                Err(atomics::CasError::StoreError(error)) => return Err(unavailable(error)),
                Err(atomics::CasError::CasFailed(fresh)) => fresh,
            };
            held = cas.current().map_err(unavailable)?;
            // On Redis, Spin 4.1 reports every swap as failed, also one that it has done, and other
            // requests may have moved the bucket since. So the request looks for its own name.
            if held.as_deref().is_some_and(|held| moved_by(held, &name)) {
                return Ok(decision);
            }
        }
        Err(Fault::Busy)
    }

    async fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        let bucket = bucket()?;
        let cas = atomics::Cas::new(&bucket, key).map_err(unavailable)?;
        if cas.current().map_err(unavailable)?.as_deref() != expected {
            return Ok(false);
        }
        match atomics::swap(cas, value) {
            Ok(()) => Ok(true),
            Err(atomics::CasError::CasFailed(_)) => Ok(false),
            Err(atomics::CasError::StoreError(error)) => Err(unavailable(error)),
        }
    }

    async fn call(
        &self,
        context: Context,
        operation: &str,
        request: Request,
    ) -> Result<Result<Response<Self::Stream>, Error>, Fault> {
        let holder = Holder::of(&context, &request);
        let outcome = route::handle(context.into(), operation.to_owned(), request.into()).await;
        Ok(match outcome {
            Ok(messages::Response { status, mut headers, body }) => {
                headers.retain(|(name, _)| !name.eq_ignore_ascii_case(holder::HEADER));
                let body = match body {
                    messages::Body::Empty => Body::Empty,
                    messages::Body::Bytes(bytes) => Body::Bytes(bytes),
                    messages::Body::Streaming(reader) => {
                        headers.push((holder::HEADER.to_owned(), holder.encode()));
                        Body::Streaming(reader)
                    }
                };
                Ok(Response { status, headers, body })
            }
            Err(error) => Err(error.into()),
        })
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        let response = spin_sdk::http::get(KEYS)
            .await
            .map_err(|error| Fault::Unavailable(format!("{KEYS}: {error:?}")))?;
        if response.status() != 200 {
            return Err(Fault::Unavailable(format!("{KEYS}: {}", response.status())));
        }
        Incoming(response.into_body())
            .read(65_536)
            .await
            .map_err(|error| Fault::Unavailable(format!("{KEYS}: {error:?}")))
    }

    /// Calls for the work in a task that goes on behind the answer. It is a task of the guest's call,
    /// for which hosts keep the instance. Our runner keeps it as long as a stream
    /// (`host/src/placements/composed/worker.rs`). Spin 4 keeps it as long as its `--request-timeout`, by
    /// default without end (`HttpWorkerExpiration` in its crates/trigger-http/src/server.rs).
    fn wake(&self, due: DueWork) {
        spin_sdk::wasip3::spawn(async move {
            let token = Self.variable("tick_token").await.unwrap_or_default();
            if token.is_empty() {
                return;
            }
            let url = format!("{OWN}{}?{}", due.path(), query(due));
            // A run may end while there is more to do. No other request may start the next run,
            // because a queue that is already due wakes nobody. So this task goes on.
            loop {
                let request = http::Request::post(&url)
                    .header("authorization", format!("Bearer {token}"))
                    .body(Empty::<Bytes>::new());
                let Ok(request) = request else { return };
                let Ok(response) = spin_sdk::http::send(request).await else { return };
                let Ok(body) = Incoming(response.into_body()).read(65_536).await else { return };
                if !is_more(&body) {
                    return;
                }
            }
        });
    }

    fn log(&self, line: &str) {
        println!("{line}");
    }
}

/// The query of a call for due work. The call for deliveries stays until those that fail at first
/// are due again.
fn query(due: DueWork) -> &'static str {
    match due {
        DueWork::Integrations => "work=deliveries",
        DueWork::Webhooks => "work=deliveries&wait=6",
    }
}

/// Whether the answer says that there is more to do, and that this run has done some
/// work.
fn is_more(body: &[u8]) -> bool {
    let Ok(done) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
    let did = |name: &str| done[name].as_u64().is_some_and(|count| count > 0);
    done["more"] == true && (did("attempts") || did("ingested"))
}
