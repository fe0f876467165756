//! Malformed requests, and requests with a wrong target.

use super::*;

#[test]
fn targets_that_moved_are_told_and_never_lead_away() {
    for (target, location) in [
        ("/things", "/api/v1/things"),
        ("/things/?limit=2&cursor=a%2Fb", "/api/v1/things?limit=2&cursor=a%2Fb"),
        ("/things?next=//evil.com", "/api/v1/things?next=//evil.com"),
        ("/nobody/knows", "/api/v1/nobody/knows"),
        ("/evil.com", "/api/v1/evil.com"),
        ("/%2Fevil.com", "/api/v1/%2Fevil.com"),
        ("/%2f%2fevil.com/", "/api/v1/%2f%2fevil.com"),
        ("/%5Cevil.com", "/api/v1/%5Cevil.com"),
        ("/@evil.com", "/api/v1/@evil.com"),
        ("/https:evil.com", "/api/v1/https:evil.com"),
        ("/version", "/api/v1/version"),
        ("/api/v1/things/", "/api/v1/things"),
        ("/api/v1/things/7/?a=1", "/api/v1/things/7?a=1"),
        ("/v2/things/", "/v2/things"),
        ("/.well-known/keys.json/", "/.well-known/keys.json"),
        ("/api/v1/%65lsewhere", "/api/v1/elsewhere"),
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = World::new(&[]).ask(method, target, &[], "");
            assert_eq!(
                (answer.status, answer.header("location")),
                (308, Some(location)),
                "{target}"
            );
        }
    }
    for target in [
        "//evil.com",
        "//evil.com/%2e%2e",
        "/\\evil.com",
        "/api/v1//things",
        "/api/v1/things//",
        "/api/v1/./things",
        "/api/v1/things/../auth",
        "/api/v1/%2e%2e/things",
        "/api/v1/%2E/things",
        "/api/v1/things/%00",
        "/api/v1/things/%0d%0a",
        "/api/v1/things/%C2%85",
        "/api/v1/things/%ff",
        "/api/v1/things/%zz",
        "/api/v1/things?a=%",
        "/things/..",
    ] {
        // An HTTP library does not accept all of them as targets.
        if target.parse::<http::Uri>().is_ok_and(|uri| uri.path().starts_with('/')) {
            let answer = get(target);
            assert_eq!(answer.error(), (400, "malformed_request"), "{target}");
            assert_eq!(answer.header("location"), None, "{target}");
        }
    }
}

#[test]
fn methods_are_known_or_not() {
    let ask = |method: &str, target: &str| World::new(&[]).ask(method, target, &[], "");
    for method in ["TRACE", "CONNECT", "PURGE", "get", "QUERY", "PROPFIND"] {
        assert_eq!(ask(method, "/api/v1/things").error(), (501, "not_implemented"), "{method}");
        assert_eq!(ask(method, "/things").error(), (501, "not_implemented"), "{method}");
    }
    let refused = ask("DELETE", "/api/v1/things");
    assert_eq!(refused.error(), (405, "method_not_allowed"));
    assert_eq!(refused.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
    let options = ask("OPTIONS", "/v1/things");
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, POST, HEAD, OPTIONS")));
    assert_eq!(ask("OPTIONS", "/api/v1/nothing").status, 404);
    assert_eq!(ask("HEAD", "/api/v1/things").status, 200);
    assert_eq!(ask("HEAD", "/api/v1/things").body, serde_json::Value::Null);
}

#[test]
fn heads_have_bounds() {
    let world = World::new(&[]);
    let names: Vec<_> = (0..101).map(|number| format!("x-field-{number}")).collect();
    let many = |count: usize| names[..count].iter().map(|n| (n.as_str(), "1")).collect::<Vec<_>>();
    assert_eq!(world.ask("GET", "/api/v1/things", &many(100), "").status, 200);
    let refused = world.ask("GET", "/api/v1/things", &many(101), "");
    assert_eq!(refused.error(), (431, "header_fields_too_large"));
    let large = "x".repeat(32 << 10);
    let fits = [("x-large", &large[..(32 << 10) - 11])];
    assert_eq!(world.ask("GET", "/api/v1/things", &fits, "").status, 200);
    let refused = world.ask("GET", "/api/v1/things", &[("x-large", &large[..(32 << 10) - 10])], "");
    assert_eq!(refused.error(), (431, "header_fields_too_large"));
    // Headers that a host adds do not count against the client.
    let spin = [fits[0], ("spin-full-url", "http://localhost/v1/things")];
    assert_eq!(world.ask("GET", "/api/v1/things", &spin, "").status, 200);
    let target = format!("/api/v1/things?a={}", "x".repeat(8192));
    assert_eq!(world.get(&target).error(), (414, "uri_too_long"));
}

#[test]
fn bodies_say_one_thing() {
    let json = [("content-type", "application/json")];
    let post = |body: &str| World::new(&[]).ask("POST", "/api/v1/things", &json, body);
    assert_eq!(post("{\"a\":{\"b\":1},\"c\":{\"b\":2}}").status, 200);
    for body in ["{\"a\":1,\"a\":2}", &format!("{}{}", "[".repeat(65), "]".repeat(65)), "{"] {
        assert_eq!(post(body).error(), (400, "malformed_request"), "{body}");
    }
}

#[test]
fn whoever_has_a_public_url_elsewhere_serves_no_development() {
    for (url, local) in [
        ("", true),
        ("http://localhost:3000/", true),
        ("http://[::1]:3000", true),
        ("https://api.example.com", false),
        ("http://192.0.2.7:3000", false),
    ] {
        let world = World::new(&[("public_url", url)]);
        let gateway = world.load().expect(url);
        let request = http::Request::get("/api/v1/things").header("host", "127.0.0.1:3000");
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let peer = IpAddr::from([127, 0, 0, 1]);
        let record = gateway.record(&world, &parts, peer);
        assert_eq!(record.is_local, local, "{url}");
    }
}

#[test]
fn a_function_gets_the_headers_that_it_declares() {
    let sent = [("x-signed", "me"), ("x-other", "you")];
    let ask = |target| World::new(&[]).ask("GET", target, &sent, "");
    assert_eq!(ask("/api/v1/signed").header("x-handed-on"), Some("me, nothing"));
    assert_eq!(ask("/api/v1/things").header("x-handed-on"), Some("nothing, nothing"));
}

#[test]
fn a_declared_header_is_sent_once() {
    let sent = [("x-signed", "me"), ("x-signed", "you")];
    let ask = |target| World::new(&[]).ask("GET", target, &sent, "");
    let refused = ask("/api/v1/signed");
    assert_eq!(refused.error(), (400, "malformed_request"));
    assert_eq!(refused.header("x-handed-on"), None, "the function was called");
    assert_eq!(ask("/api/v1/things").status, 200);
}

#[test]
fn no_function_declares_what_the_gateway_tells_or_keeps() {
    for name in ["X-Request-Metadata", "x-request-id", "idempotency-key", "Authorization"] {
        let operation = Operation {
            headers: vec![name.to_owned()],
            ..operation("take-thing", "GET", "/things", 1)
        };
        let loaded = block_on(Gateway::load(&World::new(&[]), vec![operation]));
        let why = loaded.err().expect("a refusal");
        assert!(why.contains("take-thing") && why.contains(&name.to_lowercase()), "{why}");
    }
}
