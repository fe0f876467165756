//! The second leg: what the user has brought back becomes tokens.

use kit::{Call, Internal as _, Reply, Seal, Value, now};
use serde::Deserialize;

use super::connection::Connection;
use super::provider;
use super::request::Refusal;
use super::{authorize, conflict, refused, unreachable};
use crate::contract::INTEGRATIONS;

/// The authorization response (RFC 6749 section 4.1.2).
#[derive(Deserialize)]
struct Brought {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// What was remembered of the first leg.
struct Pending {
    provider: String,
    redirect_uri: String,
    verifier: String,
}

/// `POST /integrations/{id}/connect`
pub(crate) async fn connect(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let brought: Brought = call.json()?;
    let Pending { provider: name, redirect_uri, verifier } = take(call, &seal, &brought.state)?;
    let provider = provider::find(&name, &seal).await?;
    if !provider.is_issuer(brought.iss.as_deref()) {
        return Err(conflict("The answer is of another provider than the one that was asked."));
    }
    let Some(code) = brought.code.filter(|_| brought.error.is_none()) else {
        return Err(refused(brought.error.as_deref().unwrap_or("invalid_request")));
    };
    let answer =
        provider.exchange(code, redirect_uri, verifier).await.map_err(|why| match why {
            Refusal::Provider(code) => refused(&code),
            Refusal::Unreachable(cause) => unreachable(cause),
        })?;
    let connection = Connection::new(name, &answer, None);
    call.write(|scope| {
        let mut integration = INTEGRATIONS.find(scope, call.path("id"))?;
        connection.install(scope, &seal, integration.text("id"))?;
        INTEGRATIONS.write(call, scope, &mut integration, "connected")?;
        Ok(INTEGRATIONS.reply(200, &integration))
    })
}

/// Takes up what this caller has begun under this state, once.
fn take(call: &Call, seal: &Seal, state: &str) -> kit::Result<Pending> {
    let text = |text: &str| Value::Text(text.to_owned());
    let mut pending = None;
    call.write(|scope| {
        INTEGRATIONS.find(scope, call.path("id"))?;
        let of = [text(call.path("id")), text(call.caller()?.id()), text(state)];
        let rows = scope.query(
            "SELECT provider, redirect_uri, sealed, expires_at FROM integration_authorizations \
             WHERE tenant_id = $1 AND integration_id = $2 AND caller_id = $3 AND state = $4",
            of.clone(),
        )?;
        let taken = scope.execute(
            "DELETE FROM integration_authorizations \
             WHERE tenant_id = $1 AND integration_id = $2 AND caller_id = $3 AND state = $4",
            of,
        )?;
        let row = rows.into_iter().next().filter(|_| taken == 1);
        if let Some(mut row) = row {
            let (provider, redirect_uri, sealed) = (row.text(), row.text(), row.text());
            if row.integer() > now() {
                let verifier = seal.open(&authorize::sealed_as(state), &sealed)?;
                let verifier = String::from_utf8(verifier).internal()?;
                pending = Some(Pending { provider, redirect_uri, verifier });
            }
        }
        Ok(Reply::no_content())
    })?;
    pending.ok_or_else(|| {
        conflict("No authorization of yours waits for this state; begin again with `authorize`.")
    })
}
