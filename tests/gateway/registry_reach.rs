//! Each row of the registry is reached (S-41) by a request of this table. The match has an arm for
//! each code, so a new code does not compile until it has a way to be reached.

use std::time::Duration;

use gateway::Code;
use host::{Connections, Limits};
use http::Method;
use serde_json::json;

use super::lifecycle::table;
use crate::host::{fixture, probe};
use crate::support::raw::Raw;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Client, Exchange, Placement, dedicated, shared};

everywhere! { each_code_is_reached(placement) }

const PATH: &str = "/api/v1/projects";
const TOKEN: &str = "/api/v1/auth/token";

/// The status of an answer, and its code.
type Refusal = (u16, String);

/// The clients that send the requests.
struct World {
    placement: Placement,
    anon: Client,
    owner: Client,
    /// The form parameters that authenticate a machine client that may read projects.
    client: String,
}

impl World {
    async fn new(placement: Placement) -> Self {
        let app = shared(placement);
        let owner = app.owner().await;
        let body = json!({ "name": "reads", "scopes": ["projects:read"] });
        let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        let client =
            format!("client_id={}&client_secret={}", text("client_id"), text("client_secret"));
        Self { placement, anon: app.anon(), owner, client }
    }

    async fn token(&self, form: &str) -> Exchange {
        self.anon.form(TOKEN, form, &[]).await
    }

    async fn get(&self, path: &str, header: (&str, &str)) -> Exchange {
        self.owner.send(Method::GET, path, &[header], None).await
    }

    async fn post(&self, media_type: &str, body: impl Into<String>) -> Exchange {
        let headers = [("content-type", media_type)];
        self.owner.send(Method::POST, PATH, &headers, Some(body.into())).await
    }

    async fn reader(&self) -> Client {
        let form = format!("grant_type=client_credentials&{}", self.client);
        let answer = self.token(&form).await.expect(200);
        self.owner.with_token(answer.body["access_token"].as_str().unwrap())
    }

    /// The answer to one of several requests that came at once with one key, while the first of
    /// them was running.
    async fn race(&self) -> Exchange {
        for round in 0..50 {
            let racers = (0..8).map(|_| {
                let owner = self.owner.clone();
                tokio::spawn(async move {
                    let key = format!("race-{round}");
                    let key = [("idempotency-key", key.as_str())];
                    owner.json(Method::POST, PATH, &json!({ "name": "once" }), &key).await
                })
            });
            for racer in racers.collect::<Vec<_>>() {
                let exchange = racer.await.unwrap();
                if exchange.status != 201 {
                    return exchange;
                }
            }
        }
        panic!("no request met another one");
    }

    /// Makes a project and returns its path.
    async fn project(&self) -> String {
        let made = self.owner.post(PATH, &json!({ "name": "x" })).await.expect(201);
        format!("{PATH}/{}", made.id())
    }

    /// The second answer of a server that gives an identity one.
    async fn limited(&self) -> Exchange {
        let one = [("limit_read_per_minute", "1;burst=1")];
        let (app, server, _directory) = dedicated(self.placement, &one).await;
        let owner = app.owner().await;
        owner.get(PATH).await.expect(200);
        let refused = owner.get(PATH).await;
        server.shutdown().await.unwrap();
        refused
    }

    /// The answer of a server whose version has ended.
    async fn ended(&self) -> Exchange {
        let table = table("2021-06-01");
        let (app, server, _directory) =
            dedicated(self.placement, &[("api_lifecycle", &table)]).await;
        let refused = app.anon().get(PATH).await;
        server.shutdown().await.unwrap();
        refused
    }

    /// The answer to a body that does not come.
    async fn late(&self) -> Refusal {
        let directory = tempfile::tempdir().unwrap();
        let mut options = options(self.placement, directory.path(), &UNLIMITED);
        let body_grace = Duration::from_millis(300);
        options.limits.connections = Connections { body_grace, ..Connections::default() };
        let (app, server) = start(options).await;
        let sent = "POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\
                    Content-Type: application/json\r\n\r\n{";
        let answer = Raw::send(&app, sent.as_bytes()).await;
        server.shutdown().await.unwrap();
        refusal(answer.statuses()[0], answer.0.split_once("\r\n\r\n").unwrap().1)
    }

    /// The answer of a function that misbehaves.
    async fn faulty(&self, what: &str) -> Refusal {
        let limits = Limits { request: Duration::from_secs(1), ..Limits::default() };
        let grants = "key_value_stores = [\"default\"]";
        let (app, server, _directory) = fixture(self.placement, grants, limits).await;
        let (status, text) = probe(&app, what).await;
        server.shutdown().await.unwrap();
        refusal(status, &text)
    }
}

