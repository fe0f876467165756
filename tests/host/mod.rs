//! What the host grants to a guest, and what it denies.

mod answers;
mod backup;
mod connections;
mod development;
mod doctor;
mod footprint;
mod grants;
mod keys;
mod limits;
mod manifest;
mod metrics;
mod outbound;
mod private;
mod server;
mod settings;
mod smuggling;
mod streams;
mod ticks;
mod turns;
mod upgrade;
mod uploads;
mod versions;

use std::path::Path;
use std::time::Duration;

use crate::support::server::{plain_options, root, start};
use crate::support::{App, Placement};
use host::{Limits, Options, Server};

/// A manifest with the fixture behind the gateway. `grants` are lines of the fixture's component.
pub fn manifest(directory: &Path, grants: &str) -> std::path::PathBuf {
    let wasm = root().join("target/wasm32-wasip2/guest");
    let text = format!(
        r#"spin_manifest_version = 2

[application]
name = "fixture"
version = "1.0.0"

[variables]
own = {{ default = "mine" }}
secret = {{ default = "of another" }}
limit_read_per_minute = {{ default = "100000000" }}
limit_ip_per_minute = {{ default = "100000000" }}
api_lifecycle = {{ default = "" }}
tick_token = {{ default = "" }}

[[trigger.http]]
route = "/..."
component = "fixture"

[[trigger.http]]
route = "/internal/tick"
component = "fixture"

[[trigger.http]]
route = "/internal/work/webhooks"
component = "fixture"

[component.fixture]
source = "{wasm}/gateway.wasm"
dependencies_inherit_configuration = true
{grants}

[component.fixture.dependencies]
"tenantry:platform/route@1.0.0" = {{ path = "{wasm}/fixture.wasm" }}

[component.fixture.variables]
own = "{{{{ own }}}}"
limit_read_per_minute = "{{{{ limit_read_per_minute }}}}"
limit_ip_per_minute = "{{{{ limit_ip_per_minute }}}}"
api_lifecycle = "{{{{ api_lifecycle }}}}"
tick_token = "{{{{ tick_token }}}}"
"#,
        wasm = wasm.display()
    );
    let file = directory.join("spin.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// A server with the fixture.
pub async fn fixture(
    placement: Placement,
    grants: &str,
    limits: Limits,
) -> (App, Server, tempfile::TempDir) {
    fixture_with(placement, grants, limits, &[]).await
}

/// A server with the fixture and these variables.
async fn fixture_with(
    placement: Placement,
    grants: &str,
    limits: Limits,
    variables: &[(&str, &str)],
) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = plain_options(placement, &directory.path().join("data"), variables);
    options.manifest = manifest(directory.path(), grants);
    options.limits = limits;
    let (app, server) = start(options).await;
    (app, server, directory)
}

/// A server with the fixture and options of its own.
async fn fixture_of(
    placement: Placement,
    grants: &str,
    change: impl FnOnce(&mut Options),
) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = plain_options(placement, &directory.path().join("data"), &[]);
    options.manifest = manifest(directory.path(), grants);
    change(&mut options);
    let (app, server) = start(options).await;
    (app, server, directory)
}

/// Waits until the log has a line with this text.
pub(crate) async fn logged(app: &App, text: &str) {
    let seen = || app.log.lock().iter().any(|line| line.contains(text));
    let seen = async {
        while !seen() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), seen).await;
    assert!(waited.is_ok(), "{text:?} is not in the log: {:#?}", app.log.lock());
}

/// The status and text of the answer to a probe.
pub async fn probe(app: &App, what: &str) -> (u16, String) {
    let path = format!("/api/v1/probe/{what}");
    let answer = app.anon().try_send(http::Method::GET, &path, &[], None).await.unwrap();
    (answer.status, answer.text)
}
