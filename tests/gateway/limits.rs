//! Rate limits over HTTP. The tests of the counting are beside the bucket
//! (`components/gateway/src/limits/bucket.rs`).

use http::Method;
use serde_json::json;

use crate::snapshot;
use crate::support::{App, Client, Exchange, Placement, dedicated};

everywhere! {
    by_class_and_identity(placement) retry_after_is_true(placement) by_cost(placement)
    clients_share_the_bucket_of_their_tenant(placement) by_address(placement)
    by_address_behind_a_proxy(placement) outlives_a_restart(placement) without_a_limit(placement)
}

const PATH: &str = "/api/v1/projects";

async fn statuses(client: &Client, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get(PATH).await.status);
    }
    statuses
}

/// Reads, writes and sign-ins have separate buckets for each identity. A refusal tells when to come
/// back, and changes nothing.
async fn by_class_and_identity(placement: Placement) {
    let variables = [
        ("limit_read_per_minute", "5"),
        ("limit_write_per_minute", "2"),
        ("limit_auth_per_minute", "4"),
    ];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    assert_eq!(statuses(&alice, 6).await, [200, 200, 200, 200, 200, 429]);
    assert_eq!(bob.get(PATH).await.status, 200, "another identity has its own bucket");
    let write = async |name: &str| alice.post(PATH, &json!({ "name": name })).await;
    let first = write("a").await.expect(201);
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert_eq!(first.header("ratelimit-policy"), Some("\"write\";q=2;w=60"));
    assert_eq!(first.header("ratelimit"), Some("\"write\";r=1;t=30"));
    write("b").await.expect(201);
    let refused = write("c").await.refused(429, "rate_limit_exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((25..=30).contains(&wait), "one of two comes back in half a minute: {wait}");
    assert_eq!(
        (refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-remaining")),
        (Some("2"), Some("0"))
    );
    assert_eq!(refused.body["details"]["retry_after"], json!(wait));
    snapshot!("rate_limited", {
        let mut refused = refused;
        for volatile in ["retry-after", "ratelimit", "ratelimit-policy"] {
            refused.headers.remove(volatile);
        }
        refused.body["message"] = json!("[message]");
        refused.body["details"]["retry_after"] = json!("[seconds]");
        refused
    });
    let login = json!({ "email": "nobody@example.com", "password": "guess" });
    let mut guesses = Vec::new();
    for _ in 0..4 {
        guesses.push(app.anon().post("/api/v1/auth/login", &login).await.status);
    }
    assert!(guesses.ends_with(&[429]) && !guesses.contains(&200), "{guesses:?}");
    assert_eq!(projects(&app, alice.tenant()), 2, "the refused write made nothing");
    server.shutdown().await.unwrap();
}

fn projects(app: &App, tenant: &str) -> i64 {
    let count = app.rows(&format!("SELECT COUNT(*) FROM projects WHERE tenant_id = '{tenant}'"));
    count[0][0].parse().unwrap()
}

/// A client that waits for `Retry-After` is served, and not one request earlier.
async fn retry_after_is_true(placement: Placement) {
    let variables = [("limit_read_per_minute", "60;burst=2")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let owner = app.owner().await;
    assert_eq!(statuses(&owner, 3).await, [200, 200, 429]);
    for _ in 0..2 {
        let refused = owner.get(PATH).await.refused(429, "rate_limit_exceeded");
        assert_eq!(refused.header("retry-after"), Some("1"), "a unit a second");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(statuses(&owner, 2).await, [200, 429]);
    }
    server.shutdown().await.unwrap();
}

/// An operation takes as many units as its cost.
async fn by_cost(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("limit_write_per_minute", "12")]).await;
    let owner = app.owner().await;
    let bulk = async || {
        let body = json!({ "action": "DELETE", "ids": ["prj_none"] });
        owner.post("/api/v1/projects/bulk", &body).await
    };
    assert_eq!(bulk().await.header("x-ratelimit-remaining"), Some("7"));
    assert_eq!(bulk().await.header("x-ratelimit-remaining"), Some("2"));
    let refused = bulk().await.refused(429, "rate_limit_exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((10..=15).contains(&wait), "three units: {wait}");
    owner.post(PATH, &json!({ "name": "cheap" })).await.expect(201);
    server.shutdown().await.unwrap();
}

/// A client with the token of a new machine client of this tenant.
async fn client(app: &App, owner: &Client) -> Client {
    let body = json!({ "name": "ci", "scopes": ["projects:read"] });
    let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
    let of = |name: &str| made.body[name].as_str().unwrap().to_owned();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        of("client_id"),
        of("client_secret")
    );
    let token = app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    let client = owner.with_token(token.body["access_token"].as_str().unwrap());
    client.of(json!({ "client_id": of("client_id") }))
}

/// The machine clients of a tenant share one bucket, so more clients get no more. The users of the
/// tenant have buckets of their own.
async fn clients_share_the_bucket_of_their_tenant(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("limit_read_per_minute", "4")]).await;
    let (owner, other) = (app.owner().await, app.owner().await);
    let (first, second) = (client(&app, &owner).await, client(&app, &owner).await);
    assert_eq!(statuses(&first, 3).await, [200, 200, 200]);
    assert_eq!(statuses(&second, 2).await, [200, 429]);
    assert_eq!(statuses(&owner, 1).await, [200]);
    assert_eq!(statuses(&client(&app, &other).await, 1).await, [200], "another tenant");
    server.shutdown().await.unwrap();
}

