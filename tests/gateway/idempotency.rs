//! `Idempotency-Key` over HTTP, as far as it is the same for all operations (S-39). The tests with
//! crashes are in `tests/prove/crash/`.

use http::Method;
use serde_json::json;

use sha2::Digest as _;

use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Client, Exchange, Placement, dedicated, stores};

everywhere! { a_lost_store_repeats_nothing(placement) }

const PATH: &str = "/api/v1/projects";

async fn create(client: &Client, key: &str, name: &str) -> Exchange {
    let key = [("idempotency-key", key)];
    client.json(Method::POST, PATH, &json!({ "name": name }), &key).await
}

async fn count(client: &Client) -> usize {
    client.get(PATH).await.expect(200).body["items"].as_array().unwrap().len()
}

/// A receipt in SQL backs the key-value store. It is honoured as long as the row exists, whatever
/// the clock of the reading host says.
async fn a_lost_store_repeats_nothing(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let first = create(&owner, "old", "a").await.expect(201);
    server.shutdown().await.unwrap();
    stores::lose_key_values(directory.path());
    app.execute("UPDATE idempotency_receipts SET expires_at = 1");
    let (app, server) = start(options(placement, directory.path(), &UNLIMITED)).await;
    let owner = Client::new(&app.base, Some(owner.token()));
    let again = create(&owner, "old", "a").await.expect(201);
    assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text));
    assert_eq!(count(&owner).await, 1);
    create(&owner, "old", "b").await.refused(422, "idempotency_key_reused");
    server.shutdown().await.unwrap();
}

