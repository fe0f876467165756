//! `/auth/clients`: the machine clients of a tenant (OAuth 2.0 client credentials), and how they
//! authenticate.
//!
//! A client never has more rights than its owner. A client that belongs to a person loses the
//! rights that the person loses, and it ends with the person's membership.
//!
//! A client of the tenant stays when its maker leaves. So only an owner or admin of the tenant can
//! make one.

use kit::roles::{SCOPES, scopes_of};
use kit::{
    Action, Call, Caller, Change, Code, Error, Internal as _, Principal, Record, Scope, System,
    values,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::audit::Entry;
use crate::contract::{CLIENTS, client};
use crate::session::{Member, Subject};
use crate::{client_secrets, secret};
use kit::Seal;

/// How long the secrets before the newest stay valid if the request does not say, in seconds.
const DEFAULT_GRACE_SECONDS: i64 = 86_400;
/// The most clients of a tenant.
const MAX_CLIENTS: i64 = 200;
/// The roles that may make clients of the tenant itself.
const TENANT_ADMIN_ROLES: [&str; 2] = ["owner", "admin"];

/// `POST /auth/clients`
pub(crate) async fn create(call: &Call) -> kit::Result {
    check(call)?;
    let seal = Seal::load(call).await?;
    let mut client = CLIENTS.draft(call)?;
    let secret = secret::new("cs")?;
    let reply = call.write_sealed(&seal, |scope| {
        refuse_too_many(scope)?;
        assign_owner(call, scope, &mut client)?;
        let client = CLIENTS.add(call, scope, client, rule)?;
        let id = client.get(client::ID)?;
        client_secrets::install(scope, id, &secret, 0)?;
        let location = format!("/auth/clients/{id}");
        Ok(with_secret(201, &client, &secret)?.header("location", location))
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// Sets the owner of a new client. If a client makes it, then the new client gets the owner of its
/// maker.
fn assign_owner(call: &Call, scope: &Scope<'_>, client: &mut Record) -> kit::Result<()> {
    let caller = call.caller()?;
    let Principal::Client(id) = &caller.principal else {
        if client.get(client::OWNER)? == "PERSON" {
            client.set(client::OWNER_ID, Some(caller.id()))?;
        }
        return Ok(());
    };
    let maker = CLIENTS.find(scope, id)?;
    let owner = maker.get(client::OWNER)?;
    if call.document().get(client::OWNER.name()).is_some_and(|wanted| *wanted != *owner) {
        return Err(Error::violation(
            "/owner",
            "NOT_ALLOWED_VALUE",
            "A client that another client makes has the same owner; leave `owner` out.",
        ));
    }
    client.set(client::OWNER, owner)?;
    client.set(client::OWNER_ID, maker.get(client::OWNER_ID)?)
}

#[derive(Deserialize)]
struct Rotation {
    /// JSON may write a whole number as `60.0`.
    grace_seconds: Option<f64>,
}

/// `POST /auth/clients/{id}/rotate-secret`
pub(crate) async fn rotate(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let wanted: Rotation = call.json()?;
    let grace = wanted.grace_seconds.map_or(DEFAULT_GRACE_SECONDS, |seconds| seconds as i64) * 1000;
    let secret = secret::new("cs")?;
    let reply = call.write_sealed(&seal, |scope| {
        let mut client = CLIENTS.find_to_change(call, scope)?;
        call.refuse_revoked(scope)?;
        check_may_rotate(call, scope, &client)?;
        CLIENTS.write(call, scope, &mut client, "updated")?;
        let id = client.get(client::ID)?;
        client_secrets::install(scope, id, &secret, grace)?;
        if grace == 0 {
            // An attacker who has found the old secret may have got a token with it.
            scope.revoke(id, client.get(client::VERSION)?)?;
        }
        with_secret(200, &client, &secret)
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// Checks that the caller may see a new secret of this client. The secret gives all rights of the
/// client, for as long as the client lives. So the caller must hold all scopes of the client, and
/// must be one who could have made it.
fn check_may_rotate(call: &Call, scope: &Scope<'_>, client: &Record) -> kit::Result<()> {
    let caller = call.caller()?;
    let refused = |message| Error::new(Code::InsufficientScope, message);
    if let Some(scope) =
        client.get(client::SCOPES)?.iter().find(|scope| !caller.grants.has_scope(scope))
    {
        return Err(Error {
            context: vec![("required_scope".to_owned(), scope.clone())],
            ..refused(
                "The client holds a scope that you do not hold, so you cannot rotate its secret.",
            )
        });
    }
    let (owner, owner_id) = (client.get(client::OWNER)?, client.get(client::OWNER_ID)?);
    let is_theirs = |id: &str| owner == "PERSON" && owner_id == Some(id);
    let may = match &caller.principal {
        Principal::Client(id) => {
            let own = CLIENTS.find(scope, id)?;
            own.get(client::OWNER)? == "TENANT" || own.get(client::OWNER_ID)?.is_some_and(is_theirs)
        }
        _ => answers_for_tenant(caller) || is_theirs(caller.id()),
    };
    match may {
        true => Ok(()),
        false => Err(refused(
            "Only the person that the client belongs to, or an owner or admin of the tenant, can \
             rotate its secret.",
        )),
    }
}

/// The rule for every change of a client.
pub(crate) fn rule(change: Change<'_>) -> kit::Result<()> {
    let Change { call, scope, action, after: client, .. } = change;
    // A disabled client must not enable itself, nor make other clients that stay.
    call.refuse_revoked(scope)?;
    let id = client.get(client::ID)?;
    // Every write increments the version by one.
    let next = client.get(client::VERSION)? + 1;
    match action {
        Action::Delete => {
            client_secrets::delete_all(scope, id)?;
            scope.revoke(id, next)
        }
        Action::Operation("disable") => scope.revoke(id, next),
        _ => Ok(()),
    }
}

/// The client with its secret, which is shown only this once. OAuth calls the id `client_id`.
fn with_secret(status: u16, client: &Record, secret: &str) -> kit::Result {
    let id = client.get(client::ID)?;
    CLIENTS.reply_with(status, client, &[("client_id", id), ("client_secret", secret)])
}

fn refuse_too_many(scope: &Scope<'_>) -> kit::Result<()> {
    let sql = "SELECT COUNT(*) FROM clients WHERE tenant_id = $1 AND deleted_at IS NULL";
    if scope.fetch_one::<i64>(sql, [])? < MAX_CLIENTS {
        return Ok(());
    }
    let message =
        format!("A tenant has {MAX_CLIENTS} clients at most; delete one that is not needed.");
    Err(Error::new(Code::Conflict, message))
}

/// Checks what the schema cannot express: a maker may grant only scopes that it holds.
fn check(call: &Call) -> kit::Result<()> {
    let caller = call.caller()?;
    let mut found = Vec::new();
    let scopes = call.document()["scopes"].as_array().into_iter().flatten();
    for (index, scope) in scopes.filter_map(Json::as_str).enumerate() {
        let message = if !SCOPES.contains(&scope) {
            "This scope does not exist."
        } else if !caller.grants.has_scope(scope) {
            "You cannot grant a scope that you do not hold."
        } else {
            continue;
        };
        found.push(Error::violation(&format!("/scopes/{index}"), "NOT_ALLOWED_VALUE", message));
    }
    if call.document()["owner"] == "TENANT" && !answers_for_tenant(caller) {
        found.push(Error::violation(
            "/owner",
            "NOT_ALLOWED_VALUE",
            "Only an owner or admin can make a client that belongs to the tenant.",
        ));
    }
    let violations: Vec<_> = found.into_iter().flat_map(|error| error.violations).collect();
    if violations.is_empty() { Ok(()) } else { Err(Error::violations(violations)) }
}

/// Whether the caller may make clients of the tenant. A client passes here; its owner is checked
/// later.
fn answers_for_tenant(caller: &Caller) -> bool {
    matches!(caller.principal, Principal::Client(_))
        || caller.grants.roles().any(|role| TENANT_ADMIN_ROLES.contains(&role))
}

/// Authenticates a client. Returns it with all scopes that it holds now.
///
/// # Errors
/// `invalid-client`. It does not say for which of the reasons.
pub(crate) fn authenticate(
    call: &Call,
    system: &System<'_>,
    id: &str,
    secret: &str,
) -> kit::Result<Subject> {
    let wrong = || {
        Error::new(
            Code::InvalidClient,
            "client_id or client_secret is wrong, or the client was disabled or has ended.",
        )
    };
    let found = system.fetch_optional::<(String, String, Option<String>, i64, String)>(
        "SELECT tenant_id, scopes, owner_id, version, status FROM clients \
         WHERE id = $1 AND deleted_at IS NULL",
        values![id],
    )?;
    let Some((tenant, scopes, owner, version, status)) = found else {
        // Takes as long as for a client that exists.
        client_secrets::matches(system, "", id, secret)?;
        return Err(wrong());
    };
    let mut scopes: Vec<String> = serde_json::from_str(&scopes).internal()?;
    let entry = |kind, data| Entry { tenant: &tenant, kind, subject: id, data };
    let refuse = |why: &str| {
        entry("client.sign_in_refused", json!({ "reason": why })).write_hourly(system);
        wrong()
    };
    if !client_secrets::matches(system, &tenant, id, secret)? {
        entry("client.sign_in_failed", json!({})).write_in_background(call.trace_id());
        return Err(wrong());
    }
    if status != "ENABLED" {
        return Err(refuse("DISABLED"));
    }
    let owner = match owner {
        None => None,
        Some(owner) => {
            let member = Member::find(system, &tenant, &owner)?;
            let member = member.ok_or_else(|| refuse("OWNER_LEFT"))?;
            let held =
                |scope: &str| member.roles.iter().any(|role| scopes_of(role).contains(&scope));
            scopes.retain(|scope| held(scope));
            Some((member.id, member.version))
        }
    };
    entry("client.signed_in", json!({})).write_hourly(system);
    Ok(Subject {
        id: id.to_owned(),
        tenant,
        roles: Vec::new(),
        scopes,
        is_client: true,
        version,
        login: None,
        owner,
    })
}
