//! The public master key works only for a developer who is alone with the server.

use http::Method;
use serde_json::json;

use crate::support::Placement;
use crate::support::raw::Raw;
use crate::support::server::{OPERATOR, PASSWORD, dedicated, plain_options, root};
use host::Options;

transport! {
    nobody_behind_a_proxy_is_served(placement) a_key_of_ones_own_serves_behind_a_proxy(placement)
    a_start_that_is_open_to_others_is_refused() the_variable_is_the_option()
    an_unknown_setting_is_no_start()
}

const REGISTER: &str = "/api/v1/auth/register";
const OWN_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Headers that a proxy on the same machine adds or passes on mark its clients as strangers. They
/// get no tokens and no endpoints on this machine, and nothing is made for them.
async fn nobody_behind_a_proxy_is_served(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let body = json!({ "email": "far@example.com", "password": PASSWORD, "tenant_name": "Far", "tenant_id": "far-away" });
    let endpoint = json!({ "url": "http://127.0.0.1:9/", "event_types": ["project.created"] });
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "127.0.0.1"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
        ("host", "api.example.com"),
    ] {
        let headers = [(name, value)];
        let refused = app.anon().json(Method::POST, REGISTER, &body, &headers).await;
        let refused = refused.refused(503, "service_unavailable");
        assert!(!refused.text.contains("master_key"), "{}", refused.text);
        let made = owner.json(Method::POST, "/api/v1/webhook-endpoints", &endpoint, &headers).await;
        made.refused(503, "service_unavailable");
    }
    // By default nginx sends HTTP/1.0 with the name of its upstream, and nothing about its client.
    let old = format!(
        "POST {REGISTER} HTTP/1.0\r\nHost: 127.0.0.1:3000\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.to_string().len()
    );
    assert_eq!(Raw::send(&app, old.as_bytes()).await.statuses(), [503]);
    let told = |line: &String| line.contains("SPIN_VARIABLE_MASTER_KEY");
    assert!(app.log.lock().iter().any(told), "the operator reads why");
    let none = owner.get("/api/v1/webhook-endpoints").await.expect(200);
    assert_eq!(none.body["items"], json!([]));
    app.anon().post(REGISTER, &body).await.expect(201);
    server.shutdown().await.unwrap();
}

/// With a master key of its own a server may be behind a proxy, and it delivers no webhooks to this
/// machine.
async fn a_key_of_ones_own_serves_behind_a_proxy(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("master_key", OWN_KEY)]).await;
    let body = json!({ "email": "far@example.com", "password": PASSWORD, "tenant_name": "Far" });
    let headers = [("x-forwarded-for", "203.0.113.9"), ("host", "api.example.com")];
    let session = app.anon().json(Method::POST, REGISTER, &body, &headers).await.expect(201);
    // The key that verifies tokens is derived from the master key.
    let owner = app.anon().with_token(session.body["access_token"].as_str().unwrap());
    owner.get("/api/v1/projects").await.expect(200);
    for url in ["http://127.0.0.1:9/", "http://localhost:9/", "https://127.0.0.1/"] {
        let endpoint = json!({ "url": url, "event_types": ["project.created"] });
        let refused = owner.post("/api/v1/webhook-endpoints", &endpoint).await;
        refused.refused(422, "validation_failed");
    }
    server.shutdown().await.unwrap();
}

/// A server does not start with settings that would open it to others, or that the operator cannot
/// have meant. It does not listen, and writes no data.
async fn a_start_that_is_open_to_others_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let port = crate::support::servers::free_port();
    let start = async |variables: &[(&str, &str)], change: fn(&mut Options)| {
        let data = directory.path().join("data");
        let mut options = Options {
            manifest: root().join("spin.toml"),
            listen: ([127, 0, 0, 1], 0).into(),
            data: data.clone(),
            variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Options::default()
        };
        options.listen.set_port(port);
        change(&mut options);
        let error = host::up(options).await.err().expect("is refused");
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens");
        assert!(!data.exists(), "nothing is made");
        let told = format!("{error:#}");
        assert!(!told.contains('\n') && !told.contains(OWN_KEY) && !told.contains(OPERATOR));
        told
    };
    let own = ("master_key", OWN_KEY);
    let developing = |options: &mut Options| options.development = true;
    type Case<'a> = (&'a [(&'a str, &'a str)], fn(&mut Options), &'a str, &'a str);
    let cases: [Case<'_>; 11] = [
        (&[], |_| {}, "master_key", "--development"),
        (&[("development", "false")], |_| {}, "public one", "openssl rand -base64 32"),
        (&[("master_key", "short")], |_| {}, "not 32 bytes in base64", "openssl rand"),
        (&[("master_key", "")], developing, "not 32 bytes in base64", "openssl rand"),
        (&[("master_key", "MDEyMzQ1Njc4OWFiY2RlZg==")], |_| {}, "not 32 bytes", "openssl rand"),
        (
            &[],
            |options| {
                options.development = true;
                options.listen.set_ip([0, 0, 0, 0].into());
            },
            "0.0.0.0",
            "listen on 127.0.0.1",
        ),
        (
            &[own],
            |options| {
                options.development = true;
                options.listen.set_ip("::".parse().unwrap());
            },
            "[::]",
            "leave --development out",
        ),
        (
            &[("public_url", "https://api.example.com")],
            developing,
            "api.example.com",
            "leave it out",
        ),
        (
            &[("development", "true"), ("public_url", "http://10.0.0.1:3000")],
            |_| {},
            "10.0.0.1",
            "leave it out",
        ),
        (&[own, ("development", "yes")], |_| {}, "\"yes\"", "true"),
        (&[own, ("development_ports", "*")], |_| {}, "development_ports", "leave it out"),
    ];
    for (variables, change, says, remedy) in cases {
        let told = start(variables, change).await;
        let (what, then) = told.split_once("; ").unwrap_or_else(|| panic!("no remedy: {told}"));
        assert!(what.contains(says) && then.contains(remedy), "{told}");
    }
}

/// The variable has the effect of the option. It is for Spin, which knows only the variable.
async fn the_variable_is_the_option() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [("development", "true")];
    let mut options = plain_options(Placement::Fused, directory.path(), &variables);
    options.development = false;
    let (app, server) = crate::support::server::start(options).await;
    let owner = app.owner().await;
    let body = json!({ "url": "http://localhost:9/", "event_types": ["project.created"] });
    owner.post("/api/v1/webhook-endpoints", &body).await.expect(201);
    server.shutdown().await.unwrap();
}

/// A server does not start if the environment of its process has a setting with a misspelt name.
async fn an_unknown_setting_is_no_start() {
    let mut other = std::process::Command::new(std::env::current_exe().unwrap());
    other.args(["host::development::the_variable_is_the_option::transport", "--exact"]);
    let run = |other: &mut std::process::Command| {
        let output = other.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (started, told) = run(&mut other);
    assert!(started, "{told}");
    let (started, told) = run(other.env("SPIN_VARIABLE_MASTERKEY", OWN_KEY));
    assert!(!started && told.contains("did you mean SPIN_VARIABLE_MASTER_KEY?"), "{told}");
    assert!(!told.contains(OWN_KEY));
}
