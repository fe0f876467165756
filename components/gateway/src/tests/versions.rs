//! Majors, prefixes, requested versions, and the end of versions.

use super::*;
use crate::versions::API_VERSION;

#[test]
fn majors_are_served_side_by_side_under_both_prefixes() {
    for (target, asked) in [
        ("/api/v1/things", "list-things "),
        ("/v1/things", "list-things "),
        ("/api/v2/things", "list-things-v2 "),
        ("/v2/things", "list-things-v2 "),
        ("/api/v2/news?x=1", "list-news-v2 "),
        ("/api/v1/things/7", "get-thing 7"),
        // A literal goes before a variable, whatever the order of the contract.
        ("/api/v1/things/export", "export-things "),
        ("/api/v1/things/a%2Fb", "get-thing a/b"),
        ("/api/v1/things/caf%C3%A9", "get-thing caf%C3%A9"),
        ("/api/v1/%74hings/%37", "get-thing 7"),
        ("/%61pi/%76%31/things", "list-things "),
        ("/.well-known/keys.json", "get-keys "),
    ] {
        let answer = get(target);
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        let told = answer.headers["x-asked"].as_bytes();
        let expected = asked.replace("%C3%A9", "é");
        assert_eq!(told, expected.as_bytes(), "{target}");
    }
}

#[test]
fn another_major_and_an_unknown_one_are_not_found() {
    for target in [
        "/api/v1/news",
        "/v1/news",
        "/api/v1",
        "/api/v1/",
        "/api",
        "/api/",
        "/api/things",
        "/v1",
        "/",
        "/api/v2/things/7",
        "/api/v1/.well-known/keys.json",
        "/.well-known/other",
        "/webhooks/x",
        "/docs",
        "/docs/x",
        "/internal/x",
        "/v01/things",
        "/v0/things",
        "/api/V1/things",
        "/v1x/things",
        "/api/v99999999999/things",
    ] {
        let answer = get(target);
        assert_eq!(answer.error(), (404, "route_not_found"), "{target}");
    }
    for target in ["/api/v7/things", "/v7/things"] {
        let answer = get(target);
        assert_eq!(answer.error(), (404, "route_not_found"));
        assert_eq!(answer.body["message"], "This API does not have this version; it has v1, v2.");
    }
}

#[test]
fn the_version_is_told_below_api_only() {
    for (target, version) in [
        ("/api/v1/things", Some(API_VERSION)),
        ("/api/v1/nothing", Some(API_VERSION)),
        ("/api/v2/things", Some("2.0.0")),
        ("/v1/things", None),
        ("/v1/nothing", None),
        ("/api/nothing", None),
        ("/.well-known/keys.json", None),
    ] {
        let answer = get(target);
        assert_eq!(answer.header("api-version"), version, "{target}");
        let logged = version.unwrap_or(API_VERSION);
        assert!(answer.log.contains(&format!("\"api.version\":\"{logged}\"")), "{}", answer.log);
    }
}

#[test]
fn accept_version_is_held_against_the_url() {
    let ask = |target: &str, version: &str| {
        World::new(&[]).ask("GET", target, &[("accept-version", version)], "")
    };
    for version in ["1", "1.0", "1.0.0", " 1 ", "2026-01-01", "2031-01-01"] {
        for target in ["/api/v1/things", "/v1/things"] {
            assert_eq!(ask(target, version).status, 200, "{version}");
        }
    }
    for version in ["2", "2.3.1", "0.9", "1.99", "2025-12-31"] {
        let answer = ask("/api/v1/things", version);
        assert_eq!(answer.error(), (406, "not_acceptable"), "{version}");
        assert_eq!(answer.body["details"]["served_version"], API_VERSION);
    }
    assert_eq!(ask("/api/v2/things", "2").status, 200);
    assert_eq!(ask("/api/v2/things", "1").error(), (406, "not_acceptable"));
    for version in ["", "v1", "1.x", "latest", "1, 2", "2026-02-30"] {
        assert_eq!(ask("/v1/things", version).error(), (400, "malformed_request"), "{version}");
    }
    let twice = [("accept-version", "1"), ("accept-version", "1")];
    assert_eq!(World::new(&[]).ask("GET", "/v1/things", &twice, "").status, 400);
    assert_eq!(ask("/.well-known/keys.json", "nonsense").status, 200, "it has no version");
    for target in ["/api/v1/things?version=2", "/v1/things?a=1&%76ersion=1"] {
        let answer = get(target);
        assert_eq!(answer.error(), (400, "invalid_parameter"), "{target}");
        assert_eq!(answer.body["details"]["fields"][0]["pointer"], "version");
    }
}

#[test]
fn a_service_name_may_stand_before_the_resource() {
    let world = |name| World::new(&[("service_name", name)]);
    let answer = world("store").get("/v1/store/things/7");
    assert_eq!(answer.header("x-asked"), Some("get-thing 7"));
    for (name, target) in [
        // The canonical form has no service. Another service belongs to another function. If a
        // service has the same name as a resource, then the name means the resource.
        ("store", "/api/v1/store/things"),
        ("store", "/v1/other/things"),
        ("store", "/v1/store"),
        ("things", "/v1/things/things/7"),
        ("", "/v1/store/things"),
    ] {
        assert_eq!(world(name).get(target).status, 404, "{name} {target}");
    }
}

const LIFECYCLE: &str = r#"{"deprecations":[{"major":1,"announced_at":"2026-06-01",
    "deprecated_at":"2027-06-01","sunset_at":"2027-12-31","guide":"https://docs.example.com/v2",
    "successor":2,"successor_since":"2026-06-01"}]}"#;

#[test]
fn deprecations_are_told_and_end_in_410() {
    let at = |now| World { now, ..World::new(&[("api_lifecycle", LIFECYCLE)]) };
    let before = at(NOW - 13 * HOUR).get("/api/v1/things");
    assert_eq!((before.status, before.header("deprecation")), (200, None));
    for (target, status) in
        [("/api/v1/things", 200), ("/v1/things", 200), ("/v1/nothing", 404), ("/v1/things/", 308)]
    {
        let answer = at(NOW).get(target);
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(answer.header("deprecation"), Some("true"), "{target}");
        assert_eq!(answer.header("sunset"), Some("Fri, 31 Dec 2027 00:00:00 GMT"));
        assert!(answer.header("link").is_some_and(|link| link.contains("rel=\"deprecation\"")));
        assert_eq!(answer.header("x-api-deprecated"), Some("true"));
        assert_eq!(answer.header("x-api-sunset-date"), Some("2027-12-31"));
    }
    let after = at(NOW + 366 * 24 * HOUR);
    for target in ["/api/v1/things", "/v1/things", "/v1/nothing", "/v1/things/"] {
        let answer = after.get(target);
        assert_eq!(answer.error(), (410, "deprecated_version"), "{target}");
        assert_eq!(answer.body["details"]["sunset_date"], "2027-12-31");
        assert_eq!(answer.body["details"]["migration_guide"], "https://docs.example.com/v2");
        assert_eq!(answer.header("deprecation"), None);
    }
    for target in ["/api/v2/things", "/.well-known/keys.json"] {
        let answer = after.get(target);
        assert_eq!((answer.status, answer.header("deprecation")), (200, None), "{target}");
    }
}
