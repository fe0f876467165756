//! Public operations: a caller without a credential, or with the token of another tenant, learns
//! nothing of a tenant and changes nothing of it. An operation that checks a credential of its own
//! refuses both.

use http::Method;
use serde_json::{Value, json};

use super::objects::make;
use super::operation::{MISSING, Operation, comparable};
use crate::support::server::PASSWORD;
use crate::support::{App, Client, Exchange};

/// What a public operation answers to anybody.
enum Answer {
    /// What it answers to everybody, with this status.
    Served(u16),
    /// A refusal, because its own credential is missing.
    Refused(u16, &'static str),
}

/// The tenant of which nobody learns anything.
struct Victim {
    owner: Client,
    /// An id of its integration.
    integration: String,
}

/// A request of the operation about this tenant: the end of its path, its media type with the body,
/// and the answer.
fn request(
    id: &str,
    victim: &Victim,
    integration: &str,
) -> (String, Option<(Form, String)>, Answer) {
    let json = |body: Value| Some((Form::Json, body.to_string()));
    let unsigned = || (format!("?integration={integration}"), json(json!({})));
    let refused = Answer::Refused(401, "authentication_required");
    match id {
        "register" => {
            let email = format!("new{}@example.com", fastrand::u64(..));
            let body = json!({ "email": email, "password": PASSWORD, "tenant_name": "New" });
            (String::new(), json(body), Answer::Served(201))
        }
        "login" => {
            let email = &victim.owner.session["user"]["email"];
            let body = json!({ "email": email, "password": "not the password" });
            (String::new(), json(body), Answer::Refused(401, "invalid_credentials"))
        }
        "issue-token" => {
            let form = "grant_type=client_credentials&client_id=cli_none&client_secret=cs_none";
            let form = Some((Form::Form, form.to_owned()));
            (String::new(), form, Answer::Refused(401, "invalid_client"))
        }
        "get-jwks" | "get-openapi" | "get-api-docs" | "get-native-openapi" | "list-errors"
        | "get-error" => (String::new(), None, Answer::Served(200)),
        "tick" | "list-limits" | "delete-limit" => (String::new(), None, refused),
        "replace-limit" => (String::new(), json(json!({ "per_minute": 1, "burst": 1 })), refused),
        "receive-webhook" | "receive-integration-webhook" | "receive-billing-webhook" => {
            let (query, body) = unsigned();
            (query, body, refused)
        }
        _ => panic!("tests/isolation/public.rs has no request of {id}"),
    }
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Form,
}

/// Sends the request of the operation, and checks the answer itself.
async fn ask(
    client: &Client,
    operation: &Operation<'_>,
    victim: &Victim,
    integration: &str,
) -> Exchange {
    let (query, body, expected) = request(operation.id, victim, integration);
    let mut path = operation.template.to_owned();
    for (variable, value) in [
        ("{code}", "conflict"),
        ("{scope}", "tenant"),
        ("{subject}", victim.owner.tenant()),
        ("{class}", "read"),
        ("{kind}", "payment"),
        ("{provider}", "github"),
    ] {
        path = path.replace(variable, value);
    }
    let (form, body) = body.unzip();
    let headers: &[_] = match form {
        Some(Form::Json) => &[("content-type", "application/json")],
        Some(Form::Form) => &[("content-type", "application/x-www-form-urlencoded")],
        None => &[],
    };
    let answer = client.send(operation.method.clone(), &(path + &query), headers, body).await;
    match expected {
        Answer::Served(status) => answer.expect(status),
        Answer::Refused(status, error) => answer.refused(status, error),
    }
}

pub(super) async fn check(app: &App, operation: &Operation<'_>) {
    let id = operation.id;
    let (alice, bob) = (app.owner().await, app.owner().await);
    let marker = format!("marker-{}", alice.tenant());
    let made = make(app, &alice, "projects", &marker).await;
    let integration = make(app, &alice, "integrations", &marker).await.id().to_owned();
    let before = alice.feed().await;
    let victim = Victim { owner: alice, integration };
    let mut answers = Vec::new();
    // A client of the token endpoint authenticates in the same header, and only in one way (RFC 6749
    // section 2.3). So a bearer token there is a malformed request.
    let clients = if id == "issue-token" { vec![app.anon()] } else { vec![app.anon(), bob] };
    for client in clients {
        let answer = ask(&client, operation, &victim, &victim.integration).await;
        let shown =
            [marker.as_str(), victim.owner.tenant()].iter().any(|text| answer.text.contains(*text));
        assert!(!shown, "{id}: {}", answer.text);
        // An object of the tenant cannot be told from one that never existed.
        let absent = ask(&client, operation, &victim, MISSING).await;
        if answer.status >= 400 || operation.method == Method::GET {
            let (one, other) =
                (comparable(&answer, &victim.integration), comparable(&absent, MISSING));
            assert_eq!(one, other, "{id}");
            answers.push(one);
        }
    }
    answers.dedup();
    assert!(answers.len() < 2, "{id} heeds the token of a tenant: {answers:#?}");
    let path = format!("/api/v1/projects/{}", made.id());
    assert_eq!(victim.owner.get(&path).await.expect(200).body, made.body, "{id}");
    // The tenants of a person are told of failed sign-ins.
    let mut after = victim.owner.feed().await;
    let is_new = |event: &Value| !before.contains(event);
    after.retain(|event| id != "login" || !is_new(event) || event["type"] != "audit.logged");
    assert_eq!(after, before, "{id} left something with a tenant");
}
