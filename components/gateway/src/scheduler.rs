//! The scheduler, which calls `POST /internal/tick`.

use http::request::Parts;
use subtle::ConstantTimeEq as _;

use crate::config::Config;
use crate::router::Route;
use crate::trace::header;

/// The limit class of the scheduler's operation.
const CLASS: &str = "tick";

/// Whether the request comes from the scheduler, by its credential. No limit applies to the
/// scheduler. It calls as often as work is due, from an address that clients may share, and the due
/// work bounds what it does. A caller that guesses the credential is limited like any other.
pub(crate) fn calls(config: &Config, parts: &Parts, route: &Route<'_>) -> bool {
    let token = config.tick_token.as_bytes();
    let given = header(&parts.headers, "authorization").and_then(|it| it.strip_prefix("Bearer "));
    route.operation.limit.class == CLASS
        && !token.is_empty()
        && given.is_some_and(|given| given.as_bytes().ct_eq(token).into())
}