/// The bucket of the address is checked before anything else.
async fn by_address(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("limit_ip_per_minute", "3")]).await;
    let anon = app.anon();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(anon.get(PATH).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 3, "{statuses:?}");
    assert!(statuses.ends_with(&[429]), "{statuses:?}");
    server.shutdown().await.unwrap();
}

/// Behind a trusted proxy the address is that of the client, and an IPv6 address stands for its
/// whole /64. The forwarding headers of an untrusted sender are ignored.
async fn by_address_behind_a_proxy(placement: Placement) {
    let from = async |app: &App, address: &str| -> Exchange {
        let headers = [("x-forwarded-for", address)];
        app.anon().send(Method::GET, PATH, &headers, None).await
    };
    let variables = [("limit_ip_per_minute", "2"), ("trusted_proxies", "127.0.0.1")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    for (address, status) in [
        ("2001:db8::1", 401),
        ("2001:db8::2", 401),
        ("2001:db8::3", 429),
        ("2001:db8:0:1::1", 401),
        ("192.0.2.1", 401),
    ] {
        assert_eq!(from(&app, address).await.status, status, "{address}");
    }
    server.shutdown().await.unwrap();
    let (app, server, _directory) = dedicated(placement, &variables[..1]).await;
    for (address, status) in [("192.0.2.1", 401), ("192.0.2.2", 401), ("192.0.2.3", 429)] {
        assert_eq!(from(&app, address).await.status, status, "{address}");
    }
    server.shutdown().await.unwrap();
}

/// Buckets outlive a restart (S-4).
async fn outlives_a_restart(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[("limit_read_per_minute", "3")]).await;
    let owner = app.owner().await;
    assert_eq!(statuses(&owner, 3).await, [200, 200, 200]);
    server.shutdown().await.unwrap();
    let mut variables = crate::support::server::UNLIMITED.to_vec();
    variables.push(("limit_read_per_minute", "3"));
    let options = crate::support::server::options(placement, directory.path(), &variables);
    let (app, server) = crate::support::server::start(options).await;
    let again = Client::new(&app.base, Some(owner.token()));
    again.get(PATH).await.refused(429, "rate_limit_exceeded");
    server.shutdown().await.unwrap();
}

/// A limit of 0 means no limit, and the answers tell none.
async fn without_a_limit(placement: Placement) {
    let variables = [("limit_read_per_minute", "0"), ("limit_ip_per_minute", "0")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let answer = app.owner().await.get(PATH).await.expect(200);
    for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-limit"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    server.shutdown().await.unwrap();
}
