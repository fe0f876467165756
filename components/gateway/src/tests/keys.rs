//! The gateway's use of the key-value store: for an `Idempotency-Key`, and for a limit.

use std::collections::HashMap;
use std::sync::Mutex;

use protocol::metadata::work_due;

use super::*;

const SLOT: &str = "idempotency:";

/// A platform with a store, and with a function whose behaviour a test sets.
#[derive(Default)]
struct Stored {
    entries: Mutex<HashMap<String, Vec<u8>>>,
    /// The operations on the store.
    asked: Mutex<Vec<&'static str>>,
    /// The acts of the function, one for each call. At the end it answers 201.
    script: Mutex<Vec<Act>>,
    calls: Mutex<u32>,
    wakes: Mutex<u32>,
    down: bool,
}

/// The behaviour of the function in one call.
enum Act {
    Trap,
    /// Gives an answer that no store may keep.
    Secret,
    /// Makes deliveries due.
    DueWork,
    /// Takes so long that another request takes its key over.
    Late,
}

impl Stored {
    fn note(&self, what: &'static str) -> Result<(), Fault> {
        self.asked.lock().expect("not poisoned").push(what);
        if self.down { Err(Fault::Unavailable("down".to_owned())) } else { Ok(()) }
    }

    fn slot(&self) -> Option<Vec<u8>> {
        let entries = self.entries.lock().expect("not poisoned");
        entries.iter().find(|(key, _)| key.starts_with(SLOT)).map(|(_, value)| value.clone())
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.asked.lock().expect("not poisoned"))
    }
}

impl Platform for Stored {
    type Stream = ();

    fn now(&self) -> u64 {
        NOW
    }

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    async fn variable(&self, _: &str) -> Option<String> {
        None
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.note("get")?;
        Ok(self.entries.lock().expect("not poisoned").get(key).cloned())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Fault> {
        self.note("set")?;
        self.entries.lock().expect("not poisoned").insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), Fault> {
        self.note("delete")?;
        self.entries.lock().expect("not poisoned").remove(key);
        Ok(())
    }

    async fn take(&self, _: &str, quota: Quota, cost: u32) -> Result<Decision, Fault> {
        self.note("take")?;
        Ok(BucketRequest::new(quota, cost).decide(None, NOW * 1000).0)
    }

    async fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> Result<bool, Fault> {
        self.note("swap")?;
        let mut entries = self.entries.lock().expect("not poisoned");
        let free = entries.get(key).map(Vec::as_slice) == expected;
        if free {
            entries.insert(key.to_owned(), value.to_vec());
        }
        Ok(free)
    }

    async fn call(
        &self,
        _: Context,
        _: &str,
        _: Request,
    ) -> Result<Result<Response<()>, Error>, Fault> {
        *self.calls.lock().expect("not poisoned") += 1;
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        match self.script.lock().expect("not poisoned").pop() {
            Some(Act::Trap) => return Err(Fault::Trapped("on demand".to_owned())),
            Some(Act::Late) => {
                let mut entries = self.entries.lock().expect("not poisoned");
                let slot = entries.iter_mut().find(|(key, _)| key.starts_with(SLOT));
                *slot.expect("a reservation").1 = b"of another".to_vec();
                return Err(Fault::Timeout);
            }
            Some(Act::DueWork) => headers.push(work_due(DueWork::Webhooks)),
            Some(Act::Secret) => headers.push(("cache-control".to_owned(), "no-store".to_owned())),
            None => {}
        }
        Ok(Ok(Response { status: 201, headers, body: Body::Bytes(b"{}".to_vec()) }))
    }

    async fn fetch_keys(&self) -> Result<Vec<u8>, Fault> {
        Err(Fault::Unavailable("there are none".to_owned()))
    }

    fn wake(&self, _: DueWork) {
        *self.wakes.lock().expect("not poisoned") += 1;
    }

    fn log(&self, _: &str) {}
}

/// Sends one request with a key to an operation that takes one.
fn create(world: &Stored) -> http::Response<Body<()>> {
    let create = Operation {
        idempotency: Idempotency::Optional,
        ..operation("create-thing", "POST", "/things", 1)
    };
    let gateway = block_on(Gateway::load(world, vec![create])).expect("valid settings");
    let request = http::Request::post("/api/v1/things")
        .header("idempotency-key", "k")
        .header("content-type", "application/json");
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    block_on(gateway.handle(world, IpAddr::from([192, 0, 2, 7]), parts, Sent(b"{}".to_vec())))
}

fn calls(world: &Stored) -> u32 {
    *world.calls.lock().expect("not poisoned")
}

#[test]
fn a_request_writes_its_bucket_and_with_a_key_its_slot_twice() {
    let world = Stored::default();
    assert_eq!(create(&world).status(), 201);
    assert_eq!(world.asked(), ["take", "swap", "set"]);
    let again = create(&world);
    assert_eq!((again.status().as_u16(), calls(&world)), (201, 1));
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(world.asked(), ["take", "swap", "get"], "a replay writes nothing but its bucket");
}

#[test]
fn a_failed_request_gives_its_key_back() {
    let world = Stored { script: Mutex::new(vec![Act::Trap]), ..Stored::default() };
    assert_eq!(create(&world).status(), 500);
    assert_eq!(world.slot(), None);
    assert_eq!((create(&world).status().as_u16(), calls(&world)), (201, 2));
}

#[test]
fn who_comes_late_leaves_what_is_another_s() {
    let world = Stored { script: Mutex::new(vec![Act::Late]), ..Stored::default() };
    assert_eq!(create(&world).status(), 504);
    assert_eq!(world.slot().as_deref(), Some(&b"of another"[..]));
}

#[test]
fn what_no_store_may_keep_is_not_kept() {
    let world = Stored { script: Mutex::new(vec![Act::Secret]), ..Stored::default() };
    assert_eq!(create(&world).status(), 201);
    assert_eq!(world.slot(), None);
}

#[test]
fn work_that_is_due_is_told_once_and_not_to_clients() {
    let world = Stored { script: Mutex::new(vec![Act::DueWork]), ..Stored::default() };
    let wakes = || *world.wakes.lock().expect("not poisoned");
    for replayed in [false, true] {
        let response = create(&world);
        assert_eq!(response.headers().contains_key("idempotent-replayed"), replayed);
        assert!(!response.headers().contains_key("x-work-due"));
        assert_eq!(wakes(), 1);
    }
    let world = Stored::default();
    assert_eq!(
        (create(&world).status().as_u16(), *world.wakes.lock().expect("not poisoned")),
        (201, 0)
    );
}

#[test]
fn without_the_store_nothing_runs_under_a_key() {
    let world = Stored { down: true, ..Stored::default() };
    let refused = create(&world);
    assert_eq!((refused.status().as_u16(), calls(&world)), (503, 0));
    assert!(refused.headers().contains_key("retry-after"));
}
