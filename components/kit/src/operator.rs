//! Authentication of the operator and of the scheduler: by Spin variables, not by tokens of tenants.

use subtle::ConstantTimeEq as _;

use crate::settings::COMMON;
use crate::{Call, Code, Error};

/// Demands the bearer token of the variable `operator_token`.
///
/// # Errors
/// `authentication-required`, also if the variable is not set.
pub fn operator(call: &Call) -> Result<(), Error> {
    require_token(call, "operator_token", &COMMON.operator_token)
}

/// Demands the bearer token of the variable `tick_token`.
///
/// # Errors
/// `authentication-required`, also if the variable is not set.
pub fn scheduler(call: &Call) -> Result<(), Error> {
    require_token(call, "tick_token", &COMMON.tick_token)
}

fn require_token(call: &Call, variable: &str, token: &str) -> Result<(), Error> {
    let given = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let known = !token.is_empty()
        && given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into());
    let message = || {
        format!(
            "This operation needs the operator's credential, which is set in the variable \
             {variable}."
        )
    };
    if known { Ok(()) } else { Err(Error::new(Code::AuthenticationRequired, message())) }
}