everywhere! {
    /// A replay has the status, headers and body of the first answer, in the form that the retry
    /// asks for, and is marked as a replay.
    async fn a_replay_is_the_first_answer(app) {
        let owner = app.owner().await;
        let first = create(&owner, "k", "a").await.expect(201);
        assert_eq!(first.header("idempotent-replayed"), None);
        let again = create(&owner, "k", "a").await.expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.text, first.text);
        for name in ["etag", "location", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        let headers = [("idempotency-key", "k"), ("accept", "application/vnd.api+json")];
        let form = owner.json(Method::POST, PATH, &json!({ "name": "a" }), &headers).await.expect(201);
        assert_eq!((form.body["data"]["id"].as_str(), count(&owner).await), (Some(first.id()), 1));
    }

    /// Every write accepts a key: PUT, PATCH and DELETE happen once too.
    async fn every_method_takes_a_key(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "c", "a").await.expect(201).id());
        let send = async |method: Method, body: Option<&str>| {
            let key = method.to_string();
            let headers = [
                ("idempotency-key", key.as_str()),
                ("content-type", "application/json"),
                ("if-match", "*"),
            ];
            owner.send(method, &path, &headers, body.map(str::to_owned)).await
        };
        for (method, body, status) in [
            (Method::PUT, Some("{\"name\":\"b\"}"), 200),
            (Method::PATCH, Some("{\"name\":\"c\"}"), 200),
            (Method::DELETE, None, 204),
        ] {
            let first = send(method.clone(), body).await.expect(status);
            let again = send(method.clone(), body).await.expect(status);
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{method}");
            assert_eq!((&again.text, again.header("etag")), (&first.text, first.header("etag")));
        }
    }

    /// The quoted form of the draft and the bare form are the same key. Two such headers are
    /// refused.
    async fn the_spelling_of_a_key(app) {
        let owner = app.owner().await;
        let first = create(&owner, "a key, with \"marks\"", "a").await.expect(201);
        let quoted = create(&owner, r#""a key, with \"marks\"""#, "a").await.expect(201);
        assert_eq!(first.id(), quoted.id());
        for key in ["", "\"\"", "\"open", &"k".repeat(256)] {
            let refused = create(&owner, key, "b").await.refused(400, "malformed_request");
            assert_eq!(refused.body["details"]["fields"][0]["code"], "INVALID_FORMAT", "{}", refused.text);
        }
        let twice = [("idempotency-key", "one"), ("idempotency-key", "two")];
        owner.json(Method::POST, PATH, &json!({ "name": "b" }), &twice).await.refused(400, "malformed_request");
        assert_eq!(count(&owner).await, 1, "what was refused made nothing");
        let nothing = [("idempotency-key", "")];
        owner.send(Method::GET, PATH, &nothing, None).await.expect(200);
    }

    /// Registering, signing in and creating a machine client also happen once for each key. Their
    /// answers hold secrets, so they are stored sealed.
    async fn secrets_are_sealed(app) {
        let anon = app.anon();
        let key = [("idempotency-key", "register-1")];
        let who = format!("sealed-{}@example.com", uuid());
        let body = json!({ "email": who, "password": "correct horse battery staple", "tenant_name": "Sealed" });
        let first = anon.json(Method::POST, "/api/v1/auth/register", &body, &key).await.expect(201);
        let again = anon.json(Method::POST, "/api/v1/auth/register", &body, &key).await.expect(201);
        assert_eq!((again.header("idempotent-replayed"), &again.text), (Some("true"), &first.text));
        let mut other = body.clone();
        other["password"] = json!("another password entirely");
        anon.json(Method::POST, "/api/v1/auth/register", &other, &key).await.refused(422, "idempotency_key_reused");

        let owner = anon.with_token(first.body["access_token"].as_str().unwrap());
        let client = json!({ "name": "ci", "scopes": ["projects:read"] });
        let made = owner.json(Method::POST, "/api/v1/auth/clients", &client, &key).await.expect(201);
        let same = owner.json(Method::POST, "/api/v1/auth/clients", &client, &key).await.expect(201);
        assert_eq!(same.text, made.text);

        let login = json!({ "email": who, "password": "correct horse battery staple" });
        let one = anon.json(Method::POST, "/api/v1/auth/login", &login, &key).await.expect(200);
        let two = anon.json(Method::POST, "/api/v1/auth/login", &login, &key).await.expect(200);
        assert_eq!(two.text, one.text);

        let kept = app.rows("SELECT fingerprint, headers, body FROM idempotency_receipts");
        let kept = format!("{kept:?}");
        for (answer, name) in [(&first, "refresh_token"), (&made, "client_secret"), (&one, "access_token")] {
            assert!(!kept.contains(answer.body[name].as_str().unwrap()), "{name}");
        }
        let digest = hex::encode(sha2::Sha256::digest(body.to_string()));
        assert!(!kept.contains(&digest), "a plain digest would let the password be guessed");
    }

    /// Equal keys of two strangers are separate keys, whether the bodies are equal or not. A caller
    /// who names an account stays the same caller on another network.
    async fn strangers_have_keys_of_their_own(app) {
        let register = |who: &str| {
            let body = json!({ "email": format!("{who}-{}@example.com", uuid()), "password": "correct horse battery staple", "tenant_name": "Same" });
            let anon = app.anon();
            async move { anon.json(Method::POST, "/api/v1/auth/register", &body, &[("idempotency-key", "1")]).await }
        };
        let (one, two) = tokio::join!(register("one"), register("two"));
        let (one, two) = (one.expect(201), two.expect(201));
        assert_ne!(one.body["tenant"]["id"], two.body["tenant"]["id"]);
        assert_eq!((one.header("idempotent-replayed"), two.header("idempotent-replayed")), (None, None));
        let mut tokens = Vec::new();
        for session in [&one, &two] {
            let form = format!("grant_type=refresh_token&refresh_token={}", session.body["refresh_token"].as_str().unwrap());
            let token = app.anon().form("/api/v1/auth/token", &form, &[("idempotency-key", "1")]).await.expect(200);
            tokens.push(token.body["access_token"].clone());
        }
        assert_ne!(tokens[0], tokens[1]);
    }

    /// If a client loses the answer to a refresh, then it asks again with the same key. The refresh
    /// token is spent, and the retry is not treated as theft.
    async fn a_lost_refresh_is_repeated(app) {
        let owner = app.owner().await;
        let token = owner.session["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        let refresh = async |key: &str| {
            app.anon().form("/api/v1/auth/token", &form, &[("idempotency-key", key)]).await
        };
        let first = refresh("r").await.expect(200);
        assert_eq!(refresh("r").await.expect(200).text, first.text);
        let next = first.body["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={next}");
        app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
        refresh("another").await.refused(400, "invalid_grant");
    }

    /// The key of one machine client means nothing for another client, even if both send the same
    /// body.
    async fn a_key_of_a_client_is_its_own(app) {
        let owner = app.owner().await;
        let mut tokens = Vec::new();
        for name in ["one", "two"] {
            let body = json!({ "name": name, "scopes": ["projects:read"] });
            let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
            let of = |name: &str| made.body[name].as_str().unwrap().to_owned();
            let basic = base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                format!("{}:{}", of("client_id"), of("client_secret")),
            );
            let headers = [("authorization", &*format!("Basic {basic}")), ("idempotency-key", "same")];
            let form = "grant_type=client_credentials";
            tokens.push(app.anon().form("/api/v1/auth/token", form, &headers).await.expect(200));
        }
        assert_ne!(tokens[0].body["access_token"], tokens[1].body["access_token"]);
        assert_eq!(tokens[1].header("idempotent-replayed"), None);
    }
}

fn uuid() -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{now:x}-{:?}", std::thread::current().id()).replace(['(', ')'], "")
}
