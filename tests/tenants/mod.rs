mod create_team;
mod create_user;
mod delete_limit;
mod delete_team;
mod delete_user;
mod get_notice;
mod get_team;
mod get_team_lead;
mod get_user;
mod get_user_manager;
mod limits;
mod list_limits;
mod list_notices;
mod list_teams;
mod list_user_teams;
mod list_users;
mod replace_limit;
mod replace_team;
mod replace_user;
mod roles;
mod text;
mod update_team;
mod update_user;

use serde_json::{Value, json};

use crate::support::{App, Client, Exchange};

const USERS: &str = "/api/v1/users";
const TEAMS: &str = "/api/v1/teams";
const NOTICES: &str = "/api/v1/notices";

/// The scopes of a caller that manages users.
const ON_USERS: [&str; 3] = ["events:read", "users:read", "users:write"];

/// A new user of this client's tenant.
async fn user(client: &Client, name: &str) -> Exchange {
    let body = json!({ "email": format!("{name}@example.com"), "name": name });
    client.post(USERS, &body).await.expect(201)
}

/// A new team of this client's tenant.
async fn team(client: &Client, name: &str) -> Exchange {
    client.post(TEAMS, &json!({ "name": name })).await.expect(201)
}

/// The id of the user who registered this client's tenant.
fn own_id(client: &Client) -> &str {
    client.session["user"]["id"].as_str().unwrap()
}

/// The names on a page, in its order.
async fn names(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect(200);
    let items = page.body["items"].as_array().unwrap().iter();
    items.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// The state that a refusal must leave unchanged: the objects of a collection, and the feed.
async fn state(client: &Client, collection: &str) -> [Value; 2] {
    let objects = client.get(collection).await.expect(200).body;
    [objects, client.feed().await.into()]
}

/// The number of events of this type that the tenant has.
async fn events(client: &Client, kind: &str) -> usize {
    let page = client.get(&format!("/api/v1/events?type={kind}&limit=100")).await.expect(200);
    page.body["items"].as_array().unwrap().len()
}

/// Another caller in this client's tenant, whose genuine token has these roles and scopes.
pub(crate) fn caller(app: &App, client: &Client, roles: &[&str], scopes: &[&str]) -> Client {
    somebody(app, client, "usr_somebody", roles, scopes)
}

/// As [`caller`], with this id.
pub(crate) fn somebody(
    app: &App,
    client: &Client,
    id: &str,
    roles: &[&str],
    scopes: &[&str],
) -> Client {
    use jwt_simple::prelude::*;
    let custom = json!({ "tenant_id": client.tenant(), "roles": roles, "scopes": scopes });
    let claims = Claims::with_custom_claims(custom, Duration::from_mins(5))
        .with_issuer("tenantry")
        .with_audience("tenantry")
        .with_subject(id);
    client.with_token(&crate::gateway::issuer_key(app).sign(claims).unwrap())
}

/// Writes a notice straight into the server's database, because no operation makes one. Its title
/// is its id.
pub(crate) fn publish(app: &App, tenant: &str, id: &str, created_at: i64) {
    app.execute(&format!(
        "INSERT INTO notices \
         (tenant_id, id, kind, key, title, body, version, created_at, updated_at) VALUES \
         ('{tenant}', '{id}', 'DEPRECATION', '{id}', '{id}', 'Version 1 ends.', 1, \
         {created_at}, {created_at})"
    ));
}

/// Makes it possible to sign in as a user.
fn let_in(app: &App, id: &str) {
    app.execute(&format!(
        "INSERT INTO users (id, email, password_hash, created_at, updated_at) \
         VALUES ('{id}', '{id}', 'none', 0, 0);
         UPDATE members SET person_id = id, has_account = 1 WHERE id = '{id}'"
    ));
}
