//! Authentication of the operator: by a Spin variable, not by a token of a tenant.

use subtle::ConstantTimeEq as _;

use crate::{Call, Code, Error};

/// Demands the bearer token that the variable holds. If the variable is empty, then nobody is let
/// in.
///
/// # Errors
/// `authentication-required`.
pub async fn authenticate(call: &Call, variable: &str) -> Result<(), Error> {
    let token = spin_sdk::variables::get(variable).await.unwrap_or_default();
    let given = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let known = !token.is_empty()
        && given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into());
    let message =
        || format!("This operation needs the operator's credential, the variable {variable}.");
    if known { Ok(()) } else { Err(Error::new(Code::AuthenticationRequired, message())) }
}
