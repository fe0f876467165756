//! PUT /internal/limits/{scope}/{subject}/{class}

use std::time::Duration;

use serde_json::{Value, json};

use super::limits::{TOKEN, of, send};
use crate::support::{Client, Exchange, Placement, dedicated};

everywhere! { holds_at_once_and_resets_nothing(placement) }

const PATH: &str = "/api/v1/projects";
const VARIABLES: [(&str, &str); 2] = [("operator_token", TOKEN), ("limit_read_per_minute", "4")];

/// Reads until the answer shows a bucket of this size. A gateway knows a new limit within ten
/// seconds.
async fn until(client: &Client, limit: &str) -> Exchange {
    for _ in 0..60 {
        let answer = client.get(PATH).await;
        if answer.header("x-ratelimit-limit") == Some(limit) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("the limit of {limit} does not come");
}

/// A limit of a tenant takes effect while the system runs, for that tenant alone. Units that were
/// used before stay used.
async fn holds_at_once_and_resets_nothing(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &VARIABLES).await;
    let (owner, other) = (app.owner().await, app.owner().await);
    for _ in 0..4 {
        owner.get(PATH).await.expect(200);
    }
    owner.get(PATH).await.expect(429);
    let path = of("tenant", owner.tenant(), "read");
    let quota = json!({ "per_minute": 6, "burst": 6 });
    let set = send(&app, "PUT", &path, Some(&quota)).await.expect(200);
    assert_eq!((&set.body["per_minute"], &set.body["burst"]), (&json!(6), &json!(6)));
    let after = until(&owner, "6").await;
    let left: u32 = after.header("x-ratelimit-remaining").unwrap().parse().unwrap();
    assert!(left <= 2, "a larger limit is no new bucket: {left}");
    assert_eq!(other.get(PATH).await.expect(200).header("x-ratelimit-limit"), Some("4"));

    // The most specific limit counts: that of the user before that of the tenant.
    let user = owner.session["user"]["id"].as_str().unwrap();
    let quota = json!({ "per_minute": 600, "burst": 50 });
    send(&app, "PUT", &of("principal", user, "read"), Some(&quota)).await.expect(200);
    until(&owner, "50").await;
    send(&app, "DELETE", &of("principal", user, "read"), None).await.expect(204);
    until(&owner, "6").await;
    server.shutdown().await.unwrap();
}

everywhere! {
    /// The refusal of an invalid limit lists every violation, and nothing is set.
    async fn refuses_what_is_no_limit(app) {
        let path = of("tenant", "t", "read");
        for (path, body, violations) in [
            (&*path, json!({}), vec!["/per_minute REQUIRED"]),
            (&path, json!({ "per_minute": -1, "burst": 0, "x": 1 }),
                vec!["/burst OUT_OF_RANGE", "/per_minute OUT_OF_RANGE", "/x UNKNOWN_FIELD"]),
            (&of("tenant", "t", "ip"), json!({ "per_minute": 1 }), vec!["class NOT_ALLOWED_VALUE"]),
            (&of("team", "t", "read"), json!({ "per_minute": 1 }), vec!["scope NOT_ALLOWED_VALUE"]),
        ] {
            let refused = send(&app, "PUT", path, Some(&body)).await.refused(422, "validation_failed");
            let mut found = refused.violations();
            found.sort();
            assert_eq!(found, violations, "{}", refused.text);
        }
        let set = send(&app, "GET", "/internal/limits", None).await.expect(200);
        assert!(set.body["items"].as_array().unwrap().iter().all(|one| one["subject"] != "t"));
    }

    /// Only the operator can set a limit.
    async fn needs_the_credential(app) {
        let owner = app.owner().await;
        let path = of("tenant", owner.tenant(), "read");
        let quota: Value = json!({ "per_minute": 1_000 });
        owner.put(&path, &quota).await.refused(401, "authentication_required");
        app.anon().put(&path, &quota).await.refused(401, "authentication_required");
        let set = send(&app, "GET", "/internal/limits", None).await.expect(200);
        assert!(!set.text.contains(owner.tenant()), "a refused call sets nothing");
    }
}
