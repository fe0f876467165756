//! The clock of a server steps back and forth, by a second, an hour or days, while clients use it.
//! Nothing is done twice, no client is locked out, and no client gets more than its limit.

mod keys;
mod limits;
mod tokens;

use crate::support::clock::Clock;
use crate::support::process::{Process, Setting};
use crate::support::{Client, Exchange, Placement};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// A client that is still refused after this many tries, 20 ms apart, is locked out.
const MEND_TRIES: usize = 250;
/// The credential of the operator.
const TICK: &str = "a tick of the tests";

/// A server with a clock of its own, and its owner as the client.
struct Scene {
    clock: Clock,
    server: Process,
    owner: Client,
    /// The refresh token, which is valid for one use.
    refresh: String,
    _directory: tempfile::TempDir,
}

impl Scene {
    async fn set(placement: Placement, variables: &[(&str, &str)], broken: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::new(directory.path());
        let mut setting = Setting::new(directory.path(), placement);
        setting.clock = Some(clock.file());
        setting.manifest = broken.then(|| crate::stores::with_fault_injection(directory.path()));
        let variables = variables.iter().chain(&[("tick_token", TICK)]);
        setting.variables = variables.map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let server = Process::spawn(&setting);
        let owner = server.app.owner().await;
        let refresh = owner.session["refresh_token"].as_str().unwrap().to_owned();
        Self { clock, server, owner, refresh, _directory: directory }
    }

    /// Turns the clock.
    async fn set_clock(&self, seconds: i64) {
        self.clock.turn(seconds);
        self.settle().await;
    }

    /// If a bucket was last written at a time that is now in the future, it refuses once, whatever
    /// it holds. This takes that one refusal from a bucket of each class, so that the tests see
    /// only what they are about.
    async fn settle(&self) {
        use http::Method;
        let anon = self.server.app.anon();
        let json = [("content-type", "application/json")];
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let tick = "/internal/tick";
        let asked = [
            (&self.owner, Method::GET, "/api/v1/projects?limit=1", &json, None),
            (&self.owner, Method::POST, "/api/v1/projects", &json, Some("{}")),
            (&anon, Method::POST, tick, &json, None),
            (&anon, Method::POST, "/api/v1/auth/token", &form, Some("grant_type=none")),
        ];
        for (client, method, path, headers, body) in asked {
            for _ in 0..20 {
                let body = body.map(str::to_owned);
                if client.send(method.clone(), path, headers, body).await.status != 429 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }

    /// Turns the clock, and runs all work that is due by then.
    async fn turn(&self, seconds: i64) {
        self.set_clock(seconds).await;
        let credential = format!("Bearer {TICK}");
        let headers = [("authorization", credential.as_str())];
        let anon = self.server.app.anon();
        anon.send(http::Method::POST, "/internal/tick", &headers, None).await.expect(200);
    }

    /// The answer to a client that retries while a bucket was last written at a time that is now in
    /// the future.
    async fn ask(&self, client: &Client) -> Exchange {
        let mut answer = client.get("/api/v1/projects?limit=1").await;
        // With the gateway composed, each instance has its own buckets of addresses. The first
        // refusal mends one of them (`BucketRequest::decide`), which has a unit again 100 ms later.
        for _ in 0..MEND_TRIES {
            if answer.status != 429 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            answer = client.get("/api/v1/projects?limit=1").await;
        }
        answer
    }

    /// The owner, with a token that is valid by the clock.
    async fn signed_in(&mut self) -> Client {
        self.settle().await;
        let answer = self.ask(&self.owner).await;
        if answer.status == 200 {
            return self.owner.clone();
        }
        answer.refused(401, "invalid_token");
        self.refresh().await;
        self.owner.get("/api/v1/projects?limit=1").await.expect(200);
        self.owner.clone()
    }

    /// Exchanges the refresh token for the next pair of tokens.
    async fn refresh(&mut self) {
        let form = format!("grant_type=refresh_token&refresh_token={}", self.refresh);
        let pair = self.server.app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
        let text = |name: &str| pair.body[name].as_str().unwrap().to_owned();
        self.owner = self.owner.with_token(&text("access_token"));
        self.refresh = text("refresh_token");
        self.settle().await;
    }

    /// Stops the server, which must still be alive, in good order.
    fn end(mut self) {
        self.server.stop();
    }
}
