//! The first step of the flow: the URL to which the client sends the user.

use kit::{Call, Reply, Seal, Value, now, rfc3339, values};
use oauth2::PkceCodeChallenge;
use serde::{Deserialize, Serialize};

use crate::contract::{INTEGRATIONS, integration};
use crate::settings::SETTINGS;

/// How long the user may take to come back, in milliseconds.
const AUTHORIZATION_MS: i64 = 600_000;

#[derive(Deserialize)]
struct AuthorizationRequest {
    provider: Option<String>,
    redirect_uri: Option<String>,
    scope: Option<String>,
}

#[derive(Serialize)]
struct Authorization<'a> {
    authorization_url: &'a str,
    state: &'a str,
    expires_at: String,
}

/// The name under which the PKCE verifier of a state is sealed.
pub(super) fn sealed_as(state: &str) -> String {
    format!("authorization:{state}")
}

/// `POST /integrations/{id}/authorize`
pub(crate) async fn authorize(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let requested: AuthorizationRequest = call.json()?;
    let id = call.path("id");
    let integration = call.read(|scope| INTEGRATIONS.find_to_change(call, scope))?;
    let own = integration.get(integration::PROVIDER)?;
    let name = requested.provider.unwrap_or_else(|| own.to_lowercase());
    let provider = SETTINGS.providers.find(&name)?;
    let redirect_uri = provider.redirect_uri(requested.redirect_uri.as_deref())?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state) =
        provider.authorization_url(redirect_uri, requested.scope.as_deref(), challenge);
    let state = state.secret();
    let sealed = seal.seal(&sealed_as(state), verifier.secret().as_bytes())?;
    let expires_at = now() + AUTHORIZATION_MS;
    let reply = call.write_sealed(&seal, |scope| {
        // The integration may have been deleted since it was read.
        INTEGRATIONS.find(scope, id)?;
        let columns = [id, call.caller()?.id(), state, &name, redirect_uri.as_str(), &sealed];
        let columns = columns.map(Value::from);
        scope.execute_one(
            "INSERT INTO integration_authorizations (tenant_id, integration_id, caller_id, state, \
             provider, redirect_uri, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (tenant_id, integration_id, caller_id) DO UPDATE SET state = $4, \
             provider = $5, redirect_uri = $6, sealed = $7, expires_at = $8",
            columns.into_iter().chain(values![expires_at]),
        )?;
        Reply::ok(&Authorization {
            authorization_url: &url,
            state,
            expires_at: rfc3339(expires_at),
        })
    })?;
    Ok(reply.header("cache-control", "no-store"))
}
