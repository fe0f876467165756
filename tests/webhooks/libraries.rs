//! The libraries of Standard Webhooks verify what we send: that of Rust here, and where there
//! are Node and Python those of npm and PyPI, which are fetched below `target/`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;
use standardwebhooks::Webhook;

use super::{PATH, arrived, endpoint_with, project};
use crate::placements;
use crate::support::npm;
use crate::support::receiver::{Received, Receiver};
use crate::support::server::root;

const NPM: &str = "standardwebhooks@1.1.1";
const PYPI: &str = "standardwebhooks==1.1.0";

/// Read a delivery from standard input; say `verified`, and that a forged one is not.
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

/// Runs a command to its end; what it printed, or why there is none.
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

fn folder() -> PathBuf {
    let folder = root().join("target/webhooks");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn python(input: &str) -> Result<String, String> {
    let venv = folder().join("venv");
    if !venv.join(PYPI).exists() {
        let _ = std::fs::remove_dir_all(&venv);
        output_of(Command::new("python3").args(["-m", "venv"]).arg(&venv), "")?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--cache-dir"]);
        output_of(pip.arg(root().join("target/pip")).arg(PYPI), "")?;
        std::fs::write(venv.join(PYPI), "").unwrap();
    }
    output_of(Command::new(venv.join("bin/python")).args(["-c", PYTHON]), input)
}

/// Whether the tools of a language are there; where tests must not be left out, they are.
fn has(tools: &[&[&str]]) -> bool {
    let there = |tool: &&[&str]| output_of(Command::new(tool[0]).args(&tool[1..]), "").is_ok();
    let missing: Vec<_> = tools.iter().filter(|tool| !there(tool)).collect();
    assert!(missing.is_empty() || std::env::var("CI").as_deref() != Ok("true"), "{missing:?}");
    if !missing.is_empty() {
        println!("left out, as there is no {missing:?}");
    }
    missing.is_empty()
}

fn input(secret: &str, sent: &Received) -> String {
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers = headers.map(|name| (name.to_owned(), json!(sent.header(name))));
    let body = std::str::from_utf8(&sent.body).unwrap();
    json!({ "secret": secret, "headers": serde_json::Map::from_iter(headers), "body": body })
        .to_string()
}

placements! {
    /// With both kinds of signatures, after a rotation, and in more than ASCII.
    async fn verify_a_delivery(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let more = json!({ "event_types": ["project.*"], "ed25519": true });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        let path = format!("{PATH}/{}/rotate-secret", made.id());
        let rotated = owner.post(&path, &json!({})).await.expect(200);
        project(&owner, "Größe 🦀").await;
        let sent = arrived(&app, &receiver, "/hooks", 1).await.remove(0);
        let secrets = [&made, &rotated].map(|one| one.body["secret"].as_str().unwrap().to_owned());
        for secret in &secrets {
            let webhook = Webhook::new(secret).unwrap();
            webhook.verify(&sent.body, &sent.headers).unwrap();
            assert!(webhook.verify(b"{}", &sent.headers).is_err());
        }
        // One after the other, as both placements install into one folder.
        static INSTALLING: parking_lot::Mutex<()> = parking_lot::Mutex::new(());
        let _installing = INSTALLING.lock();
        for secret in &secrets {
            if let Some(folder) = npm::install(NPM) {
                let mut node = Command::new("node");
                node.args(["-e", NODE]).current_dir(folder);
                assert_eq!(output_of(&mut node, &input(secret, &sent)).as_deref(), Ok("verified"));
            }
            if has(&[&["python3", "-c", "import ensurepip, venv"]]) {
                assert_eq!(python(&input(secret, &sent)).as_deref(), Ok("verified"));
            }
        }
    }
}
