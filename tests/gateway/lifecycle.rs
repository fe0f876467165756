//! Deprecation and sunset (S-44).

use serde_json::json;

use crate::support::{Client, Placement, dedicated};

transport! { deprecated(placement) gone(placement) }
everywhere! { notices(placement) }
logic! { a_table_against_the_policy_is_refused() }

/// A lifecycle table in which v1 was deprecated in 2020 and ends on this day.
pub(super) fn table(sunset: &str) -> String {
    let row = json!({
        "major": 1, "deprecated_at": "2020-01-01", "sunset_at": sunset,
        "guide": "https://docs.example.com/migrate-to-v2",
        "successor": 2, "successor_since": "2020-01-01",
    });
    json!({ "deprecations": [row] }).to_string()
}

/// A deprecated version works, and every answer tells its end.
async fn deprecated(placement: Placement) {
    let table = table("2099-12-31");
    let (app, server, _directory) = dedicated(placement, &[("api_lifecycle", &table)]).await;
    let owner = app.owner().await;
    for (client, status) in [(&owner, 200), (&app.anon(), 401)] {
        for path in ["/api/v1/projects", "/v1/projects"] {
            let answer = client.get(path).await.expect(status);
            assert_eq!(answer.header("deprecation"), Some("true"));
            assert_eq!(answer.header("sunset"), Some("Thu, 31 Dec 2099 00:00:00 GMT"));
            let links = answer.headers.get_all("link").iter();
            let guide =
                "<https://docs.example.com/migrate-to-v2>; rel=\"deprecation\"; type=\"text/html\"";
            assert!(links.into_iter().any(|link| link == guide));
            assert_eq!(answer.header("x-api-deprecated"), Some("true"));
            assert_eq!(answer.header("x-api-sunset-date"), Some("2099-12-31"));
        }
    }
    let keys = app.anon().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(keys.header("deprecation"), None, "it has no version");
    server.shutdown().await.unwrap();
}

/// After its sunset nothing of the version works, and a request to it changes nothing.
async fn gone(placement: Placement) {
    let table = table("2021-06-01");
    let (app, server, _directory) = dedicated(placement, &[("api_lifecycle", &table)]).await;
    let anon = app.anon();
    let body = json!({ "email": "a@example.com", "password": "correct horse", "tenant_name": "A" });
    for path in ["/api/v1/auth/register", "/v1/auth/register"] {
        let refused = anon.post(path, &body).await.refused(410, "deprecated_version");
        assert_eq!(refused.detail("sunset_date"), "2021-06-01");
        assert_eq!(refused.detail("migration_guide"), "https://docs.example.com/migrate-to-v2");
        assert_eq!(refused.header("deprecation"), None);
    }
    anon.get("/api/v1/nothing").await.refused(410, "deprecated_version");
    anon.get("/.well-known/jwks.json").await.expect(200);
    server.shutdown().await.unwrap();
}

/// Each tenant is told once, by a notice and by an event. A tenant that registers later is told
/// too.
async fn notices(placement: Placement) {
    let table = table("2099-12-31");
    let (app, server, _directory) = dedicated(placement, &[("api_lifecycle", &table)]).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    let list = |client: &Client| {
        let client = client.clone();
        async move { client.get("/api/v1/notices").await.expect(200).body["items"].clone() }
    };
    let told = list(&alice).await;
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told[0]["effective_at"], "2099-12-31T00:00:00.000Z");
    assert_eq!(told[0]["url"], "https://docs.example.com/migrate-to-v2");
    // Bob has not read anything yet, and was told together with Alice.
    let feed = bob.get("/api/v1/events?type=notice.published").await.expect(200);
    assert_eq!(feed.body["items"].as_array().unwrap().len(), 1, "{}", feed.text);
    let carol = app.owner().await;
    for client in [&alice, &bob, &carol] {
        assert_eq!(list(client).await.as_array().unwrap().len(), 1);
        let feed = client.get("/api/v1/events?type=notice.published").await.expect(200);
        assert_eq!(feed.body["items"].as_array().unwrap().len(), 1, "{}", feed.text);
    }
    server.shutdown().await.unwrap();
}

/// A server with a table that breaks the support policy does not start.
async fn a_table_against_the_policy_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let table = table("2020-03-01");
    let variables = [("api_lifecycle", table.as_str())];
    let options = crate::support::server::options(Placement::Fused, directory.path(), &variables);
    let error = host::up(options).await.err().expect("two months are too few");
    assert!(format!("{error:#}").contains("api_lifecycle: v1: the sunset"), "{error:#}");
}
