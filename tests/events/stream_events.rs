//! GET /api/v1/events/stream

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::PATH;
use crate::support::contract::{self, registered};
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Client, Placement};
use crate::tenants;
use host::{Limits, Server};

everywhere! { events_come_as_they_happen(placement) nothing_is_lost_between_two_streams(placement) }
transport! { silence_is_told(placement) }

const STREAM: &str = "/api/v1/events/stream";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(40);

/// A message of a stream, in the terms of WHATWG HTML, section 9.2.6.
#[derive(Debug, Default)]
struct Message {
    id: Option<String>,
    event: Option<String>,
    data: Option<String>,
    retry: Option<u64>,
    comment: bool,
}

/// A client that reads a stream.
struct Follower {
    response: reqwest::Response,
    text: String,
}

impl Follower {
    async fn open(client: &Client, query: &str, last: Option<&str>) -> Self {
        let url = format!("{}{STREAM}{query}", client.base());
        let mut request = reqwest::Client::new().get(url).bearer_auth(client.token());
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        contract::note(&Method::GET, STREAM);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        Self { response, text: String::new() }
    }

    /// The next message, or `None` when the stream has ended properly.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let message = parse(block);
                self.text = rest.to_owned();
                return Some(message);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            match chunk.expect("something comes").expect("the stream is whole") {
                Some(bytes) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                None => {
                    assert_eq!(self.text, "", "it ends between messages");
                    return None;
                }
            }
        }
    }

    /// The next event and its id, or `None` at the end.
    async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            let message = self.next().await?;
            if let Some(data) = message.data {
                let event: Value = serde_json::from_str(&data).unwrap();
                registered(&event);
                assert_eq!(message.event.as_deref(), event["type"].as_str());
                return Some((message.id.expect("an event has an id"), event));
            }
        }
    }
}

fn parse(block: &str) -> Message {
    let mut message = Message::default();
    for line in block.lines() {
        let (name, value) = line.split_once(':').unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "" => message.comment = true,
            "id" => message.id = Some(value),
            "event" => message.event = Some(value),
            "data" => assert_eq!(message.data.replace(value), None, "data is one line"),
            "retry" => message.retry = value.parse().ok(),
            other => panic!("{other}: {block}"),
        }
    }
    message
}

/// A server whose streams live for this many seconds, and with this many streams at most. Its
/// requests live shorter than a stream may be silent.
async fn server(
    placement: Placement,
    life: &str,
    max_streams: usize,
) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let variables = [&UNLIMITED[..], &[("stream_seconds", life)]].concat();
    let mut options = options(placement, directory.path(), &variables);
    options.limits = Limits { request: Duration::from_secs(12), max_streams, ..Limits::default() };
    let (app, server) = start(options).await;
    (app, server, directory)
}

async fn project(client: &Client, name: &str) -> String {
    let made = client.post("/api/v1/projects", &json!({ "name": name })).await.expect(201);
    made.id().to_owned()
}

async fn feed(client: &Client) -> Vec<Value> {
    let feed = client.get(&format!("{PATH}?limit=100")).await.expect(200);
    feed.body["items"].as_array().unwrap().clone()
}

/// While a client is connected, it gets the new events of its tenant, and only those that it asked
/// for.
async fn events_come_as_they_happen(placement: Placement) {
    let (app, server, _directory) = server(placement, "60", 16).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    let mut all = Follower::open(&alice, "", None).await;
    let mut few = Follower::open(&alice, "?type=project.*&type:ne=project.updated", None).await;
    assert_eq!(all.next().await.unwrap().retry, Some(1000));
    for name in ["a", "b"] {
        let foreign = project(&bob, name).await;
        let id = project(&alice, name).await;
        alice.patch(&format!("/api/v1/projects/{id}"), &json!({ "name": "c" })).await.expect(200);
        for kind in ["project.created", "audit.logged", "project.updated", "audit.logged"] {
            let (_, event) = all.event().await.unwrap();
            assert_eq!(event["type"], kind);
            assert_eq!(event["tenant_id"], alice.tenant());
            assert!(!event.to_string().contains(&foreign));
        }
        let (_, event) = few.event().await.unwrap();
        assert_eq!((&event["type"], &event["subject"]), (&json!("project.created"), &json!(id)));
    }
    drop((all, few));
    server.shutdown().await.unwrap();
}

