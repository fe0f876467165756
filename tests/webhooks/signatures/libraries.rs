//! The libraries of Standard Webhooks verify what we send: those of Rust, npm and PyPI.

use std::process::Command;

use serde_json::json;
use standardwebhooks::Webhook;

use crate::support::receiver::{Received, Receiver};
use crate::support::{App, packages};
use crate::webhooks::{PATH, arrived, endpoint_with, project};

/// The programs read a delivery from standard input, and verify it. If they also refuse a forged
/// one, they print `verified`.
const NODE: &str = r#"
const { Webhook } = require('standardwebhooks');
const { secret, headers, body } = JSON.parse(require('fs').readFileSync(0));
const webhook = new Webhook(secret);
const event = webhook.verify(body, headers);
if (event.id !== headers['webhook-id']) throw new Error('another event');
try { webhook.verify(body + ' ', headers); } catch { console.log('verified'); }
"#;
const PYTHON: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
given = json.load(sys.stdin)
webhook = Webhook(given["secret"])
event = webhook.verify(given["body"], given["headers"])
assert event["id"] == given["headers"]["webhook-id"]
try:
    webhook.verify(given["body"] + " ", given["headers"])
except WebhookVerificationError:
    print("verified")
"#;

/// Runs a command to its end. Returns its output, or the reason why there is none.
fn output_of(command: &mut Command, input: &str) -> Result<String, String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn input(secret: &str, sent: &Received) -> String {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = headers.map(|name| (name.to_owned(), json!(sent.header(name))));
    let body = std::str::from_utf8(&sent.body).unwrap();
    json!({ "secret": secret, "headers": serde_json::Map::from_iter(headers), "body": body })
        .to_string()
}

/// A delivery whose body has more than ASCII. It was sent after a rotation, so both secrets have
/// signed it. It has signatures of both kinds.
async fn delivered(app: &App) -> (Received, [String; 2]) {
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    let more = json!({ "event_types": ["project.*"], "ed25519": true });
    let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
    let path = format!("{PATH}/{}/rotate-secret", made.id());
    let rotated = owner.post(&path, &json!({})).await.expect(200);
    project(&owner, "Größe 🦀").await;
    let sent = arrived(app, &receiver, "/hooks", 1).await.remove(0);
    (sent, [&made, &rotated].map(|one| one.body["secret"].as_str().unwrap().to_owned()))
}

logic! {
    /// The library of Rust accepts the delivery, and no other body.
    async fn of_rust(app) {
        let (sent, secrets) = delivered(&app).await;
        for secret in &secrets {
            let webhook = Webhook::new(secret).unwrap();
            webhook.verify(&sent.body, &sent.headers).unwrap();
            assert!(webhook.verify(b"{}", &sent.headers).is_err());
        }
    }
}

npm! {
    /// The libraries of npm and PyPI accept the delivery too.
    async fn of_npm_and_pypi(app) {
        let (sent, secrets) = delivered(&app).await;
        for secret in &secrets {
            let mut node = Command::new("node");
            node.args(["-e", NODE]).current_dir(packages::of_npm(packages::STANDARD_WEBHOOKS));
            let mut python = Command::new(packages::python());
            python.args(["-c", PYTHON]);
            for mut program in [node, python] {
                let told = output_of(&mut program, &input(secret, &sent));
                assert_eq!(told.as_deref(), Ok("verified"), "{program:?}");
            }
        }
    }
}
