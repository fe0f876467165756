//! The proof that somebody knows the password of an account: each try is counted, and each failure
//! noted in the audit log.

use kit::{Call, Seal, System};

use crate::attempts::{Attempt, TooEarly};
use crate::settings::SETTINGS;
use crate::{audit, password};

/// Compares a password with the hash of the account; `None` if it is wrong. Without a hash, because
/// nobody has the address, it is wrong after the same time.
///
/// # Errors
/// `rate-limit-exceeded` if the try comes too early; `service-unavailable` if a store fails, or if
/// too many hash at once. Then the password was not compared.
pub(crate) fn prove(
    call: &Call,
    system: &System<'_>,
    seal: &Seal,
    email: &str,
    given: &str,
    hash: Option<&str>,
) -> kit::Result<Option<Attempt>> {
    let attempt = match Attempt::begin(call, system, seal, email) {
        Ok(attempt) => attempt,
        Err(TooEarly { error, account }) => {
            audit::record_failure(call.trace_id(), "user.sign_in_refused", &account, email);
            return Err(error);
        }
    };
    match password::verify(given, hash, &SETTINGS.hash) {
        Ok(true) => attempt.succeeded().map(|()| Some(attempt)),
        Ok(false) => {
            audit::record_failure(call.trace_id(), "user.sign_in_failed", attempt.account(), email);
            Ok(None)
        }
        Err(error) => {
            attempt.withdraw()?;
            Err(error)
        }
    }
}