/// A client that comes back with the last id gets the events that happened meanwhile, once, whether
/// the stream was cut or had ended by itself. The id may be the cursor of a page, and a page may be
/// read from the id.
async fn nothing_is_lost_between_two_streams(placement: Placement) {
    let (app, server, _directory) = server(placement, "2", 64).await;
    let owner = app.owner().await;
    let writer = {
        let owner = owner.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                project(&owner, &format!("{number}")).await;
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        })
    };
    let (mut seen, mut last, mut ends) = (Vec::new(), None::<String>, 0);
    while seen.len() < 42 {
        let query = if last.is_none() { "?from=beginning" } else { "" };
        let mut follower = Follower::open(&owner, query, last.as_deref()).await;
        // At times the client leaves in the middle of a stream.
        for _ in 0..seen.len() % 5 + 4 {
            let Some((id, event)) = follower.event().await else {
                ends += 1;
                break;
            };
            last = Some(id);
            seen.push(event);
        }
    }
    writer.await.unwrap();
    let expected = feed(&owner).await;
    assert_eq!(seen, expected);
    assert!(ends > 0, "a stream has ended by itself");
    // An event id is a cursor, and a cursor is an event id.
    let last = last.unwrap();
    let page = owner.get(&format!("{PATH}?cursor={last}")).await.expect(200);
    assert_eq!(page.body["items"], json!([]));
    let page = owner.get(&format!("{PATH}?limit=40")).await.expect(200);
    let cursor = page.body["next_cursor"].as_str().unwrap();
    for (query, last) in [
        (format!("?cursor={cursor}"), None),
        (String::new(), Some(cursor)),
        // The header has the newer place. A client adds it to the URL that it began with.
        (format!("?cursor={last}"), Some(cursor)),
        (format!("?from=beginning&cursor={cursor}"), None),
    ] {
        let mut follower = Follower::open(&owner, &query, last).await;
        assert_eq!(follower.event().await.unwrap().1, expected[40], "{query}");
    }
    server.shutdown().await.unwrap();
}

/// When nothing happens, a comment is sent, even after the time limit of a request. It tells the
/// place after the events that did not match.
async fn silence_is_told(placement: Placement) {
    let (app, server, _directory) = server(placement, "60", 16).await;
    let owner = app.owner().await;
    let mut quiet = Follower::open(&owner, "?type=INGESTED", None).await;
    quiet.next().await.unwrap();
    project(&owner, "a").await;
    let heartbeat = quiet.next().await.unwrap();
    assert!(heartbeat.comment && heartbeat.data.is_none(), "{heartbeat:?}");
    let page = owner.get(&format!("{PATH}?cursor={}", heartbeat.id.unwrap())).await.expect(200);
    assert_eq!(page.body["items"], json!([]));
    drop(quiet);
    server.shutdown().await.unwrap();
}

transport! {
    /// An empty `Last-Event-ID` or cursor counts as absent. A client that has seen no event sends
    /// an empty header, and begins where it would without it.
    async fn empty_places_are_none(app) {
        let owner = app.owner().await;
        let whole = owner.get(&format!("{STREAM}?from=beginning")).await.expect(200);
        let page = owner.get(PATH).await.expect(200);
        let last = page.body["next_cursor"].as_str().unwrap();
        let ask = async |query: &str, header: Option<&str>| {
            let header = header.map(|id| ("last-event-id", id));
            owner.send(Method::GET, &format!("{STREAM}{query}"), header.as_slice(), None).await.expect(200).text
        };
        assert_eq!(ask("?from=beginning", Some("")).await, whole.text);
        assert_eq!(ask("?from=beginning&cursor=", None).await, whole.text);
        assert_eq!(ask("?from=beginning&cursor=", Some("")).await, whole.text);
        assert_eq!(ask("", Some("")).await, "retry: 1000\n\n");
        // The one that is not empty counts.
        assert_eq!(ask(&format!("?from=beginning&cursor={last}"), Some("")).await, "retry: 1000\n\n");
    }

    /// A stream ends by itself, and keeps the contract.
    async fn ends_by_itself(app) {
        let owner = app.owner().await;
        let whole = owner.get(&format!("{STREAM}?from=beginning")).await.expect(200);
        assert!(whole.text.starts_with("retry: 1000\n\n"), "{}", whole.text);
        assert_eq!(whole.text.matches("\ndata: {").count(), feed(&owner).await.len());
        let now = owner.get(STREAM).await.expect(200);
        assert_eq!(now.text, "retry: 1000\n\n");
        let head = owner.send(Method::HEAD, STREAM, &[], None).await.expect(200);
        assert_eq!(head.text, "");
    }

    /// A refusal, for a missing right or a wrong parameter, comes before anything is streamed.
    async fn refusals_come_first(app) {
        let owner = app.owner().await;
        app.anon().get(STREAM).await.refused(401, "authentication_required");
        tenants::caller(&app, &owner, &[], &["projects:read"]).get(STREAM).await.refused(403, "insufficient_scope");
        owner.get(&format!("{STREAM}?cursor=x")).await.refused(400, "invalid_cursor");
        owner.send(Method::GET, STREAM, &[("last-event-id", "x")], None).await.refused(400, "invalid_cursor");
        owner.get(&format!("{STREAM}?limit=5")).await.refused(400, "invalid_parameter");
        for query in ["from=yesterday", "type=nonsense", "created_at:gte=x"] {
            owner.get(&format!("{STREAM}?{query}")).await.refused(422, "validation_failed");
        }
        owner.send(Method::GET, STREAM, &[("accept", "application/json")], None).await.refused(406, "not_acceptable");
        let other = app.owner().await;
        let theirs = other.get(PATH).await.expect(200).body["next_cursor"].as_str().unwrap().to_owned();
        owner.send(Method::GET, STREAM, &[("last-event-id", &theirs)], None).await.refused(400, "invalid_cursor");
        owner.json(Method::POST, STREAM, &json!({}), &[]).await.refused(405, "method_not_allowed");
    }
}
