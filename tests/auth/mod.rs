mod at_once;
mod create_client;
mod delete_client;
mod delete_session;
mod disable_client;
mod enable_client;
mod end_others_sessions;
mod get_client;
mod get_jwks;
mod get_me;
mod issue_token;
mod list_clients;
mod list_sessions;
mod login;
mod logout;
mod register;
mod replace_password;
mod revocation;
mod rotate_secret_client;
mod switch_tenant;
mod work_auth;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::server::PASSWORD;
use crate::support::{App, Client, Exchange};

/// The path of clients.
pub(crate) const CLIENTS: &str = "/api/v1/auth/clients";
const TOKEN: &str = "/api/v1/auth/token";

/// A client that may read projects. Returns the answer to its creation.
async fn client(owner: &Client) -> Exchange {
    client_with(owner, &["projects:read"]).await
}

/// A client with these scopes. Returns the answer to its creation.
pub(crate) async fn client_with(owner: &Client, scopes: &[&str]) -> Exchange {
    let body = json!({ "name": "ci", "scopes": scopes });
    owner.post(CLIENTS, &body).await.expect(201)
}

/// The answer of the token endpoint to a client with the secret in this answer.
async fn grant(app: &App, made: &Value) -> Exchange {
    let text = |name: &str| made[name].as_str().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text("client_id"),
        text("client_secret")
    );
    app.anon().form(TOKEN, &form, &[]).await
}

/// The client, with a token that it has just got.
pub(crate) async fn signed_in(app: &App, owner: &Client, made: &Value) -> Client {
    let token = grant(app, made).await.expect(200);
    owner.with_token(token.body["access_token"].as_str().unwrap())
}

/// A member of the owner's tenant with a role and the common password of the tests. Returns the id
/// and the address.
pub(crate) async fn member(app: &App, owner: &Client, role: &str) -> (String, String) {
    let email = format!("{role}.{}@example.com", owner.tenant()).to_lowercase();
    let body = json!({ "email": email, "name": role, "role": role });
    let id = owner.post("/api/v1/users", &body).await.expect(201).id().to_owned();
    let known = owner.session["user"]["email"].as_str().unwrap();
    app.execute(&format!(
        "INSERT INTO users (id, email, password_hash, created_at, updated_at) \
         SELECT '{id}', '{email}', password_hash, 0, 0 FROM users WHERE email = '{known}';
         UPDATE members SET person_id = id, has_account = 1 WHERE id = '{id}'"
    ));
    (id, email)
}

/// Makes this person a member of the owner's tenant too, with a role. Returns the id of the member.
pub(crate) async fn join(app: &App, owner: &Client, person: &Client, role: &str) -> String {
    let email = person.session["user"]["email"].as_str().unwrap();
    let body = json!({ "email": email, "name": role, "role": role });
    let id = owner.post("/api/v1/users", &body).await.expect(201).id().to_owned();
    app.execute(&format!(
        "UPDATE members SET has_account = 1, \
         person_id = (SELECT id FROM users WHERE email = '{email}') WHERE id = '{id}'"
    ));
    id
}

/// The id of the caller's session, the claim `sid` of the access token.
pub(crate) fn session_id(caller: &Client) -> String {
    let payload = caller.token().split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&URL_SAFE_NO_PAD, payload).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["sid"].as_str().unwrap().to_owned()
}

/// The sessions that a person is shown, by their ids.
async fn sessions(person: &Client) -> Vec<String> {
    let shown = person.get("/api/v1/me/sessions").await.expect(200);
    let items = shown.body["items"].as_array().unwrap().iter();
    items.map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

/// A further login of a person.
async fn again(app: &App, person: &Client) -> Client {
    let session = login(app, person.session["user"]["email"].as_str().unwrap()).await.expect(200);
    person.with_token(session.body["access_token"].as_str().unwrap()).of(session.body)
}

/// The answer to the refresh token of a login.
async fn refresh(app: &App, person: &Client) -> Exchange {
    let token = person.session["refresh_token"].as_str().unwrap();
    app.anon().form(TOKEN, &format!("grant_type=refresh_token&refresh_token={token}"), &[]).await
}

/// Signs in with the common password of the tests.
pub(crate) async fn login(app: &App, email: &str) -> Exchange {
    let body = json!({ "email": email, "password": PASSWORD });
    app.anon().post("/api/v1/auth/login", &body).await
}

/// The kinds of audit entries of a tenant, in their order.
pub(crate) fn audited(app: &App, tenant: &str) -> Vec<String> {
    let sql = format!(
        "SELECT action_type FROM audit_logs WHERE tenant_id = '{tenant}' ORDER BY created_at, id"
    );
    app.rows(&sql).into_iter().map(|row| row[0].clone()).collect()
}
