//! The access token of an integration. It is refreshed when it is about to end.

use kit::{Call, Code, Error, Reply, Seal, now, rfc3339, values};
use serde::Serialize;

use super::connection::Connection;
use super::request::Refusal;
use super::{RETRY_AFTER_SECONDS, conflict, unreachable};
use crate::contract::INTEGRATIONS;
use crate::grant::{self, ends_grant};
use crate::settings::SETTINGS;

/// How long a caller holds the lease on a refresh, in milliseconds. This is longer than a provider
/// may take to answer.
const LEASE: i64 = 20_000;

#[derive(Serialize)]
struct Token<'a> {
    access_token: &'a str,
    token_type: &'a str,
    scope: Option<&'a str>,
    expires_at: Option<String>,
}

/// `POST /integrations/{id}/token`
pub(crate) async fn token(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let id = call.path("id");
    let found = call.read(|scope| {
        INTEGRATIONS.find(scope, id)?;
        Connection::find(scope, &seal, id)
    })?;
    let connection = match found {
        Some(connection) if connection.is_fresh() => connection,
        _ => renew(call, &seal).await?,
    };
    let token = Token {
        access_token: &connection.tokens.access_token,
        token_type: &connection.tokens.token_type,
        scope: connection.scope.as_deref(),
        expires_at: connection.expires_at.map(rfc3339),
    };
    Ok(Reply::ok(&token)?.header("cache-control", "no-store"))
}

/// Refreshes the connection if necessary, and returns it with a token that is still valid.
async fn renew(call: &Call, seal: &Seal) -> kit::Result<Connection> {
    let lease = now() + LEASE;
    let (connection, ours) = acquire_refresh_lease(call, seal, lease)?;
    if connection.is_fresh() {
        return Ok(connection);
    }
    let Some(refresh_token) = connection.tokens.refresh_token.clone() else {
        // Without a refresh token there is nothing to wait for.
        return match connection.is_valid_for(0) {
            true => Ok(connection),
            false => Err(access_ended()),
        };
    };
    if !ours {
        return match connection.is_valid_for(0) {
            true => Ok(connection),
            false => Err(Error {
                retry_after: Some(1),
                ..Error::new(
                    Code::ServiceUnavailable,
                    "The token is being refreshed; try again in a moment.",
                )
            }),
        };
    }
    let refreshed = match SETTINGS.providers.find(&connection.provider) {
        Ok(provider) => provider.refresh(&refresh_token).await,
        Err(_) => Err(Refusal::Unreachable("not among oauth_providers")),
    };
    let refusal = match refreshed {
        Ok(answer) => {
            let fresh = Connection::new(connection.provider.clone(), answer, Some(connection));
            record_refresh(call, seal, &fresh, lease, None)?;
            return Ok(fresh);
        }
        Err(refusal) => refusal,
    };
    if let Refusal::Answered(grant::Refusal::Refused(code)) = &refusal
        && ends_grant(code)
    {
        let mut lost = connection;
        lost.tokens.refresh_token = None;
        lost.expires_at = Some(now());
        record_refresh(call, seal, &lost, lease, Some(code))?;
        return Err(access_ended());
    }
    // Any other refusal may be a fault of the operator's settings, which can be mended.
    let (code, error) = match refusal {
        Refusal::Answered(grant::Refusal::Refused(code)) => (code.clone(), not_refreshed(code)),
        Refusal::Answered(grant::Refusal::Later(seconds)) => {
            ("temporarily_unavailable".to_owned(), unreachable("busy", seconds))
        }
        Refusal::Answered(grant::Refusal::Unreadable) => {
            ("unreadable".to_owned(), unreachable("unreadable", RETRY_AFTER_SECONDS))
        }
        Refusal::Unreachable(cause) | Refusal::Lost(cause) => {
            ("unreachable".to_owned(), unreachable(cause, RETRY_AFTER_SECONDS))
        }
    };
    record_refresh(call, seal, &connection, lease, Some(&code))?;
    if connection.is_valid_for(0) { Ok(connection) } else { Err(error) }
}

/// The provider refused for a reason other than the grant.
fn not_refreshed(code: String) -> Error {
    Error {
        retry_after: Some(RETRY_AFTER_SECONDS),
        context: vec![("oauth_error".to_owned(), code)],
        ..Error::new(
            Code::ServiceUnavailable,
            "The provider refuses this server; tell its operator.",
        )
    }
}

fn access_ended() -> Error {
    conflict("The provider no longer grants access; begin again with `authorize`.")
}

/// The current connection, and whether this call holds the lease on its refresh until `lease`.
fn acquire_refresh_lease(call: &Call, seal: &Seal, lease: i64) -> kit::Result<(Connection, bool)> {
    let id = call.path("id");
    let mut leased = None;
    call.write(|scope| {
        INTEGRATIONS.find(scope, id)?;
        let ours = scope.execute(
            "UPDATE integration_connections SET refreshing_until = $2 WHERE tenant_id = $1 \
             AND integration_id = $3 AND refreshing_until <= $4 AND refreshable = 1 \
             AND expires_at <= $5",
            values![lease, id, now(), now() + super::connection::MARGIN],
        )? == 1;
        leased = Connection::find(scope, seal, id)?.map(|connection| (connection, ours));
        Ok(Reply::no_content())
    })?;
    leased.ok_or_else(|| conflict("This integration is not connected; begin with `authorize`."))
}

/// Records the result of a refresh. If the access has ended, then the feed of the tenant gets an
/// event.
fn record_refresh(
    call: &Call,
    seal: &Seal,
    connection: &Connection,
    lease: i64,
    error: Option<&str>,
) -> kit::Result<()> {
    call.write(|scope| {
        let id = call.path("id");
        let was_ours = connection.store_refresh(scope, seal, id, lease, error)?;
        if was_ours && error.is_some() && connection.tokens.refresh_token.is_none() {
            let mut integration = INTEGRATIONS.find(scope, id)?;
            INTEGRATIONS.write_as_system(scope, &mut integration, "expired", "webhooks")?;
        }
        Ok(Reply::no_content())
    })
    .map(drop)
}
