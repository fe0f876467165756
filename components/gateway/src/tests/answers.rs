//! Settings, and the parts that every answer and every log line has.

use super::*;

#[test]
fn settings_are_checked_at_load() {
    for (name, value) in [
        ("api_lifecycle", "{"),
        ("api_lifecycle", r#"{"deprecations":[{"major":1}]}"#),
        ("cors_allowed_origins", "*"),
        ("cors_allowed_origins", "https://app.example.com,null"),
        ("trusted_proxies", "10.0.0.0/8,proxy"),
    ] {
        let error = World::new(&[(name, value)]).load().err().expect(value);
        assert!(error.contains(&format!("variable {name}")), "{error}");
    }
}

#[test]
fn origins_get_what_they_may() {
    let world = World::new(&[(
        "cors_allowed_origins",
        "https://app.example.com;credentials, https://admin.example.com",
    )]);
    let ask = |method: &str, origin: &str, asks: bool| {
        let mut headers = vec![("origin", origin)];
        if asks {
            headers.push(("access-control-request-method", "POST"));
        }
        world.ask(method, "/api/v1/things", &headers, "")
    };
    for asks in [true, false] {
        let answer = ask("OPTIONS", "https://app.example.com", asks);
        assert_eq!(answer.status, 204);
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some("https://app.example.com"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-max-age").is_some(), asks);
        assert_eq!(answer.header("allow").is_some(), !asks, "only one of them is a preflight");
        let vary = answer.header("vary").unwrap_or_default();
        assert!(vary.split(", ").any(|name| name == "Origin"), "{vary}");
    }
    let admin = ask("GET", "https://admin.example.com", false);
    assert_eq!(admin.header("access-control-allow-origin"), Some("https://admin.example.com"));
    assert_eq!(admin.header("access-control-allow-credentials"), None);
    let exposed = admin.header("access-control-expose-headers").unwrap_or_default();
    for name in ["Link", "X-Total-Count", "Deprecation", "Sunset", "Last-Modified", "X-Page-Limit"]
    {
        assert!(exposed.split(", ").any(|exposed| exposed == name), "{name}");
    }
    for origin in
        ["https://evil.example", "null", "https://APP.example.com", "https://app.example.com."]
    {
        for method in ["OPTIONS", "GET"] {
            let answer = ask(method, origin, true);
            let told = answer.headers.keys().find(|name| name.as_str().starts_with("access-"));
            assert_eq!(told, None, "{origin}");
        }
    }
}

#[test]
fn pages_have_their_own_policy() {
    let page = World { media_type: "text/html; charset=utf-8", ..World::new(&[]) };
    let policy = page.get("/api/v1/things");
    assert!(policy.header("content-security-policy").is_some_and(|p| p.contains("style-src")));
    assert_eq!(policy.header("referrer-policy"), Some("no-referrer"));
    let refused = page.get("/api/v1/nothing");
    assert!(refused.header("content-security-policy").is_some_and(|p| !p.contains("style-src")));
}

#[test]
fn the_log_holds_nothing_that_a_client_can_plant() {
    let world = World::new(&[("trusted_proxies", "192.0.2.7")]);
    let planted = "planted@example.com";
    let names = [
        "authorization",
        "x-api-key",
        "cookie",
        "user-agent",
        "referer",
        "origin",
        "host",
        "x-request-id",
        "x-correlation-id",
        "traceparent",
        "b3",
        "x-b3-traceid",
        "x-tenant-id",
        "idempotency-key",
        "accept",
        "accept-version",
        "x-forwarded-for",
        "x-real-ip",
        "content-type",
        "if-match",
        "x-anything",
    ];
    let headers = names.map(|name| (name, planted));
    for (method, target) in [
        ("GET", "/api/v1/things/planted@example.com?planted@example.com=planted@example.com"),
        ("POST", "/api/v1/things?x=planted@example.com"),
        ("GET", "/planted@example.com"),
        ("GET", "/api/planted@example.com/x"),
        ("PLANTED", "/api/v1/things"),
        ("GET", "/api/v1/things/%zzplanted@example.com"),
        ("OPTIONS", "/api/v1/things/planted@example.com"),
    ] {
        let answer = world.ask(method, target, &headers, "{\"password\":\"planted@example.com\"}");
        assert!(!answer.log.to_lowercase().contains("planted"), "{}", answer.log);
    }
    assert_eq!(world.log.lock().expect("not poisoned").len(), 7);
}
