//! A provider that grants access by OAuth 2.0: `oidc-provider` of npm, an authorization server that
//! passes the conformance suite of OpenID. Its refresh tokens are valid for one use. A second use
//! ends the grant.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use host::Server;
use http::Method;
use serde_json::{Value, json};

use super::inbound::INTEGRATIONS;
use crate::support::server::dedicated;
use crate::support::{App, Client, Exchange, Placement, packages};

const SCRIPT: &str = include_str!("authorization_server.mjs");
/// The redirect URI to which users return.
pub const CONNECTED: &str = "https://app.example.com/connected";

/// The provider, in a process of its own.
pub struct Provider {
    folder: PathBuf,
    child: Child,
    pub base: String,
    /// Kept open, because the output of the process must go somewhere.
    _stdout: BufReader<ChildStdout>,
}

fn node(folder: &PathBuf, arguments: [&str; 2]) -> Command {
    let mut node = Command::new("node");
    node.args(["--no-warnings", "--input-type=module", "-e", SCRIPT]);
    node.args(arguments).current_dir(folder);
    node
}

impl Provider {
    pub fn start() -> Self {
        Self::listen(packages::of_npm(packages::OIDC_PROVIDER), "0")
    }

    fn listen(folder: PathBuf, port: &str) -> Self {
        let mut child = node(&folder, ["serve", port]).stdout(Stdio::piped()).spawn().unwrap();
        let (mut base, mut stdout) = (String::new(), BufReader::new(child.stdout.take().unwrap()));
        stdout.read_line(&mut base).unwrap();
        Self { folder, child, base: base.trim().to_owned(), _stdout: stdout }
    }

    pub fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the provider again at the same address. It has forgotten its grants.
    pub fn restart(&mut self) {
        self.stop();
        let port = self.base.rsplit(':').next().unwrap();
        *self = Self::listen(self.folder.clone(), port);
    }

    /// The variable `oauth_providers`, with a provider of long-lived tokens and one of tokens that
    /// are about to expire.
    pub fn variable(&self) -> String {
        let base = &self.base;
        let client = |id: &str, method: &str| {
            json!({
                "authorization_endpoint": format!("{base}/auth"),
                "token_endpoint": format!("{base}/token"),
                "revocation_endpoint": format!("{base}/token/revocation"),
                "issuer": base,
                "client_id": id,
                "client_secret": format!("{id} secret"),
                "token_endpoint_auth_method": method,
                "scope": "openid offline_access",
                "redirect_uris": [CONNECTED, "https://app.example.com/other"],
                "authorization_parameters": { "prompt": "consent" },
            })
        };
        let long = client("long", "client_secret_basic");
        json!({ "github": long, "short": client("short", "client_secret_post") }).to_string()
    }

    /// Opens this URL as the user, and returns the parameters of the redirect back.
    pub fn browse(&self, url: &str) -> BTreeMap<String, String> {
        let output = node(&self.folder, ["browse", url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = reqwest::Url::parse(String::from_utf8(output.stdout).unwrap().trim()).unwrap();
        url.query_pairs().into_owned().collect()
    }

    /// Whether the provider accepts an access token of `long`.
    pub async fn accepts(&self, token: &str) -> bool {
        let request = reqwest::Client::new().post(format!("{}/token/introspection", self.base));
        let form = [("token", token), ("client_id", "long")];
        let request = request.basic_auth("long", Some("long%20secret")).form(&form);
        let answer = request.send().await.unwrap().json::<Value>().await.unwrap();
        answer["active"].as_bool().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server that is registered with a provider, and one of its integrations.
pub struct World {
    pub app: App,
    pub owner: Client,
    pub provider: Provider,
    /// The path of the integration.
    pub path: String,
    server: Server,
    _directory: tempfile::TempDir,
}

impl World {
    pub async fn start(placement: Placement) -> Self {
        let provider = Provider::start();
        let variable = provider.variable();
        let (app, server, directory) =
            dedicated(placement, &[("oauth_providers", &variable)]).await;
        let owner = app.owner().await;
        let body = json!({ "provider": "GITHUB", "name": "Repositories" });
        let made = owner.post(INTEGRATIONS, &body).await.expect(201);
        let path = format!("{INTEGRATIONS}/{}", made.id());
        Self { app, owner, provider, path, server, _directory: directory }
    }

    pub async fn authorize(&self, body: Value) -> Exchange {
        self.owner.post(&format!("{}/authorize", self.path), &body).await
    }

    /// The user consents. Returns the body for `connect`.
    pub async fn consent(&self, body: Value) -> Value {
        let begun = self.authorize(body).await.expect(200);
        json!(self.provider.browse(begun.body["authorization_url"].as_str().unwrap()))
    }

    pub async fn connect(&self, body: &Value) -> Exchange {
        self.owner.post(&format!("{}/connect", self.path), body).await
    }

    /// Connects the integration with this provider.
    pub async fn connected(&self, provider: &str) {
        let brought = self.consent(json!({ "provider": provider })).await;
        self.connect(&brought).await.expect(200);
    }

    pub async fn token(&self) -> Exchange {
        self.owner.send(Method::POST, &format!("{}/token", self.path), &[], None).await
    }

    /// The connection, as the health of the integration shows it.
    pub async fn connection(&self) -> Value {
        let health = self.owner.get(&format!("{}/health", self.path)).await.expect(200);
        health.body["connection"].clone()
    }

    /// The number of events of a type.
    pub async fn count(&self, kind: &str) -> usize {
        super::events(&self.owner, kind).await.len()
    }

    pub async fn end(self) {
        self.server.shutdown().await.unwrap();
    }
}
