//! The second step of the flow: the code that the user brings back is exchanged for tokens.

use kit::{Call, Internal as _, Reply, Seal, Value, now, values};
use serde::{Deserialize, Deserializer};

use super::connection::Connection;
use super::request::Refusal;
use super::{RETRY_AFTER_SECONDS, authorize, code_spent, conflict, refused, unreachable};
use crate::contract::{INTEGRATIONS, integration};
use crate::grant;
use crate::settings::SETTINGS;

/// The authorization response (RFC 6749 section 4.1.2, RFC 9207). Other members are ignored. An
/// empty member counts as left out (section 3.1).
#[derive(Deserialize)]
struct AuthorizationResponse {
    state: String,
    #[serde(default, deserialize_with = "non_empty")]
    code: Option<String>,
    #[serde(default, deserialize_with = "non_empty")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "non_empty")]
    error: Option<String>,
}

fn non_empty<'de, D: Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(member)?.filter(|text| !text.is_empty()))
}

/// The stored state of the first step.
struct Pending {
    provider: String,
    redirect_uri: String,
    sealed: String,
    expires_at: i64,
}

/// `POST /integrations/{id}/connect`
pub(crate) async fn connect(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let response: AuthorizationResponse = call.json()?;
    let pending = take(call, &response.state)?;
    let verifier = seal.open(&authorize::sealed_as(&response.state), &pending.sealed)?;
    let verifier = String::from_utf8(verifier).internal()?;
    let provider = SETTINGS.providers.find(&pending.provider)?;
    if !provider.is_issuer(response.iss.as_deref()) {
        return Err(conflict(
            "The answer comes from another provider than the one that was asked; begin again with \
             `authorize`.",
        ));
    }
    if let Some(error) = &response.error {
        return Err(refused(error));
    }
    let code = response.code.as_deref().ok_or_else(|| refused("invalid_request"))?;
    let answer = match provider.exchange(code, &pending.redirect_uri, &verifier).await {
        Ok(answer) => answer,
        Err(Refusal::Answered(grant::Refusal::Refused(code))) => return Err(refused(&code)),
        Err(Refusal::Answered(grant::Refusal::Unreadable)) => return Err(code_spent("unreadable")),
        Err(Refusal::Lost(cause)) => return Err(code_spent(cause)),
        // The code was not spent, so the client may bring it again.
        Err(Refusal::Answered(grant::Refusal::Later(seconds))) => {
            restore(call, &response.state, &pending)?;
            return Err(unreachable("busy", seconds));
        }
        Err(Refusal::Unreachable(cause)) => {
            restore(call, &response.state, &pending)?;
            return Err(unreachable(cause, RETRY_AFTER_SECONDS));
        }
    };
    let connection = Connection::new(pending.provider, answer, None);
    call.write(|scope| {
        let mut integration = INTEGRATIONS.find(scope, call.path("id"))?;
        connection.install(scope, &seal, integration.get(integration::ID)?)?;
        INTEGRATIONS.write(call, scope, &mut integration, "connected")?;
        INTEGRATIONS.reply(200, &integration)
    })
}

/// Takes the pending authorization of this caller and state. It can be taken only once.
fn take(call: &Call, state: &str) -> kit::Result<Pending> {
    let mut pending = None;
    call.write(|scope| {
        INTEGRATIONS.find(scope, call.path("id"))?;
        let of = values![call.path("id"), call.caller()?.id(), state];
        let found = scope.fetch_optional::<(String, String, String, i64)>(
            "SELECT provider, redirect_uri, sealed, expires_at FROM integration_authorizations \
             WHERE tenant_id = $1 AND integration_id = $2 AND caller_id = $3 AND state = $4",
            of.clone(),
        )?;
        let taken = scope.execute(
            "DELETE FROM integration_authorizations \
             WHERE tenant_id = $1 AND integration_id = $2 AND caller_id = $3 AND state = $4",
            of,
        )?;
        let found = found.filter(|_| taken == 1);
        pending = found.map(|(provider, redirect_uri, sealed, expires_at)| Pending {
            provider,
            redirect_uri,
            sealed,
            expires_at,
        });
        Ok(Reply::no_content())
    })?;
    pending.filter(|pending| pending.expires_at > now()).ok_or_else(|| {
        conflict("You have no pending authorization with this state; begin again with `authorize`.")
    })
}

/// Stores the pending authorization again for another call, unless the caller has begun a new one.
fn restore(call: &Call, state: &str, pending: &Pending) -> kit::Result<()> {
    call.write(|scope| {
        let Pending { provider, redirect_uri, sealed, expires_at } = pending;
        let columns = [call.path("id"), call.caller()?.id(), state, provider, redirect_uri, sealed]
            .map(Value::from);
        scope.execute(
            "INSERT INTO integration_authorizations (tenant_id, integration_id, caller_id, state, \
             provider, redirect_uri, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT DO NOTHING",
            columns.into_iter().chain(values![*expires_at]),
        )?;
        Ok(Reply::no_content())
    })
    .map(drop)
}
