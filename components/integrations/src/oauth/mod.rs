//! Access to providers by OAuth 2.0: the authorization code grant with PKCE (RFC 6749 section 4.1,
//! RFC 7636), in the way that RFC 9700 recommends.
//!
//! The redirect URI is a page of the client. The client ends the flow with the same caller that
//! began it. So this server has no redirect receiver to which an attacker could lead another user.

mod authorize;
mod connect;
mod connection;
pub(crate) mod provider;
mod request;
mod token;

pub(crate) use authorize::authorize;
pub(crate) use connect::connect;
pub(crate) use connection::{Connection, Status, delete_all};
pub(crate) use token::token;

use kit::{Code, Error};

use crate::settings::SETTINGS;

/// When to retry if a provider cannot be reached, in seconds.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The call cannot succeed in the current state.
fn conflict(message: &str) -> Error {
    Error::new(Code::Conflict, message)
}

/// The provider refused. `error` is its code (RFC 6749 sections 4.1.2.1 and 5.2).
fn refused(error: &str) -> Error {
    Error {
        context: vec![("oauth_error".to_owned(), error.to_owned())],
        ..conflict("The provider has not granted access; begin again with `authorize`.")
    }
}

/// The authorization code may be spent, but there are no tokens for it.
fn code_spent(cause: &str) -> Error {
    Error {
        internal: Some(format!("token endpoint: {cause}")),
        ..conflict("The provider's answer is lost or cannot be read; begin again with `authorize`.")
    }
}

/// The provider could not be asked. The caller may retry after this many seconds.
fn unreachable(cause: &str, retry_after: u32) -> Error {
    Error {
        retry_after: Some(retry_after),
        internal: Some(format!("token endpoint: {cause}")),
        ..Error::new(Code::ServiceUnavailable, "The provider cannot be reached; try again later.")
    }
}

/// Revokes the tokens at the provider, after they were deleted here. If this fails, then the
/// operator's log says so, and the disconnection still succeeds.
pub(crate) async fn revoke(connection: &Connection) {
    let failed = match SETTINGS.providers.find(&connection.provider) {
        Ok(provider) => provider.revoke(&connection.tokens).await.err(),
        Err(_) => Some("not among oauth_providers"),
    };
    if let Some(why) = failed {
        eprintln!("revocation at {}: {why}", connection.provider);
    }
}
