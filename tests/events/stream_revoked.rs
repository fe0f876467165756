//! GET /api/v1/events/stream: a caller that was shut out reads no further, and cannot open a stream
//! again.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::auth::{CLIENTS, client_with, login, member, signed_in};
use crate::events;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Client, Placement};
use host::Server;

everywhere! {
    end_with_the_token(placement) begin_with_no_revoked_token(placement)
    end_with_a_backlog(placement)
}

const STREAM: &str = "/api/v1/events/stream";
const USERS: &str = "/api/v1/users";
/// The time that the end of a stream may take.
const SOON: Duration = Duration::from_secs(60);

/// A server whose streams outlive the test.
async fn server(placement: Placement) -> (App, Server, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let variables = [&UNLIMITED[..], &[("stream_seconds", "600")]].concat();
    let (app, server) = start(options(placement, directory.path(), &variables)).await;
    (app, server, directory)
}

async fn open(client: &Client, query: &str) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{}{STREAM}{query}", client.base()));
    let response = request.bearer_auth(client.token()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// Waits until the stream ends properly.
async fn ends(why: &str, mut stream: reqwest::Response) {
    let ended =
        tokio::time::timeout(SOON, async { while stream.chunk().await.unwrap().is_some() {} });
    ended.await.unwrap_or_else(|_| panic!("{why}: the stream is still open"));
}

/// A member with this role, signed in. Returns the user id and a client with the token of the
/// login.
async fn someone(app: &App, owner: &Client, role: &str) -> (String, Client) {
    let (id, email) = member(app, owner, role).await;
    let session = login(app, &email).await.expect(200);
    (id, owner.with_token(session.body["access_token"].as_str().unwrap()).of(session.body))
}

/// A stream ends whatever ends its token: the client, its owner, the member, a role, the login. The
/// streams of others go on.
async fn end_with_the_token(placement: Placement) {
    let (app, server, _directory) = server(placement).await;
    let owner = app.owner().await;
    let scopes = ["events:read", "clients:write"];
    let made = client_with(&owner, &scopes).await;
    let rotated = client_with(&owner, &scopes).await;
    let (maker, manager) = someone(&app, &owner, "MANAGER").await;
    let owned = client_with(&manager, &scopes).await;
    let (left, leaver) = someone(&app, &owner, "VIEWER").await;
    let (lessened, admin) = someone(&app, &owner, "ADMIN").await;
    let (_, robbed) = someone(&app, &owner, "EDITOR").await;
    let streams = [
        ("a client", open(&signed_in(&app, &owner, &made.body).await, "").await),
        ("a rotated one", open(&signed_in(&app, &owner, &rotated.body).await, "").await),
        ("the owner of one", open(&signed_in(&app, &owner, &owned.body).await, "").await),
        ("a member", open(&leaver, "").await),
        ("a role", open(&admin, "").await),
        ("a login", open(&robbed, "").await),
    ];
    let mut other = open(&owner, "?type=project.created").await;

    let disable = format!("{CLIENTS}/{}/disable", made.id());
    owner.send(Method::POST, &disable, &[], None).await.expect(200);
    let rotate = format!("{CLIENTS}/{}/rotate-secret", rotated.id());
    owner.post(&rotate, &json!({ "grace_seconds": 0 })).await.expect(200);
    for id in [maker, left] {
        owner.delete(&format!("{USERS}/{id}")).await.expect(204);
    }
    let role = json!({ "role": "EDITOR" });
    owner.patch(&format!("{USERS}/{lessened}"), &role).await.expect(200);
    let token = robbed.session["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    app.anon().form("/api/v1/auth/token", &form, &[]).await.refused(400, "invalid_grant");

    // The streams end together, because their tokens were revoked together.
    let ended = streams.map(|(why, stream)| tokio::spawn(ends(why, stream)));
    for one in ended {
        one.await.unwrap();
    }
    let project = owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
    let goes_on = tokio::time::timeout(SOON, async {
        while let Some(chunk) = other.chunk().await.unwrap() {
            if String::from_utf8_lossy(&chunk).contains(project.id()) {
                return true;
            }
        }
        false
    });
    assert!(goes_on.await.expect("an event comes"));
    server.shutdown().await.unwrap();
}

/// A gateway that has just verified a token accepts it for requests for a minute at most. It opens
/// no stream with it, because a stream would outlive the minute.
async fn begin_with_no_revoked_token(placement: Placement) {
    let (app, server, _directory) = server(placement).await;
    let owner = app.owner().await;
    let made = client_with(&owner, &["events:read"]).await;
    let ci_service = signed_in(&app, &owner, &made.body).await;
    // Every instance remembers the token by now.
    for _ in 0..4 {
        ci_service.get(events::PATH).await.expect(200);
    }
    owner.delete(&format!("{CLIENTS}/{}", made.id())).await.expect(204);
    let read = ci_service.get(events::PATH).await.status;
    assert!(placement != Placement::Fused || read == 200, "it is remembered: {read}");
    ci_service.get(STREAM).await.refused(401, "invalid_token");
    server.shutdown().await.unwrap();
}

/// A long backlog does not keep a stream open either.
async fn end_with_a_backlog(placement: Placement) {
    const EVENTS: usize = 40_000;
    let (app, server, _directory) = server(placement).await;
    let owner = app.owner().await;
    let (tenant, now) = (owner.tenant(), std::time::UNIX_EPOCH.elapsed().unwrap().as_millis());
    let data =
        events::project(tenant, "prj_1").replace("null", &format!("\"{}\"", "x".repeat(999)));
    app.execute(&format!(
        "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {EVENTS}) \
         SELECT 'evt_' || n, '{tenant}', 'project.created', 'prj_1', 'projects', '{data}', 't', {now} FROM n"
    ));
    let made = client_with(&owner, &["events:read"]).await;
    let mut stream = open(&signed_in(&app, &owner, &made.body).await, "?from=beginning").await;
    owner.delete(&format!("{CLIENTS}/{}", made.id())).await.expect(204);
    let mut seen = 0;
    let read = tokio::time::timeout(2 * SOON, async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            seen += String::from_utf8_lossy(&chunk).matches("\nevent: ").count();
            // The pause keeps the backlog from ending.
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    });
    read.await.expect("the stream ends");
    assert!(seen < EVENTS, "all of it was read");
    server.shutdown().await.unwrap();
}
