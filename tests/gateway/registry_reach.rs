//! Each row of the registry is reached (S-41): by a request of this table, or by the test that the
//! table names. The match has an arm for each code, so a new code does not compile until it has a
//! way to be reached.

use gateway::Code;
use http::Method;
use serde_json::json;

use crate::support::server::root;
use crate::support::{App, Client, Exchange};

pure! { a_function_is_found_whole() }

const PATH: &str = "/api/v1/projects";
const TOKEN: &str = "/api/v1/auth/token";

/// How a code is reached.
enum Reached {
    /// By this exchange.
    Here(Box<Exchange>),
    /// By a test that has a server or a world of its own: its file and function.
    By(&'static str, &'static str),
}

/// The clients that send the requests.
struct World {
    anon: Client,
    owner: Client,
    /// The form parameters that authenticate a machine client that may read projects.
    client: String,
}

impl World {
    async fn new(app: &App) -> Self {
        let owner = app.owner().await;
        let body = json!({ "name": "reads", "scopes": ["projects:read"] });
        let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        let client =
            format!("client_id={}&client_secret={}", text("client_id"), text("client_secret"));
        Self { anon: app.anon(), owner, client }
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
}

async fn reach(world: &World, code: Code) -> Reached {
    let World { anon, owner, client } = world;
    Reached::Here(Box::new(match code {
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
        Code::RequestTimeout => {
            return Reached::By("tests/host/uploads.rs", "what_comes_too_slowly_is_a_408");
        }
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
        Code::DeprecatedVersion => {
            return Reached::By(
                "components/gateway/src/tests/versions.rs",
                "deprecations_are_told_and_end_in_410",
            );
        }
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
        Code::RateLimitExceeded => {
            return Reached::By("tests/gateway/limits.rs", "by_class_and_identity");
        }
        Code::HeaderFieldsTooLarge => world.get(PATH, ("x-large", &"x".repeat(33 << 10))).await,
        Code::InternalError | Code::Timeout => {
            return Reached::By("tests/host/limits.rs", "faults_cost_one_request");
        }
        Code::NotImplemented => {
            let method = Method::from_bytes(b"BREW").unwrap();
            owner.send(method, PATH, &[], None).await
        }
        Code::ServiceUnavailable => {
            return Reached::By("tests/host/development.rs", "nobody_behind_a_proxy_is_served");
        }
    }))
}

/// The text of a function, up to the brace that stands below its first line.
fn function<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let start = source.find(&format!("fn {name}("))?;
    let line = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent: String = source[line..].chars().take_while(|c| *c == ' ').collect();
    let rest = &source[start..];
    Some(&rest[..rest.find(&format!("\n{indent}}}\n"))?])
}

everywhere! {
    /// Every code is reached, with the status of its row.
    async fn each_code_is_reached(app) {
        let world = World::new(&app).await;
        for code in Code::ALL {
            let row = code.row();
            match reach(&world, *code).await {
                Reached::Here(exchange) => {
                    exchange.refused(row.status, row.name);
                }
                Reached::By(file, name) => {
                    let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
                    let text = function(&source, name).unwrap_or_else(|| panic!("{file} has no {name}"));
                    assert!(text.contains(&format!("\"{}\"", row.name)), "{file}: {name} does not reach {}", row.name);
                }
            }
        }
    }
}

fn a_function_is_found_whole() {
    let source = "macro! {\n    async fn a(x) {\n        one();\n    }\n\n    async fn b() {\n        \"two\"\n    }\n}\n";
    assert_eq!(function(source, "a"), Some("fn a(x) {\n        one();"));
    assert!(function(source, "b").unwrap().contains("\"two\""));
    assert_eq!(function(source, "c"), None);
}
