//! Two majors of one operation side by side, and the end of the first (S-43, S-44).

use http::Method;
use serde_json::json;

use super::fixture_with;
use crate::support::{App, Exchange, Placement};
use host::Limits;

transport! { side_by_side(placement) deprecated(placement) sunset(placement) }

const GRANTS: &str = r#"key_value_stores = ["default"]"#;

async fn ask(app: &App, path: &str) -> Exchange {
    app.anon().try_send(Method::GET, path, &[], None).await.unwrap()
}

async fn echo(placement: Placement, table: &str, check: impl AsyncFnOnce(&App)) {
    let variables = [("api_lifecycle", table)];
    let (app, server, _directory) =
        fixture_with(placement, GRANTS, Limits::default(), &variables).await;
    check(&app).await;
    server.shutdown().await.unwrap();
}

fn table(deprecated_at: &str, sunset_at: &str) -> String {
    let row = json!({
        "major": 1, "deprecated_at": deprecated_at, "sunset_at": sunset_at,
        "guide": "/docs/migrate-to-v2", "successor": 2, "successor_since": "2020-01-01",
    });
    json!({ "deprecations": [row] }).to_string()
}

/// Both majors answer, each by its own operation and with its own version.
async fn side_by_side(placement: Placement) {
    echo(placement, "", async |app| {
        for (path, text, version) in [
            ("/api/v1/probe/echo", "echo", Some("1.0.0")),
            ("/api/v2/probe/echo", "echo of v2", Some("2.0.0")),
            ("/v1/probe/echo", "echo", None),
            ("/v2/probe/echo", "echo of v2", None),
        ] {
            let answer = ask(app, path).await.expect(200);
            assert_eq!((answer.text.as_str(), answer.header("api-version")), (text, version));
            assert_eq!(answer.header("deprecation"), None);
        }
        ask(app, "/api/v3/probe/echo").await.refused(404, "route_not_found");
    })
    .await;
}

/// A deprecated first major still works beside the second, and its answers say that it is
/// deprecated.
async fn deprecated(placement: Placement) {
    echo(placement, &table("2021-01-01", "2099-12-31"), async |app| {
        let old = ask(app, "/api/v1/probe/echo").await.expect(200);
        assert_eq!((old.text.as_str(), old.header("deprecation")), ("echo", Some("true")));
        assert_eq!(old.header("x-api-sunset-date"), Some("2099-12-31"));
        let new = ask(app, "/api/v2/probe/echo").await.expect(200);
        assert_eq!((new.text.as_str(), new.header("deprecation")), ("echo of v2", None));
    })
    .await;
}

/// After its sunset the first major is gone, and the second stays.
async fn sunset(placement: Placement) {
    echo(placement, &table("2021-01-01", "2022-01-01"), async |app| {
        ask(app, "/api/v1/probe/echo").await.refused(410, "deprecated_version");
        assert_eq!(ask(app, "/api/v2/probe/echo").await.expect(200).text, "echo of v2");
    })
    .await;
}
