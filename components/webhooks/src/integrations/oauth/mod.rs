//! Access to a provider by OAuth 2.0: the authorization code grant with PKCE (RFC 6749 section
//! 4.1, RFC 7636), as RFC 9700 says it is to be used.
//!
//! The page that the user comes back to is one of the client's own; it ends the flow as the
//! same caller that has begun it. So there is no receiver here that anybody could lead another
//! user to.

mod authorize;
mod connect;
mod connection;
mod provider;
mod request;
mod token;

pub(crate) use authorize::authorize;
pub(crate) use connect::connect;
pub(crate) use connection::{Connection, Status, forget};
pub(crate) use token::token;

use kit::{Code, Error, Seal, problem};

/// When to come back to a provider that cannot be reached, in seconds.
const AGAIN: u32 = 5;

/// A state of things in which the call can do nothing.
fn conflict(message: &str) -> Error {
    problem(Code::Conflict, message)
}

/// The provider has said no; `error` is its code (RFC 6749 sections 4.1.2.1 and 5.2).
fn refused(error: &str) -> Error {
    Error {
        context: vec![("oauth_error".to_owned(), error.to_owned())],
        ..conflict("The provider has not granted access; begin again with `authorize`.")
    }
}

/// The code may be spent, and nobody knows for what.
fn spent(cause: &str) -> Error {
    Error {
        internal: Some(format!("token endpoint: {cause}")),
        ..conflict("The provider's answer is lost or cannot be read; begin again with `authorize`.")
    }
}

/// The provider could not be asked; it may be in so many seconds.
fn unreachable(cause: &str, retry_after: u32) -> Error {
    Error {
        retry_after: Some(retry_after),
        internal: Some(format!("token endpoint: {cause}")),
        ..problem(Code::ServiceUnavailable, "The provider cannot be reached; try again later.")
    }
}

/// Takes back what was granted, once it is gone from here. What does not succeed is told the
/// operator, and keeps nobody from disconnecting.
pub(crate) async fn revoke(connection: &Connection, seal: &Seal) {
    let failed = match provider::find(&connection.provider, seal).await {
        Ok(provider) => provider.revoke(&connection.tokens).await.err(),
        Err(_) => Some("not among oauth_providers"),
    };
    if let Some(why) = failed {
        eprintln!("revocation at {}: {why}", connection.provider);
    }
}