/// The status and the code in the body of an error.
fn refusal(status: u16, body: &str) -> Refusal {
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

async fn reach(world: &World, code: Code) -> Refusal {
    let World { anon, owner, client, .. } = world;
    let exchange = match code {
        Code::MalformedRequest => world.post("application/json", "{").await,
        Code::InvalidParameter => owner.get(&format!("{PATH}?limt=3")).await,
        Code::InvalidCursor => owner.get(&format!("{PATH}?cursor=eyJpZCI6MX0")).await,
        Code::InvalidRequest => world.token("").await,
        Code::InvalidClient => {
            world.token("grant_type=client_credentials&client_id=a&client_secret=b").await
        }
        Code::InvalidGrant => world.token("grant_type=refresh_token&refresh_token=rt_no").await,
        Code::UnauthorizedClient => {
            world.token(&format!("grant_type=refresh_token&refresh_token=rt_no&{client}")).await
        }
        Code::UnsupportedGrantType => world.token("grant_type=password").await,
        Code::InvalidScope => {
            let form = format!("grant_type=client_credentials&scope=projects:write&{client}");
            world.token(&form).await
        }
        Code::AuthenticationRequired => anon.get(PATH).await,
        Code::InvalidToken => owner.with_token("garbage").get(PATH).await,
        Code::InvalidCredentials => {
            let body = json!({ "email": "nobody@example.com", "password": "not the password" });
            anon.post("/api/v1/auth/login", &body).await
        }
        Code::InsufficientScope => world.reader().await.post(PATH, &json!({ "name": "no" })).await,
        Code::TenantMismatch => world.get(PATH, ("x-tenant-id", "tenant_missing")).await,
        Code::Forbidden => {
            let chosen = json!({ "data": { "type": "projects", "id": "mine", "attributes": { "name": "no" } } });
            world.post("application/vnd.api+json", chosen.to_string()).await
        }
        Code::RouteNotFound => owner.get("/api/v1/nothing").await,
        Code::ResourceNotFound => owner.get(&format!("{PATH}/prj_missing")).await,
        Code::MethodNotAllowed => owner.delete(PATH).await,
        Code::NotAcceptable => world.get(PATH, ("accept", "image/png")).await,
        Code::RequestTimeout => return world.late().await,
        Code::Conflict => {
            let body = json!({
                "email": owner.session["user"]["email"], "password": "long enough",
                "tenant_name": "Again",
            });
            anon.post("/api/v1/auth/register", &body).await
        }
        Code::IdempotencyConflict => world.race().await,
        Code::ResourceGone => {
            let path = world.project().await;
            owner.delete(&path).await.expect(204);
            owner.get(&path).await
        }
        Code::DeprecatedVersion => world.ended().await,
        Code::PreconditionFailed => {
            let body = json!({ "name": "lost" });
            let headers = [("if-match", "\"v99\"")];
            owner.json(Method::PATCH, &world.project().await, &body, &headers).await
        }
        Code::PayloadTooLarge => {
            world.post("application/json", json!({ "name": "x".repeat(1 << 20) }).to_string()).await
        }
        Code::UriTooLong => owner.get(&format!("{PATH}?cursor={}", "x".repeat(9000))).await,
        Code::UnsupportedMediaType => world.post("text/plain", "a project").await,
        Code::ValidationFailed => owner.post(PATH, &json!({})).await,
        Code::IdempotencyKeyReused => {
            let key = [("idempotency-key", "reached")];
            owner.json(Method::POST, PATH, &json!({ "name": "a" }), &key).await.expect(201);
            owner.json(Method::POST, PATH, &json!({ "name": "b" }), &key).await
        }
        Code::PreconditionRequired => {
            owner.json(Method::PUT, &world.project().await, &json!({ "name": "unseen" }), &[]).await
        }
        Code::RateLimitExceeded => world.limited().await,
        Code::HeaderFieldsTooLarge => world.get(PATH, ("x-large", &"x".repeat(33 << 10))).await,
        Code::InternalError => return world.faulty("trap").await,
        Code::Timeout => return world.faulty("loop").await,
        Code::NotImplemented => {
            let method = Method::from_bytes(b"BREW").unwrap();
            owner.send(method, PATH, &[], None).await
        }
        Code::ServiceUnavailable => {
            // A server in development serves nobody behind a proxy.
            let body = json!({ "email": "far@example.com", "password": "long enough", "tenant_name": "Far" });
            let headers = [("x-forwarded-for", "203.0.113.9")];
            anon.json(Method::POST, "/api/v1/auth/register", &body, &headers).await
        }
    };
    (exchange.status, exchange.error().to_owned())
}

/// Every code is reached, with the status of its row.
async fn each_code_is_reached(placement: Placement) {
    let world = World::new(placement).await;
    for code in Code::ALL {
        let row = code.row();
        assert_eq!(reach(&world, *code).await, (row.status, row.name.to_owned()));
    }
}
