//! Integrations: the providers that a tenant receives webhooks from, with their signing secrets.

use kit::{Action, Call, Change, Code, Error, Record, Reply, Scope, Seal};
use serde::{Deserialize, Serialize};

use crate::contract::{INTEGRATIONS, integration};
use crate::inbound::Provider;
use crate::secrets::NewSecret;
use crate::{health, oauth, secrets};

/// The most integrations of a tenant.
const MAX_INTEGRATIONS: i64 = 100;
/// How long the secrets before the newest stay valid if the request does not say, in seconds.
const DEFAULT_GRACE_SECONDS: i64 = 86_400;

#[derive(Deserialize)]
struct SecretOptions {
    secret: Option<String>,
    /// JSON may write a whole number as `60.0`.
    grace_seconds: Option<f64>,
}

/// `POST /integrations`
pub(crate) async fn create(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let options: SecretOptions = call.json()?;
    let integration = INTEGRATIONS.draft(call)?;
    let provider = provider(&integration)?;
    let id = integration.get(integration::ID)?;
    let fresh = NewSecret::make(&seal, provider, id, options.secret.as_deref())?;
    let reply = call.write_sealed(&seal, |scope| {
        let integration = INTEGRATIONS.add(call, scope, integration, rule)?;
        fresh.install(scope, integration.get(integration::ID)?, 0)?;
        INTEGRATIONS.created(&integration, &[("secret", &fresh.text)])
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// `POST /integrations/{id}/rotate-secret`
pub(crate) async fn rotate(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let options: SecretOptions = call.json()?;
    let grace =
        options.grace_seconds.map_or(DEFAULT_GRACE_SECONDS, |seconds| seconds as i64) * 1000;
    let reply = call.write_sealed(&seal, |scope| {
        let mut integration = INTEGRATIONS.find_to_change(call, scope)?;
        call.refuse_revoked(scope)?;
        let id = call.path("id");
        let fresh = NewSecret::make(&seal, provider(&integration)?, id, options.secret.as_deref())?;
        INTEGRATIONS.write(call, scope, &mut integration, "updated")?;
        fresh.install(scope, id, grace)?;
        INTEGRATIONS.reply_with(200, &integration, &[("secret", &fresh.text)])
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// `DELETE /integrations/{id}`
pub(crate) async fn delete(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let granted = call.read(|scope| oauth::Connection::find(scope, &seal, call.path("id")));
    // If the tokens cannot be opened any more, then they cannot be revoked, but the deletion goes
    // on.
    let granted = granted.unwrap_or_else(|error| {
        eprintln!("tokens to revoke: {}", error.internal.unwrap_or(error.message));
        None
    });
    let reply = INTEGRATIONS.delete(call, rule)?;
    if let Some(connection) = granted {
        oauth::revoke(&connection).await;
    }
    Ok(reply)
}

/// The rule for every change of an integration.
pub(crate) fn rule(change: Change<'_>) -> kit::Result<()> {
    let Change { call, scope, action, before, after: integration } = change;
    call.refuse_revoked(scope)?;
    match action {
        Action::Write if !is_word(integration.get(integration::KIND)?) => {
            Err(Error::violation("/kind", "INVALID_FORMAT", "Must be a word in kebab-case."))
        }
        Action::Write if before.is_none() => {
            refuse_too_many(scope)?;
            health::begin(scope, integration.get(integration::ID)?)
        }
        Action::Delete => {
            secrets::SECRETS.delete_all(scope, integration.get(integration::ID)?)?;
            oauth::delete_all(scope, integration.get(integration::ID)?)
        }
        Action::Write | Action::Operation(_) => Ok(()),
    }
}

#[derive(Serialize)]
struct Endpoints {
    items: [Endpoint; 3],
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Endpoint {
    url: String,
}

/// `GET /integrations/{id}/endpoints`
pub(crate) fn endpoints(call: &Call) -> kit::Result {
    let base = kit::public_url();
    let integration = call.read(|scope| INTEGRATIONS.find(scope, call.path("id")))?;
    let (id, kind) = (integration.get(integration::ID)?, integration.get(integration::KIND)?);
    let slug = provider(&integration)?.slug();
    let items = [
        format!("integrations/webhooks/{slug}"),
        format!("webhooks/{kind}"),
        format!("billing/webhooks/{slug}"),
    ];
    let items =
        items.map(|path| Endpoint { url: format!("{base}/api/v1/{path}?integration={id}") });
    Reply::ok(&Endpoints { items, next_cursor: None })
}

/// The provider of an integration. The contract allows only known ones.
fn provider(integration: &Record) -> kit::Result<Provider> {
    Provider::parse(integration.get(integration::PROVIDER)?)
        .ok_or_else(|| Error::internal("an integration of an unknown provider"))
}

/// Whether a kind is kebab-case, so that it can stand in a path.
fn is_word(kind: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    kind.split('-').all(|part| !part.is_empty() && part.chars().all(letter))
}

fn refuse_too_many(scope: &Scope<'_>) -> kit::Result<()> {
    let sql = "SELECT COUNT(*) FROM integrations WHERE tenant_id = $1 AND deleted_at IS NULL";
    let count: i64 = scope.fetch_one(sql, [])?;
    match count >= MAX_INTEGRATIONS {
        true => Err(Error::new(
            Code::Conflict,
            format!(
                "A tenant has {MAX_INTEGRATIONS} integrations at most; disconnect one that is not needed."
            ),
        )),
        false => Ok(()),
    }
}
