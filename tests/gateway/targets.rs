//! Request targets as they are on the wire, which no client library may have normalized.

use crate::support::raw::Raw;

transport! {
    /// Equivalent spellings of one target mean the same (RFC 3986 section 6.2.2).
    async fn equivalent_spellings(app) {
        for target in ["/api/v1/%70rojects", "/%61pi/v1/projects", "/v%31/projects", "/api/v1/openapi%2Ejson"] {
            let answer = Raw::get(&app, target).await;
            let expected = if target.ends_with("json") { 200 } else { 401 };
            assert_eq!(answer.statuses(), [expected], "{target}: {}", answer.0);
        }
    }

    /// A target that could be read in two ways is refused.
    async fn ambiguous_targets(app) {
        for target in [
            "/api/v1/./projects", "/api/v1/projects/../auth", "/api/v1/%2e%2e/projects", "/api/v1/projects/%2E",
            "//", "//evil.com", "//evil.com/..", "/api/v1//projects", "/api/v1/projects//", "/api/v1/projects/%00",
            "/api/v1/projects/%0d%0aX-Evil:1", "/api/v1/projects/%zz", "/api/v1/projects/%", "/api/v1/projects?cursor=%",
            "/\\evil.com", "/api/v1/projects/<x>",
        ] {
            let answer = Raw::get(&app, target).await;
            assert_eq!(answer.statuses(), [400], "{target}: {}", answer.0);
            assert_eq!(answer.header("location"), None, "{target}");
            assert!(!answer.0.contains("X-Evil"), "{target}");
        }
    }

    /// A target without its version, or with a slash at the end, is redirected to the right one,
    /// and never to another server.
    async fn moved_targets(app) {
        for (target, location) in [
            ("/projects", "/api/v1/projects"),
            ("/projects?limit=2&cursor=a%2Fb", "/api/v1/projects?limit=2&cursor=a%2Fb"),
            ("/openapi.json", "/api/v1/openapi.json"),
            ("/evil.com", "/api/v1/evil.com"),
            ("/%2Fevil.com", "/api/v1/%2Fevil.com"),
            ("/%5Cevil.com", "/api/v1/%5Cevil.com"),
            ("/projects/", "/api/v1/projects"),
            ("/api/v1/projects/", "/api/v1/projects"),
            ("/v1/projects/?limit=2", "/v1/projects?limit=2"),
        ] {
            let answer = Raw::get(&app, target).await;
            assert_eq!((answer.statuses(), answer.header("location")), (vec![308], Some(location)), "{target}");
            // On Spin the gateway sends this header (components/gateway/src/length.rs).
            assert_eq!(answer.header("content-length"), Some("0"), "{target}: {}", answer.0);
            assert_eq!(answer.header("transfer-encoding"), None, "{target}");
        }
        for target in ["/", "/webhooks/x", "/.well-known/nothing", "/docs/nothing", "/internal/x", "/v9", "/api"] {
            assert_eq!(Raw::get(&app, target).await.statuses(), [404], "{target}");
        }
    }
}
